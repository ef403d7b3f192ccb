import { describe, expect, it } from 'vitest';
import type { Instance } from '../../src/compartment/contract.ts';
import type { ValType } from '../../src/wasm/types.ts';
import { ALLOCATOR, func, makeGuest, NO_HOST } from './forwarder.ts';
import { codeOf } from './support.ts';

/**
 * A guest that answers with whatever core values it is told to: pointers, lengths, discriminants, bits that the type
 * does not have. Each attack has its allowed twin.
 */
const u32: ValType = { kind: 'u32' };
const u64: ValType = { kind: 'u64' };
const list = (element: ValType): ValType => ({ kind: 'list', element });
const PAGE = 65536;

/** Exports of the shape `(a: u32, b: u32) -> T` where the core function answers a pointer to (a, b). */
const PAIRS: Record<string, ValType> = {
  string: { kind: 'string' },
  bytes: list({ kind: 'u8' }),
  words: list(u32),
  bools: list({ kind: 'bool' }),
  records: list({ kind: 'record', fields: [{ name: 'a', type: { kind: 'u8' } }] }),
  strings: list({ kind: 'string' }),
  nested: list(list({ kind: 'u8' })),
  option: { kind: 'option', some: u32 },
  choice: {
    kind: 'variant',
    cases: [
      { name: 'a', type: null },
      { name: 'b', type: u32 },
    ],
  },
  outcome: { kind: 'result', ok: u32, err: null },
};
/** Exports `(a: u32) -> T` whose core function answers `a` itself. */
const WORDS: Record<string, ValType> = {
  char: { kind: 'char' },
  bool: { kind: 'bool' },
  u8: { kind: 'u8' },
  s8: { kind: 's8' },
  s16: { kind: 's16' },
  color: { kind: 'enum', names: ['red', 'green'] },
  flags: { kind: 'flags', names: ['x', 'y'] },
  pointer: { kind: 'tuple', elements: [u32, u32] },
  triple: { kind: 'list', element: u32, length: 3 },
};

const names = [...Object.keys(PAIRS), ...Object.keys(WORDS)];
const exports = {
  ...Object.fromEntries(Object.entries(PAIRS).map(([name, type]) => [name, func([u32, u32], type)])),
  ...Object.fromEntries(Object.entries(WORDS).map(([name, type]) => [name, func([u32], type)])),
  poke: func([u32, u64]),
};
const wat = `(module
  (memory (export "memory") 1)
  ${ALLOCATOR}
  ${Object.keys(PAIRS)
    .map(
      (name) => `(func (export "${name}") (param i32 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))`,
    )
    .join('\n')}
  ${Object.keys(WORDS)
    .map((name) => `(func (export "${name}") (param i32) (result i32) (local.get 0))`)
    .join('\n')}
  (func (export "poke") (param i32 i64) (i64.store (local.get 0) (local.get 1))))`;

const codes = {
  utf8: await makeGuest(wat, { exports }),
  utf16: await makeGuest(wat, { exports }, { encoding: 'utf16' }),
  latin1: await makeGuest(wat, { exports }, { encoding: 'latin1+utf16' }),
};

function fresh(encoding: keyof typeof codes = 'utf8', ...memory: [number, bigint][]) {
  const instance: Instance = codes[encoding].instantiate(NO_HOST);
  for (const [at, bytes] of memory) instance.call(names.length, [at, bytes]);
  return (name: string, ...args: number[]) => instance.call(names.indexOf(name), args);
}

const attack = (name: string, args: number[], encoding: keyof typeof codes = 'utf8', ...memory: [number, bigint][]) =>
  codeOf(() => fresh(encoding, ...memory)(name, ...args));

