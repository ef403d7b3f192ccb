import { flattenTypes, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS } from '../../wasm/flatten.ts';
import type { FuncType, ValType } from '../../wasm/types.ts';
import { casesOf, fieldTypes, layoutOf } from '../layout.ts';
import { MAX_TYPE_DEPTH } from '../limits.ts';
import { isFixedSize } from '../size.ts';

/** Type nodes of one function, shared ones counted each time. A larger one goes through lift and lower. */
const MAX_FUSED_NODES = 2000;
/** Bytes of one value without what its strings and lists point to: offsets stay far below 2^32. */
const MAX_FIXED_BYTES = 2 ** 24;

const LEAVES: ReadonlySet<string> = new Set('bool s8 u8 s16 u16 s32 u32 s64 u64 f32 f64 char string'.split(' '));

/** What of this type keeps its calls from crossing in Wasm alone, between two guests with UTF-8 strings; null if nothing. */
export function whyNotFusable({ params, result, async }: FuncType): string | null {
  if (async) return 'its type is async';
  const budget = { nodes: MAX_FUSED_NODES, hasHandle: false };
  const tuple: ValType = { kind: 'tuple', elements: params.map((param) => param.type) };
  const types = [...(params.length > 0 ? [tuple] : []), ...(result === null ? [] : [result])];
  if (types.every((type) => fits(type, 0, budget))) return null;
  return budget.hasHandle ? 'its type has a handle' : 'its type is too large or too deep';
}

function fits(type: ValType, depth: number, budget: { nodes: number; hasHandle: boolean }): boolean {
  if (--budget.nodes < 0 || depth > MAX_TYPE_DEPTH) return false;
  const all = (types: readonly (ValType | null)[]): boolean =>
    types.length > 0 &&
    types.length <= MAX_FUSED_NODES &&
    types.every((part) => part === null || fits(part, depth + 1, budget));
  switch (type.kind) {
    case 'list': {
      const { element, length: n = 1 } = type;
      return all([element]) && Number.isInteger(n) && n > 0 && n * layoutOf(element).size <= MAX_FIXED_BYTES;
    }
    case 'record':
    case 'tuple':
      return all(fieldTypes(type)) && layoutOf(type).size <= MAX_FIXED_BYTES;
    case 'variant':
    case 'option':
    case 'result':
      return all(casesOf(type));
    case 'enum':
      return type.names.length > 0;
    case 'flags':
      return type.names.length > 0 && type.names.length <= 32;
    default:
      budget.hasHandle = !LEAVES.has(type.kind); // a stream or a future is one, too
      return !budget.hasHandle;
  }
}

/** Does a call of this type need no memory on either side? The type is fusable. */
export function isScalar({ params, result }: FuncType): boolean {
  const types = params.map((param) => param.type);
  return (
    [...types, ...(result === null ? [] : [result])].every(isFixedSize) &&
    flattenTypes(types).length <= MAX_FLAT_PARAMS &&
    (result === null || flattenTypes([result]).length <= MAX_FLAT_RESULTS)
  );
}

/** What matters about a fusable type in memory: equal shapes need equal code. Holds no names. */
export function shapeOf(type: ValType): string {
  switch (type.kind) {
    case 'list':
      return type.length === undefined ? `[${shapeOf(type.element)}]` : `[${shapeOf(type.element)};${type.length}]`;
    case 'record':
    case 'tuple':
      return `(${fieldTypes(type).map(shapeOf)})`;
    case 'variant':
    case 'option':
    case 'result':
      return `<${casesOf(type).map((part) => (part === null ? '_' : shapeOf(part)))}>`;
    case 'enum':
    case 'flags':
      return `${type.kind}${type.names.length}`;
    default:
      return type.kind;
  }
}

/** Functions of equal shape share their modules. */
export const shapeOfFunction = ({ params, result }: FuncType): string =>
  `${params.map((param) => shapeOf(param.type))}>${result === null ? '' : shapeOf(result)}`;

/** Has every bit pattern in memory a meaning, so that bytes can be copied as they are? Padding has none. */
export function isPlain(type: ValType): boolean {
  switch (type.kind) {
    case 'flags':
      return type.names.length === 8 * layoutOf(type).size;
    case 'list':
      return type.length !== undefined && isPlain(type.element);
    case 'record':
    case 'tuple': {
      const fields = fieldTypes(type);
      const sum = fields.reduce((bytes, field) => bytes + layoutOf(field).size, 0);
      return sum === layoutOf(type).size && fields.every(isPlain);
    }
    default:
      return /^[suf]\d/.test(type.kind);
  }
}
