import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readShared, writeShared } from '../../src/load/shared-json.ts';

describe('JSON in which equal objects stand once', () => {
  it('gives back what was written', () => {
    // A key that is a reference is written by nobody; JSON has no negative zero.
    const isPlain = (text: string) => !text.includes('"="') && !text.includes('-0');
    fc.assert(
      fc.property(fc.json().filter(isPlain), (text) => {
        const value: unknown = JSON.parse(text);
        expect(readShared(writeShared({ a: value, b: [value, { c: value }] }))).toEqual({
          a: value,
          b: [value, { c: value }],
        });
      }),
    );
  });

  it('gives equal objects as one', () => {
    const type = () => ({ kind: 'list', element: { kind: 'u8' } });
    const read = readShared(writeShared([type(), { of: type() }])) as [object, { of: object }];
    expect(read[0]).toBe(read[1].of);
    expect(writeShared([type(), type(), type()]).match(/element/g)).toHaveLength(1);
  });

  it.each([
    ['no JSON', '{"shared":['],
    ['no list', '{"shared":{},"value":1}'],
    ['no value', '{"shared":[]}'],
    ['a reference to what comes later', '{"shared":[{"a":{"=":1}},{}],"value":{"=":0}}'],
    ['a reference to itself', '{"shared":[{"a":{"=":0}}],"value":{"=":0}}'],
    ['a reference to nothing', '{"shared":[{}],"value":{"=":-1}}'],
    ['a reference by name', '{"shared":[{}],"value":{"=":"length"}}'],
    ['a row that is no object', '{"shared":[1],"value":1}'],
    ['too deep a value', `{"shared":[],"value":${'['.repeat(500)}${']'.repeat(500)}}`],
  ])('%s is nothing', (_, text) => {
    expect(readShared(text)).toBe(undefined);
  });

  const unfolding = (rows: number, twice: boolean): string => {
    const row = (i: number) => `{"a":{"=":${i}}${twice ? `,"b":{"=":${i}}` : ''}}`;
    const shared = Array.from({ length: rows }, (_unused, i) => (i === 0 ? '{}' : row(i - 1)));
    return `{"shared":[${shared.join(',')}],"value":{"=":${rows - 1}}}`;
  };

  it('a small text does not unfold into a tree that nothing can walk', () => {
    expect(readShared(unfolding(20, true))).not.toBe(undefined); // a million objects
    expect(readShared(unfolding(23, true))).toBe(undefined); // eight million
    expect(readShared(unfolding(64, true))).toBe(undefined);
  });

  it('nor into one that no recursion can walk', () => {
    expect(readShared(unfolding(390, false))).not.toBe(undefined);
    expect(readShared(unfolding(410, false))).toBe(undefined);
  });

  it('a key of every object is a key like others', () => {
    const read = readShared('{"shared":[{}],"value":{"__proto__":{"=":0}}}') as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.keys(read)).toEqual(['__proto__']);
  });
});
