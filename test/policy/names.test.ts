import { describe, expect, it } from 'vitest';
import { isName, nearest, WIT_NAME_PATTERN } from '../../src/policy/names.ts';

describe('names', () => {
  it.each(['a', 'a1', 'line-count', 'a-1', 'x'.repeat(64)])('%s', (name) => {
    expect(isName(name)).toBe(true);
  });

  it.each([
    '',
    'A',
    '1a',
    'a_b',
    'a--b',
    '-a',
    'a-',
    'a.b',
    'a b',
    'ä',
    'а',
    'a\n',
    'x'.repeat(65),
    'host',
    'constructor',
    'prototype',
  ])('not %j', (name) => {
    expect(isName(name)).toBe(false);
  });
});

describe('WIT names', () => {
  const isWitName = (text: string) => new RegExp(WIT_NAME_PATTERN).test(text);

  it.each([
    'redact',
    'desk:text/classify',
    'desk:text/classify@1.0.0#run',
    '[method]conn.send',
    'a'.repeat(256),
  ])('%s', (text) => {
    expect(isWitName(text)).toBe(true);
  });

  it.each(['', ' a', 'a b', '"a"', 'a\n', '<b>', '#a', 'a'.repeat(257)])('not %j', (text) => {
    expect(isWitName(text)).toBe(false);
  });
});

describe('the nearest word', () => {
  const words = ['wasm', 'clearance', 'grants', 'gates', 'resources'];

  it.each([
    ['wsam', 'wasm'],
    ['grant', 'grants'],
    ['resource', 'resources'],
    ['clearence', 'clearance'],
    ['wasi-p2', null],
    ['x', null],
    ['', null],
  ])('of %s is %s', (word, meant) => {
    expect(nearest(word, words)).toBe(meant);
  });
});