describe('pointers and lengths that a guest makes up', () => {
  it.each([
    ['string', [PAGE, 1], 'ABI_POINTER'],
    ['string', [PAGE + 1, 0], 'ABI_POINTER'],
    ['string', [0xffff_ffff, 0xffff_ffff], 'ABI_LENGTH'],
    ['string', [0xffff_fff0, 0x100], 'ABI_POINTER'],
    ['string', [0, 2 ** 28], 'ABI_LENGTH'],
    ['string', [0, 2 ** 28 - 1], 'ABI_POINTER'],
    ['bytes', [PAGE - 4, 5], 'ABI_POINTER'],
    ['bytes', [0xdeadbeef, 0], 'ABI_POINTER'],
    ['words', [1, 1], 'ABI_ALIGNMENT'],
    ['words', [2, 0], 'ABI_ALIGNMENT'],
    ['words', [PAGE - 8, 3], 'ABI_POINTER'],
    ['words', [0, 2 ** 26], 'ABI_LENGTH'],
    ['words', [0, 2 ** 30], 'ABI_LENGTH'],
    ['records', [PAGE - 1, 2], 'ABI_POINTER'],
    ['records', [0, 0xffff_ffff], 'ABI_LENGTH'],
    ['strings', [PAGE - 8, 2], 'ABI_POINTER'],
    ['pointer', [PAGE - 4], 'ABI_POINTER'],
    ['pointer', [2], 'ABI_ALIGNMENT'],
    ['pointer', [0xffff_fffc], 'ABI_POINTER'],
    ['triple', [PAGE - 8], 'ABI_POINTER'],
  ])('%s(%j) is %s', (name, args, code) => {
    expect(attack(name, args)).toBe(code);
  });

  it.each([
    ['string', [PAGE, 0], ''],
    ['string', [PAGE - 2, 2], '\0\0'],
    ['bytes', [PAGE - 4, 4], new Uint8Array(4)],
    ['words', [PAGE - 8, 2], new Uint32Array(2)],
    ['records', [PAGE - 1, 1], [{ a: 0 }]],
    ['pointer', [PAGE - 8], [0, 0]],
    ['triple', [PAGE - 12], new Uint32Array(3)],
  ])('%s(%j), just inside, is lifted', (name, args, value) => {
    expect(fresh()(name, ...args)).toEqual(value);
  });

  it('utf16 and latin1+utf16 strings are aligned and counted in their own units', () => {
    expect(attack('string', [1, 1], 'utf16')).toBe('ABI_ALIGNMENT');
    expect(attack('string', [1, 0], 'latin1')).toBe('ABI_ALIGNMENT');
    expect(attack('string', [PAGE - 2, 2], 'utf16')).toBe('ABI_POINTER');
    expect(attack('string', [PAGE - 2, 0x8000_0002], 'latin1')).toBe('ABI_POINTER');
    expect(attack('string', [0, 0xffff_ffff], 'latin1')).toBe('ABI_LENGTH');
    expect(attack('string', [0, 2 ** 27], 'utf16')).toBe('ABI_LENGTH');
    expect(fresh('utf16')('string', PAGE - 2, 1)).toBe('\0');
    expect(fresh('latin1')('string', PAGE - 2, 0x8000_0001)).toBe('\0');
    expect(fresh('latin1')('string', PAGE - 2, 2)).toBe('\0\0');
  });
});

