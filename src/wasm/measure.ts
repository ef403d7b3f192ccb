import type { ValType } from './types.ts';

/** Facts about a value type that rules ask for, worked out once per object. */
export interface Measure {
  /** Size as a tree, where shared parts count each time. */
  readonly nodes: number;
  readonly depth: number;
  readonly hasBorrow: boolean;
  /** Does a value of it need memory outside itself: a string or a list of any length? */
  readonly hasPointer: boolean;
  /** Does it mention streams, futures or error contexts? */
  readonly isAsync: boolean;
  /** Bytes and alignment in a memory with 64-bit pointers (CanonicalABI.md "Element Size"). */
  readonly bytes64: number;
  readonly align64: number;
}

const BYTES: Readonly<Record<string, number>> = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s32: 4,
  u32: 4,
  s64: 8,
  u64: 8,
  f32: 4,
  f64: 8,
  char: 4,
};

const known = new WeakMap<ValType, Measure>();

export function measure(type: ValType): Measure {
  const found = known.get(type);
  if (found !== undefined) return found;
  const result = work(type);
  known.set(type, result);
  return result;
}

/** The value types directly inside a value type. */
export function children(type: ValType): readonly ValType[] {
  switch (type.kind) {
    case 'list':
      return [type.element];
    case 'record':
      return type.fields.map((field) => field.type);
    case 'variant':
      return type.cases.flatMap((item) => (item.type === null ? [] : [item.type]));
    case 'tuple':
      return type.elements;
    case 'option':
      return [type.some];
    case 'result':
      return [type.ok, type.err].filter((payload) => payload !== null);
    case 'stream':
    case 'future':
      return type.element === null ? [] : [type.element];
    default:
      return [];
  }
}

function work(type: ValType): Measure {
  const parts = children(type).map(measure);
  let nodes = 1;
  let depth = 0;
  let hasBorrow = type.kind === 'borrow';
  let hasPointer = type.kind === 'string' || (type.kind === 'list' && type.length === undefined);
  let isAsync = ASYNC_KINDS.has(type.kind);
  // A stream or future is one number, whatever it carries.
  const isHandle = type.kind === 'stream' || type.kind === 'future';
  for (const part of parts) {
    nodes += part.nodes;
    depth = Math.max(depth, part.depth);
    hasBorrow ||= part.hasBorrow;
    hasPointer ||= part.hasPointer && !isHandle;
    isAsync ||= part.isAsync;
  }
  return { nodes, depth: depth + 1, hasBorrow, hasPointer, isAsync, ...layout64(type, parts) };
}

const ASYNC_KINDS: ReadonlySet<string> = new Set(['stream', 'future', 'error-context']);

function layout64(type: ValType, parts: readonly Measure[]): { bytes64: number; align64: number } {
  switch (type.kind) {
    case 'string':
      return { bytes64: 16, align64: 8 };
    case 'list': {
      const [element] = parts;
      if (type.length === undefined || element === undefined) return { bytes64: 16, align64: 8 };
      return { bytes64: type.length * element.bytes64, align64: element.align64 };
    }
    case 'record':
    case 'tuple':
      return sequence(parts);
    case 'variant':
      return tagged(type.cases.length, parts);
    case 'enum':
      return tagged(type.names.length, parts);
    case 'option':
    case 'result':
      return tagged(2, parts);
    case 'flags': {
      const bytes = type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4;
      return { bytes64: bytes, align64: bytes };
    }
    default: {
      const bytes = BYTES[type.kind] ?? 4;
      return { bytes64: bytes, align64: bytes };
    }
  }
}

function sequence(parts: readonly Measure[]) {
  let bytes = 0;
  let align = 1;
  for (const part of parts) {
    bytes = alignTo(bytes, part.align64) + part.bytes64;
    align = Math.max(align, part.align64);
  }
  return { bytes64: alignTo(bytes, align), align64: align };
}

function tagged(cases: number, parts: readonly Measure[]) {
  const tag = cases <= 256 ? 1 : cases <= 65_536 ? 2 : 4;
  const payloadAlign = parts.reduce((max, part) => Math.max(max, part.align64), 1);
  const payload = parts.reduce((max, part) => Math.max(max, part.bytes64), 0);
  const align = Math.max(tag, payloadAlign);
  return { bytes64: alignTo(alignTo(tag, payloadAlign) + payload, align), align64: align };
}

function alignTo(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}
