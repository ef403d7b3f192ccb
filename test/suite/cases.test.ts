import { describe, expect, it } from 'vitest';
import { createHost } from '../../src/index.ts';
import { CASES } from '../../src/suite/all-cases.ts';
import { Lab } from '../../src/suite/lab.ts';
import { tryCase } from '../../src/suite/verdict.ts';

describe.each(CASES)('case $number: $title', (tried) => {
  it('is stopped, and its twin is allowed', async () => {
    expect(await tryCase(tried, { kind: 'inline' })).toMatchObject({ outcome: 'passed', detail: '' });
  });

  it('has a twin that fails where nothing is allowed', async () => {
    await using lab = new Lab({ makeHost: (manifest, options) => createHost({ ...manifest, entries: [] }, options) });
    await expect(tried.twin(lab)).rejects.toThrow();
  });
});

it('every case has a number and a name of its own', () => {
  expect(new Set(CASES.map(({ number }) => number)).size).toBe(CASES.length);
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});
