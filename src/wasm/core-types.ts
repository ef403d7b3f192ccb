import { WASM_LIMITS } from './limits.ts';
import type { Reader } from './reader.ts';

/**
 * Types of core WebAssembly, as far as linking needs them. A value type is its text: `i32`, `funcref`,
 * `(ref null @3)`, where `@3` is a type definition numbered by structure, so equal text means equal types.
 */
export type CoreValType = string;

export interface CoreFuncType {
  readonly params: readonly CoreValType[];
  readonly results: readonly CoreValType[];
}

/** Sizes in pages for memories, in elements for tables. */
export interface CoreLimits {
  readonly min: number;
  readonly max: number | null;
  readonly shared: boolean;
  readonly index64: boolean;
  /** log2 of the page size: 16 but for the custom-page-sizes proposal. */
  readonly pageBits: number;
}

export type CoreExtern =
  | { readonly kind: 'func'; readonly type: CoreFuncType }
  | { readonly kind: 'table'; readonly element: CoreValType; readonly limits: CoreLimits }
  | { readonly kind: 'memory'; readonly limits: CoreLimits }
  | { readonly kind: 'global'; readonly type: CoreValType; readonly mutable: boolean }
  | { readonly kind: 'tag'; readonly type: CoreFuncType };

const NUMBER_TYPES: Readonly<Record<number, string>> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64', 123: 'v128' };
const HEAP_TYPES: Readonly<Record<number, string>> = {
  117: 'nocont',
  116: 'noexn',
  115: 'nofunc',
  114: 'noextern',
  113: 'none',
  112: 'func',
  111: 'extern',
  110: 'any',
  109: 'eq',
  108: 'i31',
  107: 'struct',
  106: 'array',
  105: 'exn',
  104: 'cont',
};

/** How a type index is written into the text of a type; throws when there is no such type. */
export type TypeName = (index: number) => string;

export function readValType(reader: Reader, typeName: TypeName): CoreValType {
  const code = reader.peek();
  const number = NUMBER_TYPES[code];
  if (number === undefined) return readRefType(reader, typeName);
  reader.skip(1);
  return number;
}

export function readRefType(reader: Reader, typeName: TypeName): CoreValType {
  const code = reader.byte();
  if (code === 0x63) return `(ref null ${readHeapType(reader, typeName)})`;
  if (code === 0x64) return `(ref ${readHeapType(reader, typeName)})`;
  const heap = HEAP_TYPES[code];
  return heap === undefined ? reader.unknown(code, 'value type') : `(ref null ${heap})`;
}

export function readHeapType(reader: Reader, typeName: TypeName): string {
  const offset = reader.offset;
  const code = reader.s33();
  if (code >= 0) return typeName(code);
  const heap = code >= -64 ? HEAP_TYPES[code + 128] : undefined;
  return heap ?? reader.fail('WASM_MALFORMED', 'An unknown heap type', { offset });
}

export function readFuncType(reader: Reader, typeName: TypeName): CoreFuncType {
  const params = reader.vector(WASM_LIMITS.maxCoreParams, 'parameters', () => readValType(reader, typeName));
  const results = reader.vector(WASM_LIMITS.maxCoreResults, 'results', () => readValType(reader, typeName));
  return { params, results };
}

/** Limits of a memory or table. Flag bits: 1 maximum, 2 shared, 4 64-bit, 8 custom page size (memories only). */
export function readLimits(reader: Reader, what: 'memory' | 'table'): CoreLimits {
  const offset = reader.offset;
  const flags = reader.byte();
  if (flags > (what === 'memory' ? 15 : 7)) reader.unknown(flags, `kind of ${what} limits`);
  const index64 = (flags & 4) !== 0;
  const read = () => (index64 ? Number(reader.u64()) : reader.u32());
  const min = read();
  const max = (flags & 1) === 0 ? null : read();
  const shared = (flags & 2) !== 0;
  const pageBits = (flags & 8) === 0 ? 16 : reader.u32();
  const invalid = (text: string) => reader.fail('WASM_MALFORMED', text, { offset });
  if (pageBits !== 16 && pageBits !== 0) invalid('A page size must be 1 or 65536 bytes');
  if (max !== null && max < min) invalid(`The maximum of a ${what} is below its minimum`);
  if (shared && max === null) invalid(`A shared ${what} needs a maximum`);
  if (what === 'memory') {
    const bound = 2 ** ((index64 ? 64 : 32) - pageBits) - (pageBits === 0 ? 1 : 0);
    if (min > bound || (max ?? 0) > bound) invalid(`A memory has more than ${bound} pages`);
  }
  return { min, max, shared, index64, pageBits };
}

export function sameFuncType(a: CoreFuncType, b: CoreFuncType): boolean {
  return sameList(a.params, b.params) && sameList(a.results, b.results);
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/** WebAssembly text: `(func (param i32 i32) (result i32))`. */
export function formatCoreFunc(type: CoreFuncType): string {
  const params = type.params.length === 0 ? '' : ` (param ${type.params.join(' ')})`;
  const results = type.results.length === 0 ? '' : ` (result ${type.results.join(' ')})`;
  return `(func${params}${results})`;
}

function formatLimits(limits: CoreLimits): string {
  const index = limits.index64 ? 'i64 ' : '';
  return `${index}${limits.min}${limits.max === null ? '' : ` ${limits.max}`}${limits.shared ? ' shared' : ''}`;
}

export function formatCoreExtern(type: CoreExtern): string {
  switch (type.kind) {
    case 'func':
      return formatCoreFunc(type.type);
    case 'table':
      return `(table ${formatLimits(type.limits)} ${type.element})`;
    case 'memory':
      return `(memory ${formatLimits(type.limits)})`;
    case 'global':
      return `(global ${type.mutable ? `(mut ${type.type})` : type.type})`;
    case 'tag':
      return `(tag ${formatCoreFunc(type.type)})`;
  }
}

/**
 * Can `actual` be given where `expected` is imported? Core specification, "Import Matching"; references must have equal
 * types here, and a defined function type must be equal in its signature.
 */
function isCoreSubtype(actual: CoreExtern, expected: CoreExtern): boolean {
  switch (expected.kind) {
    case 'func':
      return actual.kind === 'func' && sameFuncType(actual.type, expected.type);
    case 'tag':
      return actual.kind === 'tag' && sameFuncType(actual.type, expected.type);
    case 'table':
      return actual.kind === 'table' && actual.element === expected.element && isWithin(actual.limits, expected.limits);
    case 'memory':
      return actual.kind === 'memory' && isWithin(actual.limits, expected.limits);
    case 'global':
      return actual.kind === 'global' && actual.type === expected.type && actual.mutable === expected.mutable;
  }
}

/** Null when `actual` fits `expected`; otherwise both, as text. */
export function coreMismatch(actual: CoreExtern, expected: CoreExtern): string | null {
  if (isCoreSubtype(actual, expected)) return null;
  return `expected \`${formatCoreExtern(expected)}\`, found \`${formatCoreExtern(actual)}\``;
}

function isWithin(actual: CoreLimits, expected: CoreLimits): boolean {
  if (actual.shared !== expected.shared || actual.index64 !== expected.index64) return false;
  if (actual.pageBits !== expected.pageBits || actual.min < expected.min) return false;
  return expected.max === null || (actual.max !== null && actual.max <= expected.max);
}
