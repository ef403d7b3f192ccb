import fc from 'fast-check';
import type { ValType } from '../../src/wasm/types.ts';

/** Random types without handles, and random values that fit them. */
const NUMBERS = ['s8', 'u8', 's16', 'u16', 's32', 'u32', 's64', 'u64', 'f32', 'f64'] as const;

/** Names that JavaScript gives a meaning to are names like any other. */
const HOSTILE = [
  'constructor',
  'to-string',
  'value-of',
  'has-own-property',
  'prototype',
  'tag',
  'val',
  'length',
  'then',
];
const name = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z][a-z0-9]{0,3}(-[a-z][a-z0-9]{0,2})?$/) },
);
const names = (max: number) =>
  fc.uniqueArray(name, { minLength: 1, maxLength: max, selector: (n) => n.replaceAll('-', '').toLowerCase() });

const leaf: fc.Arbitrary<ValType> = fc.oneof(
  fc.constantFrom<ValType>(
    { kind: 'bool' },
    { kind: 'char' },
    { kind: 'string' },
    ...NUMBERS.map((kind) => ({ kind })),
  ),
  names(12).map((all): ValType => ({ kind: 'flags', names: all })),
  names(6).map((all): ValType => ({ kind: 'enum', names: all })),
);

export function typeOfDepth(depth: number): fc.Arbitrary<ValType> {
  if (depth === 0) return leaf;
  const inner = fc.oneof(leaf, typeOfDepth(depth - 1));
  const maybe = fc.option(inner, { freq: 3 });
  return fc.oneof(
    leaf,
    inner.map((element): ValType => ({ kind: 'list', element })),
    fc
      .tuple(inner, fc.integer({ min: 1, max: 5 }))
      .map(([element, length]): ValType => ({ kind: 'list', element, length })),
    fc.tuple(names(4), fc.array(inner, { minLength: 4, maxLength: 4 })).map(
      ([all, types]): ValType => ({
        kind: 'record',
        fields: all.map((fieldName, i) => ({ name: fieldName, type: types[i] as ValType })),
      }),
    ),
    fc.array(inner, { minLength: 1, maxLength: 4 }).map((elements): ValType => ({ kind: 'tuple', elements })),
    fc.tuple(names(4), fc.array(maybe, { minLength: 4, maxLength: 4 })).map(
      ([all, types]): ValType => ({
        kind: 'variant',
        cases: all.map((caseName, i) => ({ name: caseName, type: types[i] ?? null })),
      }),
    ),
    inner.map((some): ValType => ({ kind: 'option', some })),
    fc.tuple(maybe, maybe).map(([ok, err]): ValType => ({ kind: 'result', ok, err })),
  );
}

const camel = (kebab: string): string => kebab.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom('', '\uFEFFmark', '\uFFFD', 'ÿ', 'Ā', '\u{10FFFF}'),
);

const RANGES: Record<string, [number, number]> = {
  s8: [-128, 127],
  u8: [0, 255],
  s16: [-32768, 32767],
  u16: [0, 65535],
  s32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
};

export function valuesOf(type: ValType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'string':
      return text;
    case 'char':
      return fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
    case 's64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'u64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case 'f32':
      return fc.float();
    case 'f64':
      return fc.double();
    case 'enum':
      return fc.constantFrom(...type.names);
    case 'flags':
      return recordOf(type.names.map((n) => [n, fc.boolean()]));
    case 'record':
      return recordOf(type.fields.map((field) => [field.name, valuesOf(field.type)]));
    case 'tuple':
      return fc.tuple(...type.elements.map(valuesOf));
    case 'list':
      return listOf(type);
    case 'variant':
      return fc.oneof(...type.cases.map((one) => caseOf(one.name, one.type)));
    case 'result':
      return fc.oneof(
        ...(
          [
            ['ok', type.ok],
            ['err', type.err],
          ] as const
        ).map(([tag, payload]) => (payload ? caseOf(tag, payload) : fc.constant({ tag, val: undefined }))),
      );
    case 'option':
      if (type.some.kind === 'option') return fc.oneof(caseOf('none', null), caseOf('some', type.some));
      return fc.oneof(fc.constant(undefined), valuesOf(type.some));
    default: {
      const [min, max] = RANGES[type.kind] as [number, number];
      return fc.integer({ min, max });
    }
  }
}

const caseOf = (tag: string, payload: ValType | null): fc.Arbitrary<unknown> =>
  payload ? valuesOf(payload).map((val) => ({ tag, val })) : fc.constant({ tag });

const recordOf = (fields: readonly (readonly [string, fc.Arbitrary<unknown>])[]): fc.Arbitrary<unknown> =>
  fc
    .tuple(...fields.map(([, value]) => value))
    .map((values) => Object.fromEntries(fields.map(([key], i) => [camel(key), values[i]])));

const ARRAYS: Record<string, (values: never[]) => unknown> = {
  u8: (v) => Uint8Array.from(v),
  s8: (v) => Int8Array.from(v),
  u16: (v) => Uint16Array.from(v),
  s16: (v) => Int16Array.from(v),
  u32: (v) => Uint32Array.from(v),
  s32: (v) => Int32Array.from(v),
  u64: (v) => BigUint64Array.from(v),
  s64: (v) => BigInt64Array.from(v),
  f32: (v) => Float32Array.from(v),
  f64: (v) => Float64Array.from(v),
};

function listOf(type: ValType & { kind: 'list' }): fc.Arbitrary<unknown> {
  const bounds = type.length === undefined ? { maxLength: 5 } : { minLength: type.length, maxLength: type.length };
  const values = fc.array(valuesOf(type.element), bounds);
  const make = ARRAYS[type.element.kind];
  return make ? values.map((all) => make(all as never[])) : values;
}
