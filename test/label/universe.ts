import fc from 'fast-check';
import {
  type Ceiling,
  type Flow,
  type GateTags,
  type Label,
  LabelSpace,
  type Privilege,
  Privileges,
  type TagDeclaration,
} from '../../src/label/index.ts';

/*
 * A small universe of tags, and the rules over it written down a second time, as plainly as possible: every pattern is
 * expanded into the tags it stands for, and all else is set algebra. `customer:other` and `review:other` are in no
 * generated label and no generated privilege: they stand for the members nobody has thought of yet.
 */
export const SECRECY = ['board', 'customer:acme', 'customer:globex'];
export const INTEGRITY = ['review:alice', 'vetted'];
export const SECRECY_PATTERNS = [...SECRECY, 'customer:*'];
export const INTEGRITY_PATTERNS = [...INTEGRITY, 'review:*'];
const ALL = [...SECRECY, 'customer:other', ...INTEGRITY, 'review:other'];

export const OWNERS: Readonly<Record<string, string>> = {
  board: 'chair',
  'customer:*': 'desk',
  vetted: 'desk',
  'review:*': 'chair',
};

export const DECLARATIONS: readonly TagDeclaration[] = [
  { name: 'board', kind: 'secrecy', owner: 'chair', isFamily: false },
  { name: 'customer:*', kind: 'secrecy', owner: 'desk', isFamily: true },
  { name: 'vetted', kind: 'integrity', owner: 'desk', isFamily: false },
  { name: 'review:*', kind: 'integrity', owner: 'chair', isFamily: true },
];

export const makeSpace = () => new LabelSpace(DECLARATIONS);

export interface Sets {
  readonly s: ReadonlySet<string>;
  readonly i: ReadonlySet<string>;
}

export const setsOf = ({ secrecy, integrity }: Pick<Label, 'secrecy' | 'integrity'>): Sets => ({
  s: new Set(secrecy),
  i: new Set(integrity),
});

export function expand(patterns: Iterable<string>): ReadonlySet<string> {
  return new Set(
    [...patterns].flatMap((p) => ALL.filter((tag) => tag === p || (p.endsWith('*') && tag.startsWith(p.slice(0, -1))))),
  );
}

export const flows = (a: Sets, b: Sets) => a.s.isSubsetOf(b.s) && b.i.isSubsetOf(a.i);
export const lub = (a: Sets, b: Sets): Sets => ({ s: a.s.union(b.s), i: a.i.intersection(b.i) });
export const isSame = (a: Sets, b: Sets) => flows(a, b) && flows(b, a);
export const fits = (a: Sets, { secrecy, integrity }: Ceiling) =>
  flows(a, { s: expand(secrecy), i: new Set(integrity) });

/** What a set of privileges lets its holder do, as expanded text. */
export const powers = (privileges: Iterable<Privilege>): ReadonlySet<string> =>
  new Set([...privileges].flatMap(({ tag, right }) => [...expand([tag])].map((member) => `${right} ${member}`)));

export const needs = ({ declassify, endorse }: Pick<GateTags, 'declassify' | 'endorse'>): ReadonlySet<string> =>
  powers([
    ...declassify.map((tag): Privilege => ({ tag, right: 'declassify' })),
    ...endorse.map((tag): Privilege => ({ tag, right: 'endorse' })),
  ]);

const some = (tags: readonly string[]) => fc.subarray([...tags]);

export const labelInputs = fc.record({ secrecy: some(SECRECY), integrity: some(INTEGRITY) });
export const ceilings: fc.Arbitrary<Ceiling> = fc.record({
  secrecy: some(SECRECY_PATTERNS),
  integrity: some(INTEGRITY),
});
export const gateTags: fc.Arbitrary<GateTags> = fc.record({
  declassify: some(SECRECY_PATTERNS),
  endorse: some(INTEGRITY),
  requires: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, some(INTEGRITY)),
});
export const privilege: fc.Arbitrary<Privilege> = fc.oneof(
  fc.record({ tag: fc.constantFrom(...SECRECY_PATTERNS), right: fc.constant('declassify' as const) }),
  fc.record({ tag: fc.constantFrom(...INTEGRITY_PATTERNS), right: fc.constant('endorse' as const) }),
);
export const privilegeLists = fc.oneof(
  fc.array(privilege, { maxLength: 4 }),
  fc.constant<Privilege[]>([
    { tag: 'board', right: 'declassify' },
    { tag: 'customer:*', right: 'declassify' },
    { tag: 'vetted', right: 'endorse' },
    { tag: 'review:*', right: 'endorse' },
  ]),
);
export const privilegeSets = privilegeLists.map((list) => new Privileges(list));

/** All 32 labels of the universe. */
export function allLabels(space: LabelSpace): readonly Label[] {
  const subsets = (tags: readonly string[]) =>
    tags.reduce<string[][]>((sets, tag) => sets.flatMap((set) => [set, [...set, tag]]), [[]]);
  return subsets(SECRECY).flatMap((secrecy) =>
    subsets(INTEGRITY).map((integrity) => space.label({ secrecy, integrity })),
  );
}

/** Any flow at all over this universe; half of them as a broker would ask, with the sender's own label. */
export function flowsOf(space: LabelSpace): fc.Arbitrary<Flow> {
  const label = labelInputs.map((input) => space.label(input));
  const gate = fc.option(fc.record({ tags: gateTags, privileges: privilegeSets, isOpen: fc.boolean() }));
  const flow: fc.Arbitrary<Flow> = fc.record({
    kind: fc.constantFrom('call' as const, 'post' as const),
    from: fc.option(label),
    request: label,
    linkGate: gate,
    base: label,
    clearance: ceilings,
    exportGate: gate,
  });
  return fc.oneof(
    flow,
    flow.map((any) => ({ ...any, request: any.from ?? any.request })),
  );
}
