import type { CoreFuncType } from './core-types.ts';
import type { FuncType, ValType } from './types.ts';

/** CanonicalABI.md "Flattening". */
export const MAX_FLAT_PARAMS = 16;
export const MAX_FLAT_ASYNC_PARAMS = 4;
export const MAX_FLAT_RESULTS = 1;

/** More flat values than any function passes: such a list is not made, its type goes through memory. */
const TOO_MANY = 17;

const FLAT: Readonly<Record<string, string>> = { s64: 'i64', u64: 'i64', f32: 'f32', f64: 'f64' };
const known = new WeakMap<ValType, readonly string[]>();

/** The core values that a value is passed as; only the first 17, which is enough to know that it is not. */
export function flattenType(type: ValType): readonly string[] {
  const found = known.get(type);
  if (found !== undefined) return found;
  const flat = flatten(type).slice(0, TOO_MANY);
  known.set(type, flat);
  return flat;
}

export function flattenTypes(types: readonly ValType[]): readonly string[] {
  const flat: string[] = [];
  for (const type of types) {
    flat.push(...flattenType(type));
    if (flat.length >= TOO_MANY) break;
  }
  return flat;
}

/**
 * The core function that `canon lift` takes or `canon lower` makes, with 32-bit pointers. `async` is the canonical
 * option, not the type's: `callback` or `stackful` for a lifted function.
 */
export function flattenFunc(
  type: FuncType,
  context: 'lift' | 'lower',
  async: 'callback' | 'stackful' | 'async' | null = null,
): CoreFuncType {
  const params = flattenTypes(type.params.map((param) => param.type));
  const results = flattenTypes(type.result === null ? [] : [type.result]);
  const through = (flat: readonly string[], max: number) => (flat.length > max ? ['i32'] : flat);
  if (async !== null && context === 'lower') {
    const result = results.length > 0 ? ['i32'] : [];
    return { params: [...through(params, MAX_FLAT_ASYNC_PARAMS), ...result], results: ['i32'] };
  }
  if (async !== null) return { params: through(params, MAX_FLAT_PARAMS), results: async === 'callback' ? ['i32'] : [] };
  if (results.length <= MAX_FLAT_RESULTS) return { params: through(params, MAX_FLAT_PARAMS), results };
  if (context === 'lift') return { params: through(params, MAX_FLAT_PARAMS), results: ['i32'] };
  return { params: [...through(params, MAX_FLAT_PARAMS), 'i32'], results: [] };
}

function flatten(type: ValType): readonly string[] {
  switch (type.kind) {
    case 'string':
      return ['i32', 'i32'];
    case 'list':
      if (type.length === undefined) return ['i32', 'i32'];
      return flattenTypes(Array.from({ length: Math.min(type.length, TOO_MANY) }, () => type.element));
    case 'record':
      return flattenTypes(type.fields.map((field) => field.type));
    case 'tuple':
      return flattenTypes(type.elements);
    case 'variant':
      return flattenVariant(type.cases.map((item) => item.type));
    case 'option':
      return flattenVariant([null, type.some]);
    case 'result':
      return flattenVariant([type.ok, type.err]);
    default:
      return [FLAT[type.kind] ?? 'i32'];
  }
}

/** One slot wide enough for every case at each position. */
function flattenVariant(cases: readonly (ValType | null)[]): string[] {
  const payload: string[] = [];
  for (const type of cases) {
    for (const [index, flat] of (type === null ? [] : flattenType(type)).entries()) {
      payload[index] = join(payload[index] ?? flat, flat);
    }
  }
  return ['i32', ...payload];
}

function join(a: string, b: string): string {
  if (a === b) return a;
  const isNarrow = (flat: string) => flat === 'i32' || flat === 'f32';
  return isNarrow(a) && isNarrow(b) ? 'i32' : 'i64';
}