describe('text that is none', () => {
  const at = (bytes: readonly number[]): [number, bigint] => [
    64,
    bytes.reduce((sum, byte, i) => sum | (BigInt(byte) << BigInt(8 * i)), 0n),
  ];

  it.each([
    ['a lone continuation', [0x80]],
    ['a byte that never is UTF-8', [0x61, 0xff]],
    ['a cut sequence', [0xc3]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong NUL of three', [0xe0, 0x80, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point above the last', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ])('%s is ABI_UTF8', (_, bytes) => {
    expect(attack('string', [64, bytes.length], 'utf8', at(bytes))).toBe('ABI_UTF8');
    // Long strings go another way than short ones.
    expect(attack('string', [32, 32 + bytes.length], 'utf8', at(bytes))).toBe('ABI_UTF8');
  });

  it('U+FFFD and a byte order mark are text', () => {
    expect(fresh('utf8', at([0xef, 0xbf, 0xbd]))('string', 64, 3)).toBe('\uFFFD');
    expect(fresh('utf8', at([0xef, 0xbb, 0xbf, 0x61]))('string', 64, 4)).toBe('\uFEFFa');
    const both = at([0xef, 0xbb, 0xbf, 0xef, 0xbf, 0xbd]);
    expect(fresh('utf8', both)('string', 64, 6)).toBe('\uFEFF\uFFFD');
    expect(fresh('utf16', at([0xff, 0xfe, 0x61, 0]))('string', 64, 2)).toBe('\uFEFFa');
  });

  it('lone surrogates are ABI_UTF16, pairs are text', () => {
    expect(attack('string', [64, 1], 'utf16', at([0x00, 0xd8]))).toBe('ABI_UTF16');
    expect(attack('string', [64, 2], 'utf16', at([0x00, 0xdc, 0x00, 0xd8]))).toBe('ABI_UTF16');
    expect(attack('string', [64, 0x8000_0001], 'latin1', at([0x00, 0xd8]))).toBe('ABI_UTF16');
    expect(fresh('utf16', at([0x3d, 0xd8, 0x00, 0xde]))('string', 64, 2)).toBe('\u{1F600}');
  });

  it('latin1 has no wrong bytes', () => {
    expect(fresh('latin1', at([0xff, 0x80]))('string', 64, 2)).toBe('\u00ff\u0080');
  });
});

describe('values that the type does not have', () => {
  it.each([
    ['char', [0xd800], 'ABI_CHAR'],
    ['char', [0xdfff], 'ABI_CHAR'],
    ['char', [0x11_0000], 'ABI_CHAR'],
    ['char', [0xffff_ffff], 'ABI_CHAR'],
    ['color', [2], 'ABI_DISCRIMINANT'],
    ['color', [0xffff_ffff], 'ABI_DISCRIMINANT'],
    ['option', [2, 0], 'ABI_DISCRIMINANT'],
    ['choice', [255, 0], 'ABI_DISCRIMINANT'],
    ['outcome', [2, 0], 'ABI_DISCRIMINANT'],
  ])('%s(%j) is %s', (name, args, code) => {
    expect(attack(name, args)).toBe(code);
  });

  it.each([
    ['char', [0xd7ff], '\ud7ff'],
    ['char', [0x10_ffff], '\u{10FFFF}'],
    ['bool', [2], true],
    ['bool', [0x100], true],
    ['u8', [0x1ff], 0xff],
    ['s8', [0x80], -128],
    ['s16', [0xffff_7fff], 0x7fff],
    ['flags', [0xffff_fffe], { x: false, y: true }],
    ['option', [0x100, 7], undefined],
    ['choice', [0xffff_ff01, 7], { tag: 'b', val: 7 }],
  ])('junk bits in %s(%j) are not seen', (name, args, value) => {
    expect(fresh()(name, ...args)).toEqual(value);
  });
});

describe('messages larger than their limit', () => {
  it('one list may be named many times, but is not copied without end', () => {
    // 4096 inner lists of 32 KiB each, all the same bytes: 128 MiB out of one page.
    const instance = codes.utf8.instantiate(NO_HOST);
    for (let at = 1024; at < 1024 + 8 * 4096; at += 8) instance.call(names.length, [at, 0x8000_0000_0000n]);
    expect(instance.call(names.indexOf('nested'), [1024, 2])).toHaveLength(2);
    expect(codeOf(() => instance.call(names.indexOf('nested'), [1024, 4096]))).toBe('LIMIT_MESSAGE');
  });

  it('at the limit and one past it', async () => {
    const code = await makeGuest(wat, { exports }, { limits: { messageBytes: 100 } });
    const call = (name: string, length: number) => () =>
      code.instantiate(NO_HOST).call(names.indexOf(name), [0, length]);
    expect([codeOf(call('bytes', 100)), codeOf(call('bytes', 101))]).toEqual(['none', 'LIMIT_MESSAGE']);
    expect([codeOf(call('string', 100)), codeOf(call('string', 101))]).toEqual(['none', 'LIMIT_MESSAGE']);
    // A record of one byte costs the host more than that: it counts for 16.
    expect([codeOf(call('records', 6)), codeOf(call('records', 7))]).toEqual(['none', 'LIMIT_MESSAGE']);
  });
});
