import { describe, expect, it } from 'vitest';
import { isScalar, makeAdapter, makeGate, shapeOfFunction, whyNotFusable } from '../../../src/abi/fused/index.ts';
import { isPlain } from '../../../src/abi/fused/shape.ts';
import type { FuncType, ValType } from '../../../src/wasm/types.ts';
import { func } from '../../compartment/forwarder.ts';
import { typeOf } from '../../compartment/support.ts';

const isFusable = (type: FuncType) => whyNotFusable(type) === null;

const u8 = typeOf('u8');
const u32 = typeOf('u32');
const string = typeOf('string');
const tuple = (...elements: ValType[]): ValType => ({ kind: 'tuple', elements });
const repeat = (count: number, type: ValType = u32) => Array.from({ length: count }, () => type);
const flags = (count: number): ValType => ({ kind: 'flags', names: repeat(count).map((_, i) => `n${i}`) });
const variant = (...types: (ValType | null)[]): ValType => ({
  kind: 'variant',
  cases: types.map((type, i) => ({ name: `c${i}`, type })),
});
const nested = (depth: number): ValType => (depth === 0 ? u8 : { kind: 'option', some: nested(depth - 1) });
/** A tree of 2^depth leaves, of few objects. */
const doubled = (depth: number): ValType => {
  const half = depth === 0 ? u8 : doubled(depth - 1);
  return depth === 0 ? half : tuple(half, half);
};

describe('what is fused', () => {
  it.each<[string, ValType, boolean]>([
    ['a string', string, true],
    ['8 flags', flags(8), true],
    ['32 flags', flags(32), true],
    ['33 flags', flags(33), false],
    ['no flags', flags(0), false],
    ['an own handle', { kind: 'own', resource: 0 }, false],
    ['a borrowed handle in a list', { kind: 'list', element: { kind: 'borrow', resource: 0 } }, false],
    ['a stream', { kind: 'stream', element: u8 }, false],
    ['a future in a variant', variant(null, { kind: 'future', element: null }), false],
    ['an error context', { kind: 'error-context' }, false],
    ['an empty tuple', tuple(), false],
    ['a variant without cases', variant(), false],
    ['an enum without names', { kind: 'enum', names: [] }, false],
    ['a fixed list of 0', { kind: 'list', element: u8, length: 0 }, false],
    ['a fixed list of -1', { kind: 'list', element: u8, length: -1 }, false],
    ['a fixed list of half a number', { kind: 'list', element: u8, length: 1.5 }, false],
    ['a fixed list of 2^24 bytes', { kind: 'list', element: u8, length: 2 ** 24 }, true],
    ['a fixed list of 2^24 words', { kind: 'list', element: u32, length: 2 ** 24 }, false],
    ['many large fixed lists', tuple(...repeat(17, { kind: 'list', element: u8, length: 2 ** 20 })), false],
    [
      'a fixed list of fixed lists',
      { kind: 'list', element: { kind: 'list', element: u8, length: 2 ** 14 }, length: 2 ** 15 },
      false,
    ],
    ['64 levels', nested(64), true],
    ['65 levels', nested(65), false],
    ['2000 nodes', tuple(...repeat(1999)), true],
    ['2001 nodes', tuple(...repeat(2000)), false],
    ['2000 cases without payloads', variant(...Array.from({ length: 2000 }, () => null)), true],
    ['2001 cases without payloads', variant(...Array.from({ length: 2001 }, () => null)), false],
    ['2^30 nodes of 30 objects', doubled(30), false],
    ['a kind that nobody knows', { kind: 'constructor' } as unknown as ValType, false],
  ])('%s: %s', (_, type, expected) => {
    expect([isFusable(func([], type)), isFusable(func([{ kind: 'list', element: type }]))]).toEqual([
      expected,
      expected && !['64 levels', '2000 nodes'].includes(_),
    ]);
  });

  it('not what is async', () => {
    expect(isFusable({ ...func([u32]), async: true })).toBe(false);
  });

  it('and says why not', () => {
    const handle: ValType = { kind: 'own', resource: 0 };
    const types = [func([u32]), { ...func([u32]), async: true }, func([u32], handle), func([nested(65)])];
    expect(types.map(whyNotFusable)).toEqual([
      null,
      'its type is async',
      'its type has a handle',
      'its type is too large or too deep',
    ]);
  });

  it('nothing at all', () => {
    expect([isFusable(func([])), isScalar(func([]))]).toEqual([true, true]);
  });
});

