import { describe, expect, it } from 'vitest';
import { explainMismatch, flattenFunc, flattenType, formatFunc, formatType, isSubtype } from '../../src/wasm/index.ts';
import { measure } from '../../src/wasm/measure.ts';
import type { FuncType, ValType } from '../../src/wasm/types.ts';

const u8: ValType = { kind: 'u8' };
const u32: ValType = { kind: 'u32' };
const f32: ValType = { kind: 'f32' };
const f64: ValType = { kind: 'f64' };
const u64: ValType = { kind: 'u64' };
const string: ValType = { kind: 'string' };
const list = (element: ValType, length?: number): ValType =>
  length === undefined ? { kind: 'list', element } : { kind: 'list', element, length };
const tuple = (...elements: ValType[]): ValType => ({ kind: 'tuple', elements });
const option = (some: ValType): ValType => ({ kind: 'option', some });
const result = (ok: ValType | null, err: ValType | null): ValType => ({ kind: 'result', ok, err });
const record = (fields: Record<string, ValType>): ValType => ({
  kind: 'record',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});
const variant = (cases: Record<string, ValType | null>): ValType => ({
  kind: 'variant',
  cases: Object.entries(cases).map(([name, type]) => ({ name, type })),
});
const func = (params: Record<string, ValType>, type: ValType | null = null, async = false): FuncType => ({
  params: Object.entries(params).map(([name, param]) => ({ name, type: param })),
  result: type,
  async,
});
const own = (resource: number): ValType => ({ kind: 'own', resource });
const borrow = (resource: number): ValType => ({ kind: 'borrow', resource });

describe('flattening (CanonicalABI.md "Flattening")', () => {
  it.each<[ValType, string]>([
    [{ kind: 'bool' }, 'i32'],
    [{ kind: 's16' }, 'i32'],
    [{ kind: 's64' }, 'i64'],
    [f32, 'f32'],
    [f64, 'f64'],
    [{ kind: 'char' }, 'i32'],
    [string, 'i32 i32'],
    [list(u8), 'i32 i32'],
    [list(f64, 3), 'f64 f64 f64'],
    [record({ a: u8, b: string, c: f64 }), 'i32 i32 i32 f64'],
    [tuple(u8, tuple(u64, f32)), 'i32 i64 f32'],
    [{ kind: 'flags', names: ['a', 'b'] }, 'i32'],
    [{ kind: 'enum', names: ['a', 'b'] }, 'i32'],
    [option(string), 'i32 i32 i32'],
    [result(null, null), 'i32'],
    // One slot for all cases: i32 with f32 is i32, anything else that differs is i64.
    [variant({ a: u32, b: f32 }), 'i32 i32'],
    [variant({ a: f32, b: f64 }), 'i32 i64'],
    [variant({ a: u64, b: f64 }), 'i32 i64'],
    [result(tuple(f32, f32), string), 'i32 i32 i32'],
    [variant({ a: null, b: tuple(u8, f64), c: f32 }), 'i32 i32 f64'],
    [own(0), 'i32'],
    [{ kind: 'stream', element: string }, 'i32'],
  ])('%j', (type, flat) => {
    expect(flattenType(type).join(' ')).toBe(flat);
  });

  it('passes up to 16 parameters and 1 result in registers', () => {
    const params = (count: number) => func({ p: tuple(...Array<ValType>(count).fill(u8)) });
    expect(flattenFunc(params(16), 'lift').params).toHaveLength(16);
    expect(flattenFunc(params(17), 'lift').params).toEqual(['i32']);
    expect(flattenFunc(params(17), 'lower').params).toEqual(['i32']);
    expect(flattenFunc(func({}, f64), 'lift')).toEqual({ params: [], results: ['f64'] });
    expect(flattenFunc(func({ a: f32 }, string), 'lift')).toEqual({ params: ['f32'], results: ['i32'] });
    expect(flattenFunc(func({ a: f32 }, string), 'lower')).toEqual({ params: ['f32', 'i32'], results: [] });
    expect(flattenFunc(func({ a: tuple(u8, u8, u8, u8) }, u8), 'lower', 'async')).toEqual({
      params: ['i32', 'i32', 'i32', 'i32', 'i32'],
      results: ['i32'],
    });
    expect(flattenFunc(func({ a: string }, string), 'lift', 'callback')).toEqual({
      params: ['i32', 'i32'],
      results: ['i32'],
    });
  });

  it('does not unroll a long list of fixed length', () => {
    expect(flattenFunc(func({ p: list(u8, 2 ** 27) }), 'lift').params).toEqual(['i32']);
  });
});

describe('measures', () => {
  it.each<[ValType, number, number]>([
    [{ kind: 'char' }, 4, 4],
    [string, 16, 8],
    [record({ a: u8, b: u32, c: u8 }), 12, 4],
    [option(u8), 2, 1],
    [option(u64), 16, 8],
    [variant({ a: u8, b: tuple(u8, { kind: 'u16' }) }), 6, 2],
    [list({ kind: 'u16' }, 5), 10, 2],
    [{ kind: 'flags', names: Array.from({ length: 9 }, (_, index) => `f${index}`) }, 2, 2],
    [{ kind: 'enum', names: Array.from({ length: 257 }, (_, index) => `e${index}`) }, 2, 2],
  ])('%j takes %i bytes, aligned to %i', (type, bytes64, align64) => {
    expect(measure(type)).toMatchObject({ bytes64, align64 });
  });

  it('find borrows and pointers anywhere', () => {
    expect(measure(list(option(tuple(u8, borrow(1))))).hasBorrow).toBe(true);
    expect(measure(list(own(1))).hasBorrow).toBe(false);
    expect(measure(tuple(u8, option(string))).hasPointer).toBe(true);
    expect(measure(list(u8, 4)).hasPointer).toBe(false);
    expect(measure({ kind: 'future', element: string })).toMatchObject({ hasPointer: false, isAsync: true });
  });
});

