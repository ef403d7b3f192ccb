import type { ValType } from '../wasm/types.ts';
import type { Context } from './context.ts';

/** Lists of numbers: typed arrays in JavaScript, copied as a block. */
type TypedArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

interface TypedArrayClass {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
  of(...values: never[]): TypedArray;
}

/** The typed array that a list of numbers is, by element. */
export const NUMBER_ARRAYS = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

export type NumberKind = keyof typeof NUMBER_ARRAYS;

export const isNumberKind = (kind: ValType['kind']): kind is NumberKind => Object.hasOwn(NUMBER_ARRAYS, kind);

export interface TypedListCodec {
  readonly isOwn: (value: unknown) => boolean;
  /** `start` is aligned and in range (checked before). */
  readonly read: (context: Context, start: number, length: number) => TypedArray;
  readonly of: (values: readonly never[]) => TypedArray;
  readonly write: (context: Context, start: number, values: ArrayLike<number> & ArrayLike<bigint>) => void;
}

/** Bytes in memory are little-endian; typed arrays are as the machine is. */
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
if (!isLittleEndian) throw new Error('Cofferdam runs on little-endian machines only');

/** A NaN's payload would carry bits that the type does not: all become the canonical NaN (CanonicalABI.md). */
function canonicalise(values: Float32Array | Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) values[i] = Number.NaN;
  }
}

function makeCodec(kind: NumberKind): TypedListCodec {
  // The classes differ in their elements, number or bigint, which no caller here looks at.
  const Class = NUMBER_ARRAYS[kind] as unknown as TypedArrayClass;
  const isFloat = kind === 'f32' || kind === 'f64';
  return {
    isOwn: (value) => value instanceof (Class as unknown as new () => object),
    read(context, start, length) {
      const values =
        kind === 'u8'
          ? context.bytes.slice(start, start + length)
          : new Class(context.bytes.buffer, start, length).slice();
      if (isFloat) canonicalise(values as Float64Array);
      return values;
    },
    of: (values) => Class.of(...values),
    write(context, start, values) {
      if (kind === 'u8') {
        context.bytes.set(values, start);
        return;
      }
      const target = new Class(context.bytes.buffer, start, values.length);
      target.set(values as never);
      if (isFloat) canonicalise(target as Float64Array);
    },
  };
}

export const TYPED_LISTS: Readonly<Record<NumberKind, TypedListCodec>> = Object.fromEntries(
  Object.keys(NUMBER_ARRAYS).map((kind) => [kind, makeCodec(kind as NumberKind)]),
) as Record<NumberKind, TypedListCodec>;
