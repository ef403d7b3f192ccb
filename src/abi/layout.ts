import { CofferdamError } from '../error.ts';
import type { FuncType, ValType } from '../wasm/types.ts';
import { MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, MAX_TYPE_DEPTH } from './limits.ts';

/**
 * Size, alignment and flattening of component values for 32-bit memories: pure functions of the type.
 * Source: CanonicalABI.md, "Alignment", "Element Size" and "Flattening".
 */
export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';

export interface Layout {
  readonly size: number;
  readonly align: number;
  /** Core types when passed by value. Cut off after MAX_FLAT_PARAMS + 1: such a value never goes flat. */
  readonly flat: readonly CoreType[];
  /** Levels of nesting below this type. */
  readonly height: number;
}

const scalar = (size: number, ...flat: CoreType[]): Layout => ({ size, align: size, flat, height: 0 });
const PAIR: Layout = { size: 8, align: 4, flat: ['i32', 'i32'], height: 0 };
const HANDLE = scalar(4, 'i32');

const PRIMITIVES: Readonly<Record<string, Layout>> = {
  bool: scalar(1, 'i32'),
  s8: scalar(1, 'i32'),
  u8: scalar(1, 'i32'),
  s16: scalar(2, 'i32'),
  u16: scalar(2, 'i32'),
  s32: scalar(4, 'i32'),
  u32: scalar(4, 'i32'),
  s64: scalar(8, 'i64'),
  u64: scalar(8, 'i64'),
  f32: scalar(4, 'f32'),
  f64: scalar(8, 'f64'),
  char: scalar(4, 'i32'),
  string: PAIR,
  own: HANDLE,
  borrow: HANDLE,
};

const known = new WeakMap<ValType, Layout>();

/** Throws ABI_UNSUPPORTED (stream, future, error-context, an empty type) or ABI_TYPE_LIMIT (nested too deep). */
export function layoutOf(type: ValType, depth = 0): Layout {
  let layout = known.get(type);
  if (layout === undefined) {
    assertDepth(depth);
    layout = compute(type, depth + 1);
    assertDepth(layout.height);
    known.set(type, layout);
  }
  return layout;
}

function assertDepth(depth: number): void {
  if (depth <= MAX_TYPE_DEPTH) return;
  throw new CofferdamError('ABI_TYPE_LIMIT', `A type nests deeper than ${MAX_TYPE_DEPTH} - simplify the interface`);
}

function compute(type: ValType, depth: number): Layout {
  switch (type.kind) {
    case 'list':
      return list(layoutOf(type.element, depth), type.length);
    case 'flags':
      return scalar(flagsSize(type.names.length), 'i32');
    case 'enum':
      return scalar(discriminantSize(type.names.length), 'i32');
    case 'record':
    case 'tuple':
      return sequence(fieldTypes(type), depth);
    case 'variant':
    case 'option':
    case 'result':
      return choice(casesOf(type), depth);
    default: {
      const layout = Object.hasOwn(PRIMITIVES, type.kind) ? PRIMITIVES[type.kind] : undefined;
      if (layout === undefined) throw unsupported(`the type ${type.kind}`);
      return layout;
    }
  }
}

export function unsupported(what: string): CofferdamError<'ABI_UNSUPPORTED'> {
  return new CofferdamError('ABI_UNSUPPORTED', `The own runtime does not run ${what} - build the guest without it`);
}

/** The types of a record's fields or a tuple's elements, in order. */
export function fieldTypes(type: ValType & { kind: 'record' | 'tuple' }): readonly ValType[] {
  return type.kind === 'record' ? type.fields.map((field) => field.type) : type.elements;
}

/** Payload types of a variant, option or result, by discriminant. */
export function casesOf(type: ValType & { kind: 'variant' | 'option' | 'result' }): readonly (ValType | null)[] {
  if (type.kind === 'variant') return type.cases.map((one) => one.type);
  return type.kind === 'option' ? [null, type.some] : [type.ok, type.err];
}

export const alignTo = (offset: number, align: number): number => Math.ceil(offset / align) * align;

/** Bytes of the discriminant of a variant or enum with this many cases. */
export function discriminantSize(cases: number): 1 | 2 | 4 {
  if (cases < 1) throw unsupported('a variant without cases');
  return cases <= 0x100 ? 1 : cases <= 0x10000 ? 2 : 4;
}

