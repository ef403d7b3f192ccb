import type { FunctionBody } from '../../wasm/function-body.ts';
import type { CoreType } from '../../wasm/opcodes.ts';
import type { ValType } from '../../wasm/types.ts';
import { casesOf, fieldTypes, flatOf } from '../layout.ts';
import { emitCases } from './cases.ts';
import { listFunction } from './list-values.ts';
import { emitScalar } from './scalar-values.ts';
import { stringFunction } from './string-values.ts';
import type { Translator } from './translator.ts';

/**
 * Turns the core values of one value, in locals, into what the taker gets, in the same locals: both sides pass a type as
 * the same core types. Source: CanonicalABI.md, "Flat Lifting" and "Flat Lowering".
 */
export function emitFlat(translator: Translator, body: FunctionBody, type: ValType, locals: readonly number[]): void {
  const [first, second] = locals as readonly [number, number];
  switch (type.kind) {
    case 'string':
      body.get(first, second).call(stringFunction(translator)).set(first);
      return;
    case 'list':
      if (type.length !== undefined) {
        emitSequence(translator, body, Array<ValType>(type.length).fill(type.element), locals);
      } else body.get(first, second).call(listFunction(translator, type.element)).set(first);
      return;
    case 'record':
    case 'tuple':
      emitSequence(translator, body, fieldTypes(type), locals);
      return;
    case 'variant':
    case 'option':
    case 'result':
      emitChoice(translator, body, type, locals);
      return;
    default:
      emitScalar(translator, body, type, first);
  }
}

export function emitSequence(
  translator: Translator,
  body: FunctionBody,
  types: readonly ValType[],
  locals: readonly number[],
): void {
  let start = 0;
  for (const type of types) {
    const end = start + flatOf(type).length;
    emitFlat(translator, body, type, locals.slice(start, end));
    start = end;
  }
}

function emitChoice(
  translator: Translator,
  body: FunctionBody,
  type: ValType & { kind: 'variant' | 'option' | 'result' },
  locals: readonly number[],
): void {
  const [discriminant, ...slots] = locals as readonly [number, ...number[]];
  const slotTypes = flatOf(type).slice(1);
  emitCases(translator, body, discriminant, casesOf(type), (payload) =>
    emitPayload(translator, body, payload, slots, slotTypes),
  );
}

/** The payload's own core values out of the slots that all cases share, and back; slots it has no use for become 0. */
function emitPayload(
  translator: Translator,
  body: FunctionBody,
  payload: ValType | null,
  slots: readonly number[],
  slotTypes: readonly CoreType[],
): void {
  const types = payload === null ? [] : flatOf(payload);
  const own = types.map((want, i) => {
    const slot = slots[i] as number;
    const have = slotTypes[i] as CoreType;
    if (have === want) return slot;
    const local = body.local(want);
    emitNarrow(body.get(slot), have, want).set(local);
    return local;
  });
  if (payload !== null) emitFlat(translator, body, payload, own);
  slots.forEach((slot, i) => {
    const local = own[i];
    const want = slotTypes[i] as CoreType;
    if (local === slot) return;
    if (local === undefined) body.zero(want).set(slot);
    else {
      emitWiden(body.get(local), types[i] as CoreType, want).set(slot);
      body.release(local);
    }
  });
}

function emitNarrow(body: FunctionBody, have: CoreType, want: CoreType): FunctionBody {
  if (want === 'f64') return body.op('f64.reinterpret_i64');
  if (have === 'i64') body.op('i32.wrap_i64');
  return want === 'f32' ? body.op('f32.reinterpret_i32') : body;
}

function emitWiden(body: FunctionBody, have: CoreType, want: CoreType): FunctionBody {
  if (have === 'f64') return body.op('i64.reinterpret_f64');
  if (have === 'f32') body.op('i32.reinterpret_f32');
  return want === 'i64' ? body.op('i64.extend_i32_u') : body;
}
