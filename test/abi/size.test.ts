import { describe, expect, it } from 'vitest';
import { sizerOf } from '../../src/abi/size.ts';
import type { ValType } from '../../src/wasm/types.ts';
import { func } from '../compartment/forwarder.ts';

const u8: ValType = { kind: 'u8' };
const u32: ValType = { kind: 'u32' };
const string: ValType = { kind: 'string' };
const list = (element: ValType): ValType => ({ kind: 'list', element });

describe('bytes of a message', () => {
  it.each<[string, ValType, unknown, number]>([
    ['a scalar', u32, 7, 4],
    ['an empty string', string, '', 8],
    ['text counts as UTF-8', string, 'aé☃\u{1F600}', 8 + 1 + 2 + 3 + 4],
    ['bytes', list(u8), new Uint8Array(100), 108],
    ['numbers in an array', list(u32), [1, 2, 3], 20],
    ['strings', list(string), ['ab', ''], 8 + 8 + 2 + 8],
    [
      'a record',
      {
        kind: 'record',
        fields: [
          { name: 'a-b', type: string },
          { name: 'c', type: u8 },
        ],
      },
      { aB: 'xyz', c: 1 },
      12 + 3,
    ],
    ['a tuple', { kind: 'tuple', elements: [u8, list(u8)] }, [1, new Uint8Array(5)], 12 + 5],
    ['none', { kind: 'option', some: string }, undefined, 12],
    ['some', { kind: 'option', some: string }, 'abc', 15],
    ['some of some', { kind: 'option', some: { kind: 'option', some: string } }, { tag: 'some', val: 'abc' }, 19],
    ['an err', { kind: 'result', ok: u32, err: string }, { tag: 'err', val: 'no' }, 14],
    ['an ok', { kind: 'result', ok: u32, err: string }, { tag: 'ok', val: 1 }, 12],
    [
      'a case',
      {
        kind: 'variant',
        cases: [
          { name: 'a', type: null },
          { name: 'b', type: string },
        ],
      },
      { tag: 'b', val: 'x' },
      13,
    ],
    ['a fixed list', { kind: 'list', element: string, length: 2 }, ['a', 'b'], 18],
    ['an enum', { kind: 'enum', names: ['x'] }, 'x', 1],
  ])('%s', (_, type, value, size) => {
    expect(sizerOf(func([type])).params([value])).toBe(size);
  });

  it('of arguments and results', () => {
    const type = func([u32, string], list(u8));
    expect(sizerOf(type).params([1, 'abc'])).toBe(15);
    expect(sizerOf(type).result(new Uint8Array(2))).toBe(10);
    expect(sizerOf(func([])).params([])).toBe(0);
    expect(sizerOf(func([])).result(undefined)).toBe(0);
    expect(sizerOf(type)).toBe(sizerOf(type));
  });
});
