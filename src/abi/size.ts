import type { FuncType, ValType } from '../wasm/types.ts';
import { fieldTypes, layoutOf } from './layout.ts';
import { isTaggedOption, propertyNames } from './names.ts';
import { utf8Length } from './utf8.ts';

/**
 * Bytes that a message carries: each value's own size in memory plus what its strings (as UTF-8) and lists point to.
 * Independent of the encoding and of how a guest laid the value out, so that budgets and the audit count alike
 * everywhere. The values fit their types (they were lifted or checked).
 */
export interface Sizer {
  params(args: readonly unknown[]): number;
  result(value: unknown): number;
  /** What `params` gives for all arguments; null where it depends on them. */
  readonly fixedParams: number | null;
}

/** Bytes beyond the value's own size; null where there can be none. */
type Extra = ((value: never) => number) | null;
type Loose = (value: unknown) => number;

const sizers = new WeakMap<FuncType, Sizer>();
const extras = new WeakMap<ValType, { extra: Extra }>();

/** Made once per function type. */
export function sizerOf(type: FuncType): Sizer {
  let sizer = sizers.get(type);
  if (sizer === undefined) {
    sizer = makeSizer(type);
    sizers.set(type, sizer);
  }
  return sizer;
}

function makeSizer(type: FuncType): Sizer {
  const { result } = type;
  const params = type.params.map((param) => sizeFunction(param.type));
  const fixed = type.params.reduce((sum, param) => sum + layoutOf(param.type).size, 0);
  const isFixed = type.params.every((param) => extraOf(param.type) === null);
  return {
    params: isFixed ? () => fixed : sumOf(params),
    result: result === null ? () => 0 : sizeFunction(result),
    fixedParams: isFixed ? fixed : null,
  };
}

/** `reduce` would cost more than what it adds up. */
function sumOf(sizes: readonly Loose[]): (args: readonly unknown[]) => number {
  const [only] = sizes;
  if (only !== undefined && sizes.length === 1) return (args) => only(args[0]);
  return (args) => {
    let sum = 0;
    for (let i = 0; i < sizes.length; i++) sum += (sizes[i] as Loose)(args[i]);
    return sum;
  };
}

function sizeFunction(type: ValType): Loose {
  const { size } = layoutOf(type);
  if (type.kind === 'string') return (value) => size + utf8Length(value as string);
  const extra = extraOf(type) as Loose | null;
  return extra === null ? () => size : (value) => size + extra(value);
}

function extraOf(type: ValType): Extra {
  let known = extras.get(type);
  if (known === undefined) {
    known = { extra: makeExtra(type) };
    extras.set(type, known);
  }
  return known.extra;
}

function makeExtra(type: ValType): Extra {
  switch (type.kind) {
    case 'string':
      return (value: string) => utf8Length(value);
    case 'list': {
      const element = extraOf(type.element) as Loose | null;
      const size = type.length === undefined ? layoutOf(type.element).size : 0;
      if (element === null) return size === 0 ? null : (value: ArrayLike<unknown>) => value.length * size;
      return (value: readonly unknown[]) => value.reduce<number>((sum, item) => sum + size + element(item), 0);
    }
    case 'record':
    case 'tuple':
      return sequence(
        fieldTypes(type),
        type.kind === 'record' ? propertyNames(type.fields.map((field) => field.name)) : null,
      );
    case 'variant':
      return choice(new Map(type.cases.map((one) => [one.name, one.type])));
    case 'result':
      return choice(
        new Map([
          ['ok', type.ok],
          ['err', type.err],
        ]),
      );
    case 'option': {
      const extra = extraOf(type.some) as Loose | null;
      if (isTaggedOption(type)) return choice(new Map([['some', type.some]]));
      return extra === null ? null : (value: unknown) => (value === undefined || value === null ? 0 : extra(value));
    }
    default:
      return null;
  }
}

function sequence(types: readonly ValType[], names: readonly string[] | null): Extra {
  const parts = types
    .map((type, i) => ({ key: names === null ? i : (names[i] as string), extra: extraOf(type) as Loose | null }))
    .filter((part): part is { key: string | number; extra: Loose } => part.extra !== null);
  if (parts.length === 0) return null;
  return (value: Record<string | number, unknown>) => parts.reduce((sum, { key, extra }) => sum + extra(value[key]), 0);
}

function choice(cases: ReadonlyMap<string, ValType | null>): Extra {
  const parts = new Map<string, Loose>();
  for (const [tag, type] of cases) {
    const extra = type === null ? null : (extraOf(type) as Loose | null);
    if (extra !== null) parts.set(tag, extra);
  }
  if (parts.size === 0) return null;
  return ({ tag, val }: { tag: string; val: unknown }) => parts.get(tag)?.(val) ?? 0;
}

/** Do all values of `type` carry the same number of bytes? */
export const isFixedSize = (type: ValType): boolean => extraOf(type) === null;
