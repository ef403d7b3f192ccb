import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareMutants, ourOpinion } from './support/agreement.ts';
import { argumentFor } from './support/arguments.ts';
import { Oracle } from './support/oracle.ts';
import { makeSeeds, type Seed } from './support/seeds.ts';

/** More by `node scripts/fuzz-components.ts`. */
const MUTANTS = { redact: 300, types: 300 } as Readonly<Record<string, number>>;
const USUAL_MUTANTS = 400;

const NAMES = ['redact', 'resources', 'async', 'nested', 'types', 'canon', 'modules'];

describe('wasm-tools and we', () => {
  let oracle: Oracle;
  let seeds: Seed[];
  beforeAll(async () => {
    oracle = new Oracle();
    seeds = await makeSeeds();
  });
  afterAll(() => oracle[Symbol.asyncDispose]());

  it('accept every seed', async () => {
    expect(seeds.map((seed) => seed.name)).toEqual(NAMES);
    const opinions = await oracle.judge(seeds.map((seed) => seed.bytes));
    for (const [index, seed] of seeds.entries()) {
      expect(ourOpinion(seed.bytes), seed.name).toBe('valid');
      expect(['valid', 'broken'], seed.name).toContain(opinions[index]?.kind);
    }
  });

  it.each(NAMES)('agree on mutants of %s, but for what is argued', async (name) => {
    const seed = seeds.find((item) => item.name === name);
    if (seed === undefined) throw new Error(`no seed ${name}`);
    const count = MUTANTS[name] ?? USUAL_MUTANTS;
    const { disagreements, valid, broken } = await compareMutants(seed, count, oracle, 2026);
    const open = disagreements.filter((item) => argumentFor(item) === null);
    expect(open.map(({ ours, theirs }) => ({ ours, theirs }))).toEqual([]);
    // A corpus of nothing but rubbish, or one on which wasm-tools says nothing, would show nothing.
    expect(valid).toBeGreaterThan(count / 50);
    expect(broken).toBeLessThan(count / 4);
  });
});
