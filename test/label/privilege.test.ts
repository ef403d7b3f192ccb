import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPrivilege, Privileges, parsePrivilege } from '../../src/label/index.ts';
import { powers, privilege, privilegeLists } from './universe.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const of = (...texts: string[]) => new Privileges(texts.map(parsePrivilege));

describe('a privilege in text', () => {
  it.each([
    ['vetted+', { tag: 'vetted', right: 'endorse' }],
    ['customer:*-', { tag: 'customer:*', right: 'declassify' }],
    ['customer:acme-', { tag: 'customer:acme', right: 'declassify' }],
    ['two-words-', { tag: 'two-words', right: 'declassify' }],
  ])('%s', (text, expected) => {
    expect(parsePrivilege(text)).toEqual(expected);
    expect(formatPrivilege(parsePrivilege(text))).toBe(text);
  });

  it.each([
    '',
    '-',
    '+',
    'vetted',
    'vetted*',
    'Vetted+',
    'vetted +',
    ' vetted+',
    'vetted+\n',
    'vetted--',
    '*-',
    'customer:-',
    'customer:**-',
    'vetted\u2212',
  ])('refuses %j', (text) => {
    expect(() => parsePrivilege(text)).toThrow(code('LABEL_TAG_SYNTAX'));
  });

  it('refuses what is no text', () => {
    expect(() => parsePrivilege(7 as unknown as string)).toThrow(code('LABEL_TAG_SYNTAX'));
  });
});

describe('a set of privileges', () => {
  it('covers exactly what its expansion covers', () => {
    fc.assert(
      fc.property(privilegeLists, privilege, (list, wanted) => {
        expect(new Privileges(list).covers(wanted)).toBe(powers([wanted]).isSubsetOf(powers(list)));
      }),
    );
  });

  it('never amplifies: what may be passed on is a part of what is held', () => {
    fc.assert(
      fc.property(privilegeLists, privilege, (list, given) => {
        const held = new Privileges(list);
        if (held.canDelegate(given)) expect(powers(held.with(given).list())).toEqual(powers(list));
      }),
    );
  });

  it('is immutable', () => {
    const held = of('customer:acme-');
    held.with(parsePrivilege('vetted+'));
    held.without(parsePrivilege('customer:acme-'));
    expect(held.list().map(formatPrivilege)).toEqual(['customer:acme-']);
    expect(held.has('endorse', 'vetted')).toBe(false);
  });

  it('loses all that a taken privilege covers, or refuses', () => {
    fc.assert(
      fc.property(privilegeLists, privilege, (list, taken) => {
        const held = new Privileges(list);
        const isFamilyHeld = list.some((p) => p.tag !== taken.tag && powers([taken]).isSubsetOf(powers([p])));
        if (isFamilyHeld) {
          expect(() => held.without(taken)).toThrow(code('LABEL_PRIVILEGE_COVERED'));
          return;
        }
        const left = powers(held.without(taken).list());
        expect(left.isDisjointFrom(powers([taken]))).toBe(true);
        expect(left.union(powers([taken]))).toEqual(powers(list).union(powers([taken])));
      }),
    );
  });

  it('refuses a privilege that is not in the grammar', () => {
    expect(() => new Privileges([{ tag: 'Vetted', right: 'endorse' }])).toThrow(code('LABEL_TAG_SYNTAX'));
  });

  it('lists each privilege once, sorted', () => {
    expect(of('vetted+', 'customer:acme-', 'vetted+').list().map(formatPrivilege)).toEqual([
      'customer:acme-',
      'vetted+',
    ]);
  });
});
