import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RULES, type RuleTable } from '../../src/label/index.ts';
import { GUARANTEES } from './guarantees.ts';
import { makeSpace } from './universe.ts';
import { worlds } from './world.ts';

/*
 * Is every condition of the rule table there for a reason, and would we notice if it were gone? Each is dropped in turn,
 * and some guarantee must break in some world (after QuickChick/IFC, `Mutate.v`). The mutants are made from the table, so a
 * condition that is added without a guarantee that needs it fails here.
 */
const space = makeSpace();
const shapes = [
  { hasGates: false, isDelegating: false },
  { hasGates: true, isDelegating: false },
  { hasGates: true, isDelegating: true },
];

interface Mutant {
  readonly name: string;
  readonly rules: RuleTable;
}

const mutants: readonly Mutant[] = Object.entries(RULES).flatMap(
  ([part, conditions]: [string, readonly { readonly name: string }[]]) =>
    conditions.map(({ name }, dropped) => ({
      name: `${part}/${name}`,
      rules: { ...RULES, [part]: conditions.filter((_, i) => i !== dropped) },
    })),
);

// Sampled once: the same worlds for every mutant, and for the whole table.
const sample = shapes.map((shape) => fc.sample(worlds(shape), { numRuns: 400, seed: 20_240_607 }));
const interleaved = Array.from({ length: 400 }, (_, i) => sample.flatMap((list) => list[i] ?? [])).flat();

function findBreach(rules: RuleTable): string | undefined {
  for (const world of interleaved) {
    for (const { name, breach } of GUARANTEES) {
      if (breach(space, world, rules) !== null) return name;
    }
  }
  return undefined;
}

describe('with one condition dropped, a guarantee breaks', () => {
  it.each(mutants)('$name', ({ rules }) => {
    expect(findBreach(rules)).toBeDefined();
  });

  it('which is tried for every condition there is', () => {
    expect(mutants.length).toBe(Object.values(RULES).flat().length);
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  });
});

describe('with all conditions in place', () => {
  it.each(GUARANTEES)('$name', ({ breach }) => {
    for (const world of interleaved) expect(breach(space, world, RULES)).toBeNull();
  });
});
