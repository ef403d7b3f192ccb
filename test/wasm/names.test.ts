import { describe, expect, it } from 'vitest';
import { isCanonVersion, isLabel, isSemver, parseExternName, uniqueKey } from '../../src/wasm/names.ts';
import { quote, quotePair } from '../../src/wasm/quote.ts';

describe('labels', () => {
  // The examples of Explainer.md, and their neighbours.
  it.each([
    'a',
    'a-b-c',
    'a1-2-3',
    'A',
    'A-B-C',
    'A1-2-3',
    'a11-w0rds',
    'A11-4CR0NYMS',
    'm1x3d-4CR0NYMS',
    'is-XML',
  ])('%s is one', (text) => {
    expect(isLabel(text)).toBe(true);
  });

  it.each([
    '',
    '1',
    '1-2-3',
    '-a',
    'a-',
    'a--b',
    'aB',
    'Ab',
    'a_b',
    'a.b',
    'a b',
    'é',
    'a-bC',
    'a\n',
  ])('%j is none', (text) => {
    expect(isLabel(text)).toBe(false);
  });
});

describe('versions', () => {
  it.each([
    '0.0.0',
    '1.2.3',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-0.3.7',
    '1.0.0-x-y-z.--',
    '1.0.0+20130313144700',
    '1.0.0-beta+exp.sha.5114f85',
  ])('%s is one', (text) => {
    expect(isSemver(text)).toBe(true);
  });

  it.each([
    '',
    '1',
    '1.2',
    '1.2.3.4',
    '01.2.3',
    '1.02.3',
    '1.2.3-',
    '1.2.3+',
    '1.2.3-01',
    '1.2.3-a..b',
    '1.2.3+a+b',
    'v1.2.3',
    '1.2.3-é',
  ])('%j is none', (text) => {
    expect(isSemver(text)).toBe(false);
  });

  it('can be shortened to what must be equal', () => {
    for (const text of ['1', '12', '0.1', '0.0.1', '0.0.0']) expect(isCanonVersion(text)).toBe(true);
    for (const text of ['0', '0.0', '1.2', '0.1.2', '01', '1.0.0']) expect(isCanonVersion(text)).toBe(false);
  });

  it('take time in proportion to their length', () => {
    const started = performance.now();
    isSemver(`1.0.0-${'a.'.repeat(50_000)}`);
    isSemver(`1.0.0-${'0'.repeat(100_000)}x!`);
    isLabel(`${'a-'.repeat(50_000)}!`);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

describe('names of imports and exports', () => {
  it('are plain, annotated, or of an interface', () => {
    expect(parseExternName('get-JSON')).toEqual({ kind: 'plain', label: 'get-JSON' });
    expect(parseExternName('[constructor]r')).toEqual({ kind: 'constructor', resource: 'r' });
    expect(parseExternName('[method]r.m')).toEqual({ kind: 'method', resource: 'r', label: 'm' });
    expect(parseExternName('[static]r.s-t')).toEqual({ kind: 'static', resource: 'r', label: 's-t' });
    expect(parseExternName('wasi:http/types@0.2.1-rc.1')).toEqual({
      kind: 'interface',
      namespace: 'wasi',
      package: 'http',
      interface: 'types',
      version: '0.2.1-rc.1',
    });
    expect(parseExternName('a:b/c')).toMatchObject({ kind: 'interface', version: null });
    expect(parseExternName('a:b/c@1')).toMatchObject({ version: '1' });
  });

  it.each([
    '',
    '[method]r',
    '[method]r.',
    '[method].m',
    '[method]a.b.c',
    '[constructor]',
    '[other]r',
    '[method',
    'a:b',
    'a/b',
    ':/',
    'a:/c',
    'a:b/',
    'A:b/c',
    'a:B/c',
    'a:b/c@',
    'a:b/c@1.2',
    'a:b:c/d',
    'a:b/c/d',
    'a:b/C-d e',
  ])('%j is none', (text) => {
    expect(parseExternName(text)).toBe(null);
  });

  it('conflict when a binding could not tell them apart', () => {
    // Explainer.md "Name Uniqueness": these may stand together …
    const together = ['foo', 'foo-bar', '[constructor]foo', '[method]foo.bar', '[static]foo.baz', 'foo:bar/baz'];
    expect(new Set(together.map(uniqueKey)).size).toBe(together.length);
    // … and each of these conflicts with one of them.
    const more = [
      'foo',
      'FOO',
      'foo-BAR',
      '[constructor]FOO',
      '[method]foo.BAR',
      '[static]foo.bar',
      '[method]foo.baz',
      '[method]foo.foo',
      '[static]foo-BAR.FOO-bar',
      'foo:bar/BAZ',
    ];
    const keys = new Set(together.map(uniqueKey));
    for (const name of more) expect(keys.has(uniqueKey(name)), name).toBe(true);
  });
});

describe('names in messages', () => {
  it('are short and plain', () => {
    expect(quote('a-b')).toBe('"a-b"');
    expect(quote('\u001b[31m"\u202e')).toBe('"\\u001b[31m\\"\\u202e"');
    expect(quote('x'.repeat(100_000)).length).toBeLessThan(200);
    expect(quotePair('a', 'b')).toBe('"a" "b"');
  });
});