describe('what is scalar', () => {
  it.each<[string, ValType[], ValType | null, boolean]>([
    ['16 parameters', repeat(16), null, true],
    ['17 parameters', repeat(17), null, false],
    ['a string', [string], null, false],
    ['a list', [{ kind: 'list', element: u8 }], null, false],
    ['a list of fixed length', [{ kind: 'list', element: u8, length: 16 }], u32, true],
    ['an option as a result', [], { kind: 'option', some: u8 }, false],
    ['a result without payloads', [], { kind: 'result', ok: null, err: null }, true],
    ['an option as a parameter', [{ kind: 'option', some: u8 }], null, true],
  ])('%s: %s', (_, params, result, expected) => {
    expect(isScalar(func(params, result))).toBe(expected);
  });
});

it('plain is what has neither padding nor bits without meaning', () => {
  const plain = [u8, typeOf('f32'), typeOf('s64'), tuple(u32, u32), flags(8), flags(32), tuple(u8, u8, flags(16))];
  const not = [typeOf('bool'), typeOf('char'), string, tuple(u8, u32), tuple(u32, u8), flags(7), flags(17), nested(1)];
  expect(plain.map(isPlain)).toEqual(plain.map(() => true));
  expect(not.map(isPlain)).toEqual(not.map(() => false));
});

it('shapes tell apart what needs other code, and nothing else', () => {
  const record = (name: string): ValType => ({ kind: 'record', fields: [{ name, type: u32 }] });
  const same = [record('a'), record('constructor'), tuple(u32)].map((type) => shapeOfFunction(func([type], type)));
  expect(new Set(same).size).toBe(1);
  const others = [
    func([]),
    func([u8]),
    func([], u8),
    func([u8, u8]),
    func([tuple(u8, u8)]),
    func([{ kind: 'list', element: u8 }]),
    func([{ kind: 'list', element: u8, length: 2 }]),
    func([flags(3)]),
    func([flags(4)]),
    func([{ kind: 'enum', names: ['a', 'b', 'c'] }]),
    func([variant(u8)]),
    func([variant(u8, null)]),
    func([variant(null, u8)]),
    func([variant(null, u8), u8]),
    func([variant(tuple(u8, u8))]),
    func([variant(u8, u8)]),
  ];
  expect(new Set(others.map(shapeOfFunction)).size).toBe(others.length);
});

describe('the largest types that are fused', () => {
  it.each<[string, ValType]>([
    ['1998 cases', variant(...repeat(1998, string))],
    [
      '999 cases with payloads of their own',
      variant(...Array.from({ length: 990 }, (_, i) => flags((i % 32) + 1)), ...repeat(990)),
    ],
    ['lists in lists', Array.from({ length: 62 }).reduce<ValType>((element) => ({ kind: 'list', element }), u8)],
    ['strings side by side', tuple(...repeat(1990, string))],
    [
      '63 variants within one another',
      Array.from({ length: 63 }).reduce<ValType>((type) => variant(...repeat(20, string), type, u8), u8),
    ],
  ])('%s: small and valid', (_, type) => {
    const both = func([{ kind: 'list', element: type }], type);
    const one = func([type], null);
    for (const each of [both, one]) {
      if (!isFusable(each)) continue;
      for (const bytes of [makeGate(each), makeAdapter(each, { postReturn: true })]) {
        expect(bytes.length).toBeLessThan(200_000);
        expect(WebAssembly.validate(bytes)).toBe(true);
      }
    }
    expect(isFusable(one)).toBe(true);
  });
});