describe('WIT syntax', () => {
  it.each<[ValType, string]>([
    [list(u8), 'list<u8>'],
    [list(u8, 4), 'list<u8, 4>'],
    [tuple(u8, string), 'tuple<u8, string>'],
    [option(option(u8)), 'option<option<u8>>'],
    [result(null, null), 'result'],
    [result(u8, null), 'result<u8>'],
    [result(null, string), 'result<_, string>'],
    [result(u8, string), 'result<u8, string>'],
    [record({ x: f32, 'y-z': u8 }), 'record { x: f32, y-z: u8 }'],
    [variant({ none: null, some: u8 }), 'variant { none, some(u8) }'],
    [{ kind: 'enum', names: ['a', 'b'] }, 'enum { a, b }'],
    [{ kind: 'flags', names: ['a'] }, 'flags { a }'],
    [own(3), 'r3'],
    [borrow(3), 'borrow<r3>'],
    [{ kind: 'stream', element: u8 }, 'stream<u8>'],
    [{ kind: 'future', element: null }, 'future'],
    [{ kind: 'error-context' }, 'error-context'],
  ])('%j', (type, text) => {
    expect(formatType(type, (resource) => `r${resource}`)).toBe(text);
  });

  it('of functions', () => {
    expect(formatFunc(func({}))).toBe('func()');
    expect(formatFunc(func({ a: u8, b: string }, list(u8)))).toBe('func(a: u8, b: string) -> list<u8>');
    expect(formatFunc(func({}, u8, true))).toBe('async func() -> u8');
  });

  it('is cut where a type is too long to read', () => {
    const wide = tuple(...Array.from({ length: 9000 }, () => option(string)));
    expect(formatType(wide).length).toBeLessThan(2100);
  });
});

describe('subtyping', () => {
  const same: ValType[] = [
    u8,
    list(u8),
    list(u8, 2),
    record({ a: u8 }),
    variant({ a: null, b: u8 }),
    tuple(u8, u8),
    option(u8),
  ];
  same.push(result(u8, null), { kind: 'enum', names: ['a'] }, { kind: 'flags', names: ['a'] }, own(1), borrow(1));

  it('is equality of structure', () => {
    for (const [row, a] of same.entries()) {
      for (const [column, b] of same.entries()) expect(isSubtype(a, structuredClone(b))).toBe(row === column);
    }
  });

  // Pairs that differ in one thing, and a word of the explanation that names it.
  it.each<[ValType | FuncType, ValType | FuncType, string]>([
    [list(u8, 2), list(u8, 3), 'list<u8, 3>'],
    [record({ a: u8 }), record({ b: u8 }), '"b"'],
    [record({ a: u8 }), record({ a: u8, b: u8 }), '2 fields'],
    [record({ a: u8, b: u8 }), record({ b: u8, a: u8 }), '"b"'],
    [record({ a: list(u8) }), record({ a: list(u32) }), 'u32'],
    [variant({ a: null }), variant({ a: u8 }), 'none'],
    [tuple(u8, u8), tuple(u8, u32), 'element 1'],
    [result(u8, null), result(null, u8), 'ok'],
    [{ kind: 'enum', names: ['a', 'b'] }, { kind: 'enum', names: ['b', 'a'] }, 'enum { b, a }'],
    [own(1), borrow(1), 'borrow'],
    [own(1), own(2), 'resource'],
    [func({ a: u8 }), func({ b: u8 }), '"b"'],
    [func({ a: u8 }), func({}), '0 parameters'],
    [func({}, u8), func({}), 'result'],
    [func({}, u8), func({}, u8, true), 'async'],
    [func({ a: option(list(u8)) }), func({ a: option(list(string)) }), 'string'],
    [u8, func({}), 'func()'],
  ])('%j is not %j', (actual, expected, word) => {
    expect(explainMismatch(actual, expected)).toContain(word);
    expect(explainMismatch(expected, actual)).not.toBe(null);
  });

  it('takes resources as the caller identifies them', () => {
    const takes = (resource: number) => func({ self: borrow(resource) }, own(resource));
    expect(isSubtype(takes(5), takes(0))).toBe(false);
    expect(isSubtype(takes(5), takes(0), new Map([[0, 5]]))).toBe(true);
    expect(isSubtype(takes(0), takes(0), new Map([[0, 5]]))).toBe(false);
    expect(isSubtype(takes(0), takes(0), new Map())).toBe(false);
  });

  it('compares shared parts once', () => {
    const grow = (): ValType => {
      let type: ValType = u8;
      for (let level = 0; level < 60; level++) type = tuple(type, type);
      return type;
    };
    const started = performance.now();
    expect(isSubtype(grow(), grow())).toBe(true);
    expect(performance.now() - started).toBeLessThan(100);
  });
});
