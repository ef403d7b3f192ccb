import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discriminantSize, flatOf, flattenFunction, layoutOf, offsetsOf, payloadOffset } from '../../src/abi/layout.ts';
import type { ValType } from '../../src/wasm/types.ts';
import { func } from '../compartment/forwarder.ts';
import { codeOf } from '../compartment/support.ts';
import { typeOfDepth } from './arbitrary.ts';
import { alignOf, byteSizeOf, flatTypes } from './reference.ts';

const u8: ValType = { kind: 'u8' };
const u32: ValType = { kind: 'u32' };
const u64: ValType = { kind: 'u64' };
const f32: ValType = { kind: 'f32' };
const f64: ValType = { kind: 'f64' };
const tuple = (...elements: ValType[]): ValType => ({ kind: 'tuple', elements });
const variant = (...types: (ValType | null)[]): ValType => ({
  kind: 'variant',
  cases: types.map((type, i) => ({ name: `c${i}`, type })),
});
const enumOf = (count: number): ValType => ({ kind: 'enum', names: Array.from({ length: count }, (_, i) => `n${i}`) });
const flags = (count: number): ValType => ({ kind: 'flags', names: Array.from({ length: count }, (_, i) => `n${i}`) });
const nested = (depth: number): ValType => (depth === 0 ? u8 : { kind: 'option', some: nested(depth - 1) });

describe('size and alignment', () => {
  it.each<[string, ValType, number, number]>([
    ['a tuple with a gap', tuple(u8, u32), 8, 4],
    ['a tuple with a tail', tuple(u64, u8), 16, 8],
    ['a string', { kind: 'string' }, 8, 4],
    ['a list', { kind: 'list', element: u64 }, 8, 4],
    ['a list of fixed length', { kind: 'list', element: tuple(u32, u8), length: 3 }, 24, 4],
    ['an option of a byte', { kind: 'option', some: u8 }, 2, 1],
    ['an option of a long', { kind: 'option', some: u64 }, 16, 8],
    ['a result without payloads', { kind: 'result', ok: null, err: null }, 1, 1],
    ['a variant of byte and double', variant(u8, f64, null), 16, 8],
    ['an enum of 256', enumOf(256), 1, 1],
    ['an enum of 257', enumOf(257), 2, 2],
    ['an enum of 65536', enumOf(65536), 2, 2],
    ['an enum of 65537', enumOf(65537), 4, 4],
    ['8 flags', flags(8), 1, 1],
    ['9 flags', flags(9), 2, 2],
    ['17 flags', flags(17), 4, 4],
    ['32 flags', flags(32), 4, 4],
    ['a handle', { kind: 'own', resource: 0 }, 4, 4],
  ])('%s', (_, type, size, align) => {
    expect(layoutOf(type)).toMatchObject({ size, align });
  });

  it('agrees with an independent reading for random types', () => {
    fc.assert(
      fc.property(typeOfDepth(4), (type) => {
        expect([layoutOf(type).size, layoutOf(type).align]).toEqual([byteSizeOf(type), alignOf(type)]);
        const flat = flatTypes(type);
        if (flat.length <= 16) expect(flatOf(type)).toEqual(flat);
        else expect(flatOf(type).length).toBeGreaterThan(16);
      }),
      { numRuns: 1000 },
    );
  });

  it('tells where fields and payloads lie', () => {
    expect(offsetsOf([u8, u64, u8])).toEqual({ offsets: [0, 8, 16], end: 17, align: 8 });
    expect(payloadOffset([null, u8])).toBe(1);
    expect(payloadOffset([u64, u8])).toBe(8);
    expect([1, 256, 257, 65536, 65537].map(discriminantSize)).toEqual([1, 1, 2, 2, 4]);
  });
});

describe('core signatures', () => {
  it('16 parameters are flat, 17 go through memory', () => {
    const params = (count: number) => Array.from({ length: count }, () => u32);
    expect(flattenFunction(func(params(16)))).toMatchObject({
      indirectParams: false,
      params: params(16).map(() => 'i32'),
    });
    expect(flattenFunction(func(params(17)))).toMatchObject({ indirectParams: true, params: ['i32'] });
  });

  it('one result is flat, two go through memory', () => {
    expect(flattenFunction(func([], u64))).toMatchObject({ indirectResult: false, results: ['i64'] });
    expect(flattenFunction(func([], { kind: 'option', some: u8 }))).toMatchObject({
      indirectResult: true,
      results: ['i32'],
    });
  });

  it('cases share the widest core type', () => {
    expect(flatOf(variant(f32, u32))).toEqual(['i32', 'i32']);
    expect(flatOf(variant(f32, f32))).toEqual(['i32', 'f32']);
    expect(flatOf(variant(f32, f64))).toEqual(['i32', 'i64']);
    expect(flatOf(variant(u64, f64, u8))).toEqual(['i32', 'i64']);
  });
});

describe('types that are refused', () => {
  it.each<[string, ValType, string]>([
    ['33 flags', flags(33), 'ABI_UNSUPPORTED'],
    ['no flags', flags(0), 'ABI_UNSUPPORTED'],
    ['an empty record', { kind: 'record', fields: [] }, 'ABI_UNSUPPORTED'],
    ['an empty tuple', tuple(), 'ABI_UNSUPPORTED'],
    ['a variant without cases', variant(), 'ABI_UNSUPPORTED'],
    ['a list of fixed length 0', { kind: 'list', element: u8, length: 0 }, 'ABI_UNSUPPORTED'],
    ['a list too long to exist', { kind: 'list', element: u64, length: 2 ** 26 }, 'ABI_UNSUPPORTED'],
    ['an error context', { kind: 'error-context' }, 'ABI_UNSUPPORTED'],
    ['a kind that nobody knows', { kind: 'constructor' } as unknown as ValType, 'ABI_UNSUPPORTED'],
    ['64 levels', nested(64), 'none'],
    ['65 levels', nested(65), 'ABI_TYPE_LIMIT'],
    ['a thousand levels', nested(1000), 'ABI_TYPE_LIMIT'],
  ])('%s', (_, type, code) => {
    expect(codeOf(() => layoutOf(type))).toBe(code);
  });

  it('levels that were measured one by one count together', () => {
    let type: ValType = u8;
    const codes = Array.from({ length: 65 }, () => {
      type = { kind: 'option', some: type };
      return codeOf(() => layoutOf(type));
    });
    expect([codes[63], codes[64]]).toEqual(['none', 'ABI_TYPE_LIMIT']);
  });
});
