import { describe, expect, it } from 'vitest';
import {
  formatBudget,
  formatSize,
  MAX_QUANTITY,
  parseByteRate,
  parseCallRate,
  parseCount,
  parseDuration,
  parseSize,
} from '../../src/policy/quantity.ts';

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['512B', 512],
    ['1KiB', 1_024],
    ['64MiB', 67_108_864],
    ['4GiB', 4_294_967_296],
    ['16384GiB', MAX_QUANTITY],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    '',
    '-1',
    '01',
    '1.5MiB',
    '1 MiB',
    '1mib',
    '1MB',
    '1K',
    'MiB',
    '1e3',
    '0x10',
    '16385GiB',
    '9'.repeat(13),
    '1KiB\n',
    '١KiB',
  ])('not %j', (text) => {
    expect(parseSize(text)).toBe(null);
  });

  it.each([
    [0, '0B'],
    [1_000, '1000B'],
    [65_536, '64KiB'],
    [4_294_967_296, '4GiB'],
  ])('%i is shown in the largest whole unit', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
    expect(parseSize(text)).toBe(bytes);
  });
});

describe('times and numbers', () => {
  it.each([
    ['1ms', 1],
    ['250ms', 250],
    ['2s', 2_000],
    ['1min', 60_000],
    ['24h', 86_400_000],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '0ms', '1', '1.5s', '1 s', '-1s', '1S', '1day', '9'.repeat(10), '1s\n'])('no time: %j', (text) => {
    expect(parseDuration(text)).toBe(null);
  });

  it.each([
    ['1', 1],
    ['50000', 50_000],
    ['3k', 3_000],
    ['10M', 10_000_000],
    ['2G', 2_000_000_000],
  ])('%s', (text, value) => {
    expect(parseCount(text)).toBe(value);
  });

  it.each(['', '0', '01', '1K', '1m', '1MiB', '1.5M', '1e6', '-1', '99999G', '1M\n'])('no number: %j', (text) => {
    expect(parseCount(text)).toBe(null);
  });
});

describe('rates', () => {
  it.each([
    ['100/min', 100, 60_000],
    ['1/s', 1, 1_000],
    ['5/h', 5, 3_600_000],
    ['7/day', 7, 86_400_000],
  ])('%s', (text, amount, perMs) => {
    expect(parseCallRate(text)).toEqual({ amount, perMs });
    expect(parseByteRate(text)).toEqual({ amount, perMs });
  });

  it('bytes come in units, calls do not', () => {
    expect(parseByteRate('64KiB/min')).toEqual({ amount: 65_536, perMs: 60_000 });
    expect(parseCallRate('64KiB/min')).toBe(null);
  });

  it.each([
    '',
    '100',
    '/min',
    '0/min',
    '100/m',
    '100/ min',
    '100/min/s',
    '1.5/s',
    '100/minute',
    '-1/s',
    '100/toString',
  ])('not %j', (text) => {
    expect(parseCallRate(text)).toBe(null);
    expect(parseByteRate(text)).toBe(null);
  });

  it('are shown as they are written', () => {
    expect(formatBudget({ calls: { amount: 100, perMs: 60_000 }, bytes: { amount: 65_536, perMs: 86_400_000 } })).toBe(
      'at most 100 calls/min and 64KiB/day',
    );
    expect(formatBudget({ calls: null, bytes: null })).toBe('');
  });
});
