import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCofferdamError } from '../../src/error.ts';
import { familyOf, isCoveredBy, isTagFamily, nearestTag, parseTag, parseTagOrFamily } from '../../src/label/tag.ts';

const long = 'a'.repeat(64);

const TAGS = [
  'vetted',
  'a',
  'a1',
  'two-words',
  'x2-3',
  long,
  'customer:acme',
  'customer:0',
  'customer:a.b',
  'customer:a_b',
  'customer:a--b',
  `${long}:${long}`,
];
const FAMILIES = ['customer:*', 'two-words:*', `${long}:*`];
const REFUSED: [text: string, nearest: string | undefined][] = [
  ['', undefined],
  ['*', undefined],
  [':', undefined],
  ['customer:', undefined],
  [':acme', undefined],
  ['customer:acme:eu', 'customer:acme-eu'],
  ['Customer:acme', 'customer:acme'],
  ['customer:Acme', 'customer:acme'],
  ['customer: acme', 'customer:acme'],
  [' vetted', 'vetted'],
  ['vetted\n', 'vetted'],
  ['vetted\u200b', 'vetted'],
  ['vetted\0', 'vetted'],
  ['customer:\u0430cme', 'customer:cme'],
  ['customer:\uff41cme', 'customer:acme'],
  ['customer:acm\u00e9', 'customer:acme'],
  ['customer:..', undefined],
  ['customer:a..b', 'customer:a.b'],
  ['customer:../../etc', 'customer:etc'],
  ['customer:.hidden', 'customer:hidden'],
  ['customer:a/b', 'customer:a-b'],
  ['customer:-a', 'customer:a'],
  ['customer:a-', 'customer:a'],
  ['customer:a*', 'customer:a'],
  ['customer:**', undefined],
  ['1st', 'st'],
  ['two--words', 'two-words'],
  ['-a', 'a'],
  ['a-', 'a'],
  ['a_b', 'a-b'],
  ['a.b', 'a-b'],
  ['a,b', 'a-b'],
  ['a | b', 'a-b'],
  ['{a}', 'a'],
  [`${long}a`, long],
  [`customer:${long}a`, `customer:${long}`],
  [`${long}a:acme`, `${long}:acme`],
  ['__proto__', 'proto'],
  ['\ud800', undefined],
  ['a'.repeat(10_000), undefined],
];

describe('the grammar of tags', () => {
  it.each(TAGS)('accepts %s', (text) => {
    expect(parseTag(text)).toBe(text);
    expect(parseTagOrFamily(text)).toBe(text);
    expect(isTagFamily(text)).toBe(false);
  });

  it.each(FAMILIES)('accepts %s as a family, not as a tag', (text) => {
    expect(parseTagOrFamily(text)).toBe(text);
    expect(isTagFamily(text)).toBe(true);
    expect(codeOf(() => parseTag(text))).toBe('LABEL_TAG_SYNTAX');
  });

  it.each(REFUSED)('refuses %j and suggests %j', (text, nearest) => {
    expect(codeOf(() => parseTag(text))).toBe('LABEL_TAG_SYNTAX');
    expect(codeOf(() => parseTagOrFamily(text))).toBe('LABEL_TAG_SYNTAX');
    expect(nearestTag(text)).toBe(nearest);
  });

  it.each([undefined, null, 7, {}, ['vetted'], Symbol('vetted')])('refuses a value that is no text', (value) => {
    expect(codeOf(() => parseTag(value as unknown as string))).toBe('LABEL_TAG_SYNTAX');
    expect(codeOf(() => parseTagOrFamily(value as unknown as string))).toBe('LABEL_TAG_SYNTAX');
  });

  it('accepts nothing that normalises to something else, so one tag has one spelling', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-zA-Z0-9:*._ -]{1,12}$/));
    fc.assert(
      fc.property(text, (raw) => {
        if (codeOf(() => parseTagOrFamily(raw)) !== undefined) return;
        expect(raw).toMatch(/^[a-z0-9:*._-]+$/);
        expect(nearestTag(raw)).toBe(raw);
      }),
      { numRuns: 2000 },
    );
  });

  it('only suggests what it accepts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 150 }), (raw) => {
        const nearest = nearestTag(raw);
        if (nearest !== undefined) expect(parseTagOrFamily(nearest)).toBe(nearest);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps hostile text out of the message', () => {
    const error = errorOf(() => parseTag(`\u001b[31mred\u202e${'x'.repeat(10_000)}`));
    expect(error?.message).toMatch(/^[\x20-\x7e\u2014\u2026]*$/);
    expect(error?.message.length).toBeLessThan(400);
  });
});

describe('families', () => {
  it('cover their members and themselves, and nothing else', () => {
    expect(familyOf('customer:acme')).toBe('customer:*');
    expect(familyOf('customer:*')).toBeUndefined();
    expect(familyOf('vetted')).toBeUndefined();
    expect(isCoveredBy('customer:acme', 'customer:*')).toBe(true);
    expect(isCoveredBy('customer:*', 'customer:*')).toBe(true);
    expect(isCoveredBy('customer:acme', 'customer:acme')).toBe(true);
    expect(isCoveredBy('customer:*', 'customer:acme')).toBe(false);
    expect(isCoveredBy('customer:acme', 'customer:globex')).toBe(false);
    expect(isCoveredBy('customers:acme', 'customer:*')).toBe(false);
    expect(isCoveredBy('customer', 'customer:*')).toBe(false);
  });
});

function errorOf(act: () => unknown): Error | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

function codeOf(act: () => unknown): string | undefined {
  const error = errorOf(act);
  if (error !== undefined && !isCofferdamError(error)) throw error;
  return error?.code;
}
