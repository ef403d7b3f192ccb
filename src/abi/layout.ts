import { CofferdamError } from '../error.ts';
import { flattenType, flattenTypes, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS } from '../wasm/flatten.ts';
import type { CoreType } from '../wasm/opcodes.ts';
import type { FuncType, ValType } from '../wasm/types.ts';
import { MAX_TYPE_DEPTH } from './limits.ts';

/**
 * Size and alignment of component values in 32-bit memories, and their core types: pure functions of the type.
 * Source: CanonicalABI.md, "Alignment", "Element Size" and "Flattening".
 */
export interface Layout {
  readonly size: number;
  readonly align: number;
  /** Levels of nesting below this type. */
  readonly height: number;
}

const scalar = (size: number): Layout => ({ size, align: size, height: 0 });
const PAIR: Layout = { size: 8, align: 4, height: 0 };

const PRIMITIVES: Readonly<Record<string, Layout>> = {
  bool: scalar(1),
  s8: scalar(1),
  u8: scalar(1),
  s16: scalar(2),
  u16: scalar(2),
  s32: scalar(4),
  u32: scalar(4),
  s64: scalar(8),
  u64: scalar(8),
  f32: scalar(4),
  f64: scalar(8),
  char: scalar(4),
  string: PAIR,
  own: scalar(4),
  borrow: scalar(4),
  stream: scalar(4),
  future: scalar(4),
};

const known = new WeakMap<ValType, Layout>();

/** Throws ABI_UNSUPPORTED (error-context, an empty type) or ABI_TYPE_LIMIT (nested too deep). */
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
      return scalar(flagsSize(type.names.length));
    case 'enum':
      return scalar(discriminantSize(type.names.length));
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
  return { size: alignTo(end, align), align, height: heightOf(types) };
}

const heightOf = (types: readonly (ValType | null)[]): number =>
  1 + types.reduce((height, type) => (type === null ? height : Math.max(height, layoutOf(type).height)), 0);

function list(element: Layout, length: number | undefined): Layout {
  if (length === undefined) return { ...PAIR, height: element.height + 1 };
  const size = element.size * length;
  if (length < 1 || size > 2 ** 28) throw unsupported(`a list of fixed length ${length}`);
  return { size, align: element.align, height: element.height + 1 };
}

function choice(cases: readonly (ValType | null)[], depth: number): Layout {
  const offset = payloadOffset(cases, depth);
  let align: number = discriminantSize(cases.length);
  let payload = 0;
  for (const type of cases) {
    if (type === null) continue;
    const layout = layoutOf(type, depth);
    align = Math.max(align, layout.align);
    payload = Math.max(payload, layout.size);
  }
  return { size: alignTo(offset + payload, align), align, height: heightOf(cases) };
}

/** Core types of a value passed flat. Cut off above MAX_FLAT_PARAMS: such a value never is. */
export const flatOf = (type: ValType): readonly CoreType[] => flattenType(type) as readonly CoreType[];

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
  const params = flattenTypes(type.params.map((param) => param.type)) as readonly CoreType[];
  const results = type.result === null ? [] : flatOf(type.result);
  return {
    params: params.length > MAX_FLAT_PARAMS ? ['i32'] : params,
    indirectParams: params.length > MAX_FLAT_PARAMS,
    results: results.length > MAX_FLAT_RESULTS ? ['i32'] : results,
    indirectResult: results.length > MAX_FLAT_RESULTS,
  };
}
