import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../src/policy/index.ts';

const free = { deadline: 'none' };

/** Of compartments with these limits, linked in a row: which ones can be stopped? */
function stoppable(limits: Readonly<Record<string, object>>, post = false): string[] {
  const names = Object.keys(limits);
  const policy = parseManifest({
    version: 1,
    compartments: Object.fromEntries(names.map((name) => [name, { wasm: './a.wasm', limits: limits[name] }])),
    links: names.slice(1).map((to, i) => ({ from: names[i], import: 'f', to, ...(post ? { post } : {}) })),
  });
  return [...policy.compartments.values()].filter((each) => each.isInterruptible).map(({ name }) => name);
}

describe('what has to be stoppable', () => {
  it('is everything, unless it says otherwise', () => {
    expect(stoppable({ a: {}, b: free })).toEqual(['a', 'b']);
    expect(stoppable({ a: free })).toEqual([]);
    expect(stoppable({ a: { ...free, fuel: 5 } })).toEqual([]); // fuel is looked at by the guest itself
  });

  it('is what has a limit in time, and what that can call, however far', () => {
    expect(stoppable({ a: free, b: { deadline: '1s' }, c: free, d: free })).toEqual(['b', 'c', 'd']);
    expect(stoppable({ a: free, b: { ...free, cpu: '1s' }, c: free })).toEqual(['b', 'c']);
  });

  it('ends where nobody waits', () => {
    expect(stoppable({ a: { deadline: '1s' }, b: free }, true)).toEqual(['a']);
  });
});
