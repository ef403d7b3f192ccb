import type { FunctionBody } from '../../wasm/function-body.ts';
import type { ValType } from '../../wasm/types.ts';
import { casesOf, discriminantSize, fieldTypes, layoutOf, offsetsOf, payloadOffset } from '../layout.ts';
import { emitCases } from './cases.ts';
import { listFunction } from './list-values.ts';
import { emitScalar } from './scalar-values.ts';
import { isPlain } from './shape.ts';
import { stringFunction } from './string-values.ts';
import type { Translator } from './translator.ts';

const LOADS = { 1: 'i32.load8_u', 2: 'i32.load16_u', 4: 'i32.load', 8: 'i64.load' } as const;
const STORES = { 1: 'i32.store8', 2: 'i32.store16', 4: 'i32.store', 8: 'i64.store' } as const;
/** Up to here bytes are moved in place; above, the engine's own copy is faster. */
const MAX_INLINE_BYTES = 64;

/** Where a value is and where it goes: addresses in locals, and one offset from both. */
export interface Place {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}

/**
 * Carries one value from memory to memory; both ranges are checked and aligned.
 * Source: CanonicalABI.md, "Loading" and "Storing".
 */
export function emitCopy(translator: Translator, body: FunctionBody, type: ValType, place: Place): void {
  if (isPlain(type)) {
    emitBytes(translator, body, place, layoutOf(type).size);
    return;
  }
  switch (type.kind) {
    case 'string':
      emitPointed(translator, body, place, stringFunction(translator));
      return;
    case 'list':
      if (type.length === undefined) emitPointed(translator, body, place, listFunction(translator, type.element));
      else emitCall(body, place, fixedList(translator, type, type.element));
      return;
    case 'record':
    case 'tuple': {
      const { offsets } = offsetsOf(fieldTypes(type));
      fieldTypes(type).forEach((field, i) => {
        emitCopy(translator, body, field, { ...place, offset: place.offset + (offsets[i] as number) });
      });
      return;
    }
    case 'variant':
    case 'option':
    case 'result':
      emitCall(body, place, choice(translator, type));
      return;
    default: {
      const value = body.local('i32');
      const size = layoutOf(type).size as 1 | 2 | 4;
      body.get(place.from).memory(LOADS[size], translator.way.from, place.offset).set(value);
      emitScalar(translator, body, type, value);
      body.get(place.to, value).memory(STORES[size], translator.way.to, place.offset).release(value);
    }
  }
}

function emitBytes({ way }: Translator, body: FunctionBody, { from, to, offset }: Place, size: number): void {
  if (size > MAX_INLINE_BYTES) {
    body.get(to).i32(offset).op('i32.add').get(from).i32(offset).op('i32.add').i32(size).memoryCopy(way.to, way.from);
    return;
  }
  for (let done = 0; done < size; ) {
    const step = ([8, 4, 2, 1] as const).find((bytes) => bytes <= size - done) ?? 1;
    const at = offset + done;
    body.get(to, from).memory(LOADS[step], way.from, at).memory(STORES[step], way.to, at);
    done += step;
  }
}

/** Pointer and length: `func` carries what they stand for, and gives the pointer to the copy. */
function emitPointed({ way }: Translator, body: FunctionBody, { from, to, offset }: Place, func: number): void {
  const length = body.local('i32');
  const second = offset + 4;
  body.get(to, from).memory('i32.load', way.from, offset).get(from).memory('i32.load', way.from, second).tee(length);
  body.call(func).memory('i32.store', way.to, offset).get(to, length).memory('i32.store', way.to, second);
  body.release(length);
}

function emitCall(body: FunctionBody, { from, to, offset }: Place, func: number): void {
  for (const local of [from, to]) {
    body.get(local);
    if (offset > 0) body.i32(offset).op('i32.add');
  }
  body.call(func);
}

const COPIER = { params: ['i32', 'i32'], results: [] } as const;

function fixedList(translator: Translator, type: ValType, element: ValType): number {
  return translator.helper('copy', type, COPIER, (body) => {
    const [end, size] = [body.local('i32'), layoutOf(type).size];
    body.get(0).i32(size).op('i32.add').set(end);
    emitElements(translator, body, element, { from: 0, to: 1, end });
  });
}

/** At least one element, up to where `end` says. Moves `from` and `to` along. */
export function emitElements(
  translator: Translator,
  body: FunctionBody,
  element: ValType,
  { from, to, end }: { readonly from: number; readonly to: number; readonly end: number },
): void {
  const { size } = layoutOf(element);
  body.loop((again) => {
    emitCopy(translator, body, element, { from, to, offset: 0 });
    body.get(to).i32(size).op('i32.add').set(to);
    body.get(from).i32(size).op('i32.add').tee(from).get(end).op('i32.ne').branchIf(again);
  });
}

function choice(translator: Translator, type: ValType & { kind: 'variant' | 'option' | 'result' }): number {
  return translator.helper('copy', type, COPIER, (body) => {
    const { way } = translator;
    const cases = casesOf(type);
    const place: Place = { from: 0, to: 1, offset: payloadOffset(cases) };
    const size = discriminantSize(cases.length);
    const discriminant = body.local('i32');
    body.get(1, 0).memory(LOADS[size], way.from).tee(discriminant).memory(STORES[size], way.to);
    emitCases(translator, body, discriminant, cases, (payload) => {
      if (payload !== null) emitCopy(translator, body, payload, place);
    });
  });
}
