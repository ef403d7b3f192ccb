import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WASM_LIMITS } from '../../src/wasm/limits.ts';
import { Reader } from '../../src/wasm/reader.ts';
import { leb } from './support/bytes.ts';
import { codeOf, errorOf } from './support/errors.ts';

const over = (...bytes: number[]) => Reader.over(Uint8Array.from(bytes), 'test');

/** Signed LEB128 by its definition, for values that are read back. */
function signed(value: bigint): number[] {
  const byte = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = (rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0);
  return isLast ? [byte] : [byte | 0x80, ...signed(rest)];
}

describe('integers', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 32n - 1n), (value) => {
        expect(over(...leb(Number(value))).u32()).toBe(Number(value));
      }),
    );
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
        expect(over(...signed(value)).s64()).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 32n), 2n ** 32n - 1n), (value) => {
        expect(over(...signed(value)).s33()).toBe(Number(value));
      }),
    );
  });

  it('may be padded, but not beyond their bits', () => {
    expect(over(0x80, 0x80, 0x80, 0x80, 0x00).u32()).toBe(0);
    expect(codeOf(() => over(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).u32())).toBe('WASM_MALFORMED');
    expect(over(0xff, 0xff, 0xff, 0xff, 0x0f).u32()).toBe(2 ** 32 - 1);
    expect(codeOf(() => over(0xff, 0xff, 0xff, 0xff, 0x1f).u32())).toBe('WASM_MALFORMED');
    expect(over(0xff, 0xff, 0xff, 0xff, 0x7f).s32()).toBe(-1);
    expect(codeOf(() => over(0xff, 0xff, 0xff, 0xff, 0x4f).s32())).toBe('WASM_MALFORMED');
    expect(over(0x80, 0x80, 0x80, 0x80, 0x78).s32()).toBe(-(2 ** 31));
    expect(codeOf(() => over(0x80, 0x80, 0x80, 0x80, 0x08).s32())).toBe('WASM_MALFORMED');
    expect(over(...Array(9).fill(0xff), 0x01).u64()).toBe(2n ** 64n - 1n);
    expect(codeOf(() => over(...Array(9).fill(0xff), 0x02).u64())).toBe('WASM_MALFORMED');
    expect(over(...Array(9).fill(0x80), 0x7f).s64()).toBe(-(2n ** 63n));
    expect(codeOf(() => over(...Array(9).fill(0x80), 0x3f).s64())).toBe('WASM_MALFORMED');
  });

  it('end with their bytes', () => {
    expect(codeOf(() => over().u32())).toBe('WASM_TRUNCATED');
    expect(codeOf(() => over(0x80).u32())).toBe('WASM_TRUNCATED');
    expect(codeOf(() => over(0x80, 0x80).s64())).toBe('WASM_TRUNCATED');
  });
});

describe('names', () => {
  it('are UTF-8, with a byte order mark kept', () => {
    expect(over(3, 0xe2, 0x98, 0x83).name()).toBe('☃');
    expect(over(4, 0xef, 0xbb, 0xbf, 0x61).name()).toBe('\ufeffa');
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x98], [0xf4, 0x90, 0x80, 0x80]]) {
      expect(codeOf(() => over(bad.length, ...bad).name())).toBe('WASM_MALFORMED');
    }
  });

  it('are as long as is said, and not too long', () => {
    expect(codeOf(() => over(2, 0x61).name())).toBe('WASM_TRUNCATED');
    const long = (size: number) =>
      Reader.over(Buffer.concat([Buffer.from(leb(size)), Buffer.alloc(size, 'a')]), 'test');
    expect(long(WASM_LIMITS.maxNameBytes).name()).toHaveLength(WASM_LIMITS.maxNameBytes);
    expect(codeOf(() => long(WASM_LIMITS.maxNameBytes + 1).name())).toBe('WASM_LIMIT');
  });
});

describe('vectors', () => {
  const numbers = (reader: Reader, max = 10) => reader.vector(max, 'numbers', () => reader.byte());

  it('hold what they say', () => {
    expect(numbers(over(3, 7, 8, 9))).toEqual([7, 8, 9]);
    expect(numbers(over(0))).toEqual([]);
  });

  it('are not believed beyond the bytes that are left', () => {
    expect(codeOf(() => numbers(over(4, 7, 8, 9)))).toBe('WASM_TRUNCATED');
    expect(codeOf(() => numbers(over(0xff, 0xff, 0xff, 0xff, 0x0f), 2 ** 32))).toBe('WASM_TRUNCATED');
  });

  it('have a limit', () => {
    expect(numbers(over(10, ...Array(10).fill(0)))).toHaveLength(10);
    expect(codeOf(() => numbers(over(11, ...Array(11).fill(0))))).toBe('WASM_LIMIT');
  });

  it('draw on one allowance for the whole file', () => {
    const reader = new Reader(Uint8Array.of(2, 1, 1, 1, 1), 0, 5, 'test', { items: 3 });
    expect(numbers(reader)).toHaveLength(2);
    expect(numbers(reader.part(2, 'part'))).toHaveLength(1);
    const empty = new Reader(Uint8Array.of(2, 1, 1, 1, 1), 0, 5, 'test', { items: 2 });
    numbers(empty);
    expect(codeOf(() => numbers(empty.part(2, 'part')))).toBe('WASM_LIMIT');
  });
});

describe('parts', () => {
  it('end where they were said to end', () => {
    const reader = over(1, 2, 3, 4);
    const part = reader.part(2, 'inside');
    expect([part.byte(), part.byte()]).toEqual([1, 2]);
    expect(codeOf(() => part.byte())).toBe('WASM_TRUNCATED');
    expect(reader.byte()).toBe(3);
    expect(codeOf(() => reader.part(2, 'too large'))).toBe('WASM_TRUNCATED');
    expect(codeOf(() => reader.assertDone())).toBe('WASM_MALFORMED');
  });

  it('are named in errors, with the offset in the file', () => {
    const reader = over(0, 0, 0, 0xff);
    reader.skip(2);
    const part = reader.part(2, 'inside');
    part.byte();
    expect(errorOf(() => part.expect(1, 'The byte')).details).toEqual({ offset: 3, section: 'inside' });
    expect(errorOf(() => over(1).skip(2)).details).toEqual({ offset: 0, section: 'test' });
  });
});
