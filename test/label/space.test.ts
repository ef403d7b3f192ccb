import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ceilingOf, formatLabel, type Label, LabelSpace, type TagDeclaration } from '../../src/label/index.ts';
import {
  allLabels,
  ceilings,
  DECLARATIONS,
  fits,
  flows,
  isSame,
  labelInputs,
  lub,
  makeSpace,
  setsOf,
} from './universe.ts';

const space = makeSpace();
const labels = labelInputs.map((input) => space.label(input));
const code = (value: string) => expect.objectContaining({ code: value });
const family: TagDeclaration = { name: 'customer:*', kind: 'secrecy', owner: 'desk', isFamily: true };

describe('the order', () => {
  it('is the definition: S1 in S2 and I2 in I1', () => {
    fc.assert(fc.property(labels, labels, (a, b) => space.canFlow(a, b) === flows(setsOf(a), setsOf(b))));
  });

  it('is reflexive, antisymmetric and transitive', () => {
    fc.assert(
      fc.property(labels, labels, labels, (a, b, c) => {
        expect(space.canFlow(a, a)).toBe(true);
        if (space.canFlow(a, b) && space.canFlow(b, a)) expect(a).toBe(b);
        if (space.canFlow(a, b) && space.canFlow(b, c)) expect(space.canFlow(a, c)).toBe(true);
      }),
    );
  });

  it('says the same whether or not the pair has been evicted', () => {
    const many = Array.from({ length: 300 }, (_, i) => space.label({ secrecy: [`customer:c${i}`] }));
    for (let round = 0; round < 2; round++) {
      expect(many.every((a) => many.every((b) => space.canFlow(a, b) === (a === b)))).toBe(true);
    }
    expect(space.join(many[3] as Label, many[4] as Label).secrecy).toEqual(['customer:c3', 'customer:c4']);
  });
});

describe('join', () => {
  it('is the definition, interned', () => {
    fc.assert(
      fc.property(labels, labels, (a, b) => {
        expect(isSame(setsOf(space.join(a, b)), lub(setsOf(a), setsOf(b)))).toBe(true);
        expect(space.join(a, b)).toBe(space.join(a, b));
      }),
    );
  });

  it('is the least upper bound', () => {
    fc.assert(
      fc.property(labels, labels, labels, (a, b, c) => {
        const join = space.join(a, b);
        expect(space.canFlow(a, join) && space.canFlow(b, join)).toBe(true);
        if (space.canFlow(a, c) && space.canFlow(b, c)) expect(space.canFlow(join, c)).toBe(true);
      }),
    );
  });

  it('is associative, commutative, idempotent and monotone', () => {
    fc.assert(
      fc.property(labels, labels, labels, (a, b, c) => {
        expect(space.join(a, space.join(b, c))).toBe(space.join(space.join(a, b), c));
        expect(space.join(a, b)).toBe(space.join(b, a));
        expect(space.join(a, a)).toBe(a);
        if (space.canFlow(a, b)) expect(space.canFlow(space.join(a, c), space.join(b, c))).toBe(true);
      }),
    );
  });
});

describe('a ceiling', () => {
  it('admits what the definition admits, families standing for their members', () => {
    fc.assert(fc.property(labels, ceilings, (a, ceiling) => space.isWithin(a, ceiling) === fits(setsOf(a), ceiling)));
  });

  it('admits everything below what it admits', () => {
    fc.assert(
      fc.property(labels, labels, ceilings, (a, b, ceiling) => {
        if (space.canFlow(a, b) && space.isWithin(b, ceiling)) expect(space.isWithin(a, ceiling)).toBe(true);
      }),
    );
  });

  it('of a label admits exactly what can flow to the label', () => {
    fc.assert(fc.property(labels, labels, (a, b) => space.isWithin(a, ceilingOf(b)) === space.canFlow(a, b)));
  });
});

describe('interning', () => {
  it('makes equal sets one frozen, sorted object whatever their order and repetition', () => {
    fc.assert(
      fc.property(labelInputs, fc.nat(), ({ secrecy, integrity }, turn) => {
        const turned = (tags: string[]) => [...tags.slice(turn % (tags.length + 1)), ...tags];
        const label = space.label({ secrecy, integrity });
        expect(space.label({ secrecy: turned(secrecy), integrity: turned(integrity) })).toBe(label);
        expect(space.get(label.id)).toBe(label);
        expect([...label.secrecy]).toEqual([...label.secrecy].sort());
        expect(Object.isFrozen(label) && Object.isFrozen(label.secrecy) && Object.isFrozen(label.integrity)).toBe(true);
      }),
    );
  });

  it('does not hold on to the arrays it was given', () => {
    const secrecy = ['board'];
    const label = space.label({ secrecy });
    secrecy.push('customer:acme');
    expect(label.secrecy).toEqual(['board']);
  });

  it('knows the public label without being told', () => {
    expect(space.label({})).toBe(space.public);
    expect(space.format(space.public)).toBe('public');
  });

  it('prints different labels differently', () => {
    const all = allLabels(space);
    expect(new Set(all.map((label) => space.format(label))).size).toBe(all.length);
    expect(space.format(space.label({ secrecy: ['customer:acme', 'board'], integrity: ['vetted'] }))).toBe(
      '{board, customer:acme | vetted}',
    );
    expect(formatLabel({ integrity: ['vetted'] })).toBe('{| vetted}');
    expect(formatLabel({ secrecy: ['customer:*'] })).toBe('{customer:*}');
  });
});

