import { describe, expect, it } from 'vitest';
import { createHost } from '../../src/index.ts';
import { CASES } from '../../src/suite/all-cases.ts';
import { type Case, KINDS } from '../../src/suite/case.ts';
import { Lab } from '../../src/suite/lab.ts';
import { tryCase } from '../../src/suite/verdict.ts';

const isInline = ({ only }: Case) => only === undefined || only.kinds.includes('inline');

describe.each(CASES.filter(isInline))('case $number: $title', (tried) => {
  it('is stopped, and its twin is allowed', async () => {
    expect(await tryCase(tried, { kind: 'inline' })).toMatchObject({ outcome: 'passed', detail: '' });
  });

  it('has a twin that fails where nothing is allowed', async () => {
    await using lab = new Lab({ makeHost: (manifest, options) => createHost({ ...manifest, entries: [] }, options) });
    await expect(tried.twin(lab)).rejects.toThrow();
  });
});

describe('a case', () => {
  it('has a number and a name of its own', () => {
    expect(new Set(CASES.map(({ number }) => number)).size).toBe(CASES.length);
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
  });

  it('that does not apply somewhere says why, and is not tried there', async () => {
    for (const tried of CASES) {
      for (const kind of KINDS) {
        if (tried.only === undefined || tried.only.kinds.includes(kind)) continue;
        expect(await tryCase(tried, { kind })).toMatchObject({ outcome: 'not-applicable', detail: tried.only.why });
        expect(tried.only.why.length).toBeGreaterThan(20);
      }
    }
  });
});

describe('a lab where instances are dear', () => {
  const items = Array.from({ length: 20 }, (_, i) => i);

  it('draws a sample by its seed, in order; elsewhere all are tried', () => {
    const drawn = new Lab({ kind: 'process', seed: 7 }).sample(items);
    expect(drawn).toHaveLength(6);
    expect(drawn).toEqual([...new Set(drawn)].toSorted((one, other) => one - other));
    expect(new Lab({ kind: 'process', seed: 7 }).sample(items)).toEqual(drawn);
    expect(new Lab({ kind: 'process', seed: 8 }).sample(items)).not.toEqual(drawn);
    expect(new Lab({ kind: 'worker' }).sample([1, 2])).toEqual([1, 2]);
    expect(new Lab({ kind: 'enclave' }).sample(items)).toEqual(items);
  });
});