function flagsSize(flags: number): 1 | 2 | 4 {
  if (flags < 1 || flags > 32) throw unsupported(`${flags} flags in one type`);
  return flags <= 8 ? 1 : flags <= 16 ? 2 : 4;
}

/** Byte offsets of consecutive fields, then the end (not rounded up) and the alignment of the whole. */
export function offsetsOf(types: readonly ValType[], depth = 0): { offsets: number[]; end: number; align: number } {
  const offsets: number[] = [];
  let end = 0;
  let align = 1;
  for (const type of types) {
    const field = layoutOf(type, depth);
    align = Math.max(align, field.align);
    end = alignTo(end, field.align);
    offsets.push(end);
    end += field.size;
  }
  return { offsets, end, align };
}

/** Where the payload of a variant begins. */
export function payloadOffset(cases: readonly (ValType | null)[], depth = 0): number {
  let align = 1;
  for (const type of cases) if (type !== null) align = Math.max(align, layoutOf(type, depth).align);
  return alignTo(discriminantSize(cases.length), align);
}

function sequence(types: readonly ValType[], depth: number): Layout {
  const { end, align } = offsetsOf(types, depth);
  // A type of no bytes would let a length word alone, without a byte behind it, make 2^32 values.
  if (end === 0) throw unsupported('a record or tuple without fields');
  return { size: alignTo(end, align), align, flat: flatten(types, depth), height: heightOf(types) };
}

const heightOf = (types: readonly (ValType | null)[]): number =>
  1 + types.reduce((height, type) => (type === null ? height : Math.max(height, layoutOf(type).height)), 0);

function list(element: Layout, length: number | undefined): Layout {
  if (length === undefined) return { ...PAIR, height: element.height + 1 };
  const size = element.size * length;
  if (length < 1 || size > 2 ** 28) throw unsupported(`a list of fixed length ${length}`);
  const flat: CoreType[] = [];
  for (let i = 0; i < length && flat.length <= MAX_FLAT_PARAMS; i++) flat.push(...element.flat);
  return { size, align: element.align, flat: cut(flat), height: element.height + 1 };
}

function choice(cases: readonly (ValType | null)[], depth: number): Layout {
  const discriminant = discriminantSize(cases.length);
  const offset = payloadOffset(cases, depth);
  const flat: CoreType[] = [];
  let align: number = discriminant;
  let payload = 0;
  for (const type of cases) {
    if (type === null) continue;
    const layout = layoutOf(type, depth);
    align = Math.max(align, layout.align);
    payload = Math.max(payload, layout.size);
    layout.flat.forEach((core, i) => {
      const before = flat[i];
      flat[i] = before === undefined ? core : join(before, core);
    });
  }
  return { size: alignTo(offset + payload, align), align, flat: cut(['i32', ...flat]), height: heightOf(cases) };
}

/** The core type that can carry either. */
function join(a: CoreType, b: CoreType): CoreType {
  if (a === b) return a;
  return (a === 'i32' || a === 'f32') && (b === 'i32' || b === 'f32') ? 'i32' : 'i64';
}

const cut = (flat: CoreType[]): CoreType[] => flat.slice(0, MAX_FLAT_PARAMS + 1);

function flatten(types: readonly ValType[], depth: number): CoreType[] {
  const flat: CoreType[] = [];
  for (const type of types) {
    flat.push(...layoutOf(type, depth).flat);
    if (flat.length > MAX_FLAT_PARAMS) break;
  }
  return cut(flat);
}

/** How a function looks to core Wasm. */
export interface FlatFunction {
  /** Core parameters without the pointer that `lower` appends for an indirect result. */
  readonly params: readonly CoreType[];
  /** The parameters go through memory, as one tuple. */
  readonly indirectParams: boolean;
  readonly results: readonly CoreType[];
  /** The result goes through memory: `lift` returns its pointer, `lower` is given one. */
  readonly indirectResult: boolean;
}

export function flattenFunction(type: FuncType): FlatFunction {
  const params = flatten(
    type.params.map((param) => param.type),
    0,
  );
  const results = type.result === null ? [] : layoutOf(type.result).flat;
  return {
    params: params.length > MAX_FLAT_PARAMS ? ['i32'] : params,
    indirectParams: params.length > MAX_FLAT_PARAMS,
    results: results.length > MAX_FLAT_RESULTS ? ['i32'] : results,
    indirectResult: results.length > MAX_FLAT_RESULTS,
  };
}