describe('declarations', () => {
  it('are found for tags, families and members', () => {
    expect(space.declaration('customer:acme')).toEqual(family);
    expect(space.declaration('customer:*')).toEqual(family);
    expect(space.declaration('vetted')?.kind).toBe('integrity');
    expect(space.declaration('customer')).toBeUndefined();
    expect(space.declaration('constructor')).toBeUndefined();
  });

  it.each([
    ['an undeclared tag', { secrecy: ['payroll'] }, 'LABEL_TAG_UNDECLARED'],
    ['a member of an undeclared family', { secrecy: ['payroll:acme'] }, 'LABEL_TAG_UNDECLARED'],
    ['a plain tag named like a family', { secrecy: ['customer'] }, 'LABEL_TAG_UNDECLARED'],
    ['a member of a plain tag', { integrity: ['vetted:alice'] }, 'LABEL_TAG_UNDECLARED'],
    ['a family', { secrecy: ['customer:*'] }, 'LABEL_TAG_SYNTAX'],
    ['another spelling', { secrecy: ['customer:Acme'] }, 'LABEL_TAG_SYNTAX'],
    ['integrity among secrecy', { secrecy: ['vetted'] }, 'LABEL_TAG_KIND'],
    ['secrecy among integrity', { integrity: ['customer:acme'] }, 'LABEL_TAG_KIND'],
  ])('refuse a label with %s', (_, input, expected) => {
    expect(() => space.label(input)).toThrow(code(expected));
  });

  it('refuse a privilege of the wrong kind', () => {
    expect(space.assertPrivilege({ tag: 'customer:*', right: 'declassify' }).owner).toBe('desk');
    expect(() => space.assertPrivilege({ tag: 'customer:*', right: 'endorse' })).toThrow(code('LABEL_TAG_KIND'));
    expect(() => space.assertPrivilege({ tag: 'vetted', right: 'declassify' })).toThrow(code('LABEL_TAG_KIND'));
    expect(() => space.assertPrivilege({ tag: 'payroll', right: 'endorse' })).toThrow(code('LABEL_TAG_UNDECLARED'));
  });

  it('refuse a second declaration, a single member, and a family that is not said to be one', () => {
    expect(() => new LabelSpace([family, { ...family, owner: 'mallory' }])).toThrow(code('LABEL_TAG_CONFLICT'));
    expect(() => new LabelSpace([{ ...family, name: 'customer:acme', isFamily: false }])).toThrow(
      code('LABEL_TAG_SYNTAX'),
    );
    expect(() => new LabelSpace([{ ...family, isFamily: false }])).toThrow(code('LABEL_TAG_SYNTAX'));
    expect(() => new LabelSpace([{ ...family, name: 'customer' }])).toThrow(code('LABEL_TAG_SYNTAX'));
  });

  it('say which rights are open to everyone', () => {
    const open = new LabelSpace([{ ...family, public: ['declassify'] }]);
    expect(open.isPublicRight('declassify', 'customer:acme')).toBe(true);
    expect(open.isPublicRight('endorse', 'customer:acme')).toBe(false);
    expect(space.isPublicRight('declassify', 'customer:acme')).toBe(false);
  });
});

describe('limits', () => {
  const customers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `customer:c${from + i}`);

  it('bound the tags of a label, made or joined', () => {
    const small = new LabelSpace(DECLARATIONS, { maxTagsPerLabel: 3 });
    const three = small.label({ secrecy: customers(2), integrity: ['vetted'] });
    expect(three.secrecy.length).toBe(2);
    expect(() => small.label({ secrecy: customers(4) })).toThrow(code('LABEL_LIMIT'));
    expect(() => small.label({ secrecy: customers(3), integrity: ['vetted'] })).toThrow(code('LABEL_LIMIT'));
    expect(() => small.join(small.label({ secrecy: customers(2) }), small.label({ secrecy: customers(2, 2) }))).toThrow(
      code('LABEL_LIMIT'),
    );
    expect(
      small.join(small.label({ secrecy: customers(2) }), small.label({ secrecy: customers(2, 1) })).secrecy.length,
    ).toBe(3);
  });

  it('bound the labels of a space', () => {
    const small = new LabelSpace(DECLARATIONS, { maxLabels: 3 });
    small.label({ secrecy: ['customer:a'] });
    const last = small.label({ secrecy: ['customer:b'] });
    expect(() => small.label({ secrecy: ['customer:c'] })).toThrow(code('LABEL_LIMIT'));
    expect(small.label({ secrecy: ['customer:b'] })).toBe(last);
  });

  it('are 64 tags by default', () => {
    expect(space.label({ secrecy: customers(64) }).secrecy.length).toBe(64);
    expect(() => space.label({ secrecy: customers(65) })).toThrow(code('LABEL_LIMIT'));
  });
});

describe('a label of another space', () => {
  const other = makeSpace().label({ secrecy: ['board'] });
  const forged = { ...space.label({ secrecy: ['board'] }), secrecy: [] };

  it.each([
    ['made there', other],
    ['forged with a known id', forged],
  ])('is refused: %s', (_, label) => {
    expect(() => space.canFlow(label, space.public)).toThrow(code('LABEL_FOREIGN'));
    expect(() => space.canFlow(space.public, label)).toThrow(code('LABEL_FOREIGN'));
    expect(() => space.join(label, space.public)).toThrow(code('LABEL_FOREIGN'));
    expect(() => space.isWithin(label, { secrecy: [], integrity: [] })).toThrow(code('LABEL_FOREIGN'));
    expect(() => space.release(label, [], [])).toThrow(code('LABEL_FOREIGN'));
  });

  it.each([-1, 0.5, 1e9, Number.NaN])('has no number here: %s', (id) => {
    expect(() => space.get(id)).toThrow(code('LABEL_FOREIGN'));
  });
});
