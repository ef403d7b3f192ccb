import { describe, expect, it } from 'vitest';
import { gates, type Host, isCofferdamError } from '../../src/index.ts';
import { makeHost } from '../arena.ts';

const acme = { label: { secrecy: ['customer:acme'] } };
const globex = { label: { secrecy: ['customer:globex'] } };

/** `count` gives four bytes, `fail` traps; what both return has lost the tag, within a budget. */
const counter = (budget: object) => ({
  wit: 'world guest { export count: func() -> u32; export fail: func(); }',
  wat: `(module (global $n (mut i32) (i32.const 0))
    (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
    (func (export "fail") unreachable))`,
  clearance: { secrecy: ['customer:*'] },
  grants: ['customer:*-'],
  gates: Object.fromEntries(['count', 'fail'].map((name) => [name, { declassify: ['customer:*'], budget }])),
  limits: { message: '1KiB' },
});
const hostOf = (budget: object) =>
  makeHost({ compartments: { counter: counter(budget) }, audit: { path: './audit.db' } });

const isReleased = async (host: Host, options: typeof acme) =>
  (await host.call('counter.count', [], options)).label.secrecy.length === 0;

async function several(host: Host, all: readonly (typeof acme)[]): Promise<boolean[]> {
  const released: boolean[] = [];
  for (const options of all) released.push(await isReleased(host, options));
  return released;
}

describe('the gate of an export', () => {
  it('releases as many replies as its budget says, for each label', async () => {
    const host = await hostOf({ calls: '2/day' });
    expect(await several(host, [acme, acme, acme, globex])).toEqual([true, true, false, true]);
  });

  it('reserves the most that a reply may have, and counts what it had', async () => {
    // 1024 are reserved each time and 4 are used: the third would need 8 + 1024.
    const host = await hostOf({ bytes: '1030/day' });
    expect(await several(host, [acme, acme, acme])).toEqual([true, true, false]);
    const exact = await hostOf({ bytes: '1032/day' });
    expect(await several(exact, [acme, acme, acme, acme])).toEqual([true, true, true, false]);
    const small = await hostOf({ bytes: '1023/day' });
    expect(await several(small, [acme])).toEqual([false]);
  });

  it('releases the value, and not how much work its making was', async () => {
    const host = await makeHost({
      compartments: { counter: { ...counter({ calls: '1/day' }), limits: { fuel: 1_000 } } },
    });
    const [released, kept] = [await host.call('counter.count', [], acme), await host.call('counter.count', [], acme)];
    expect(released.label.secrecy).toEqual([]);
    expect(released).not.toHaveProperty('fuel');
    expect(kept.label.secrecy).toEqual(['customer:acme']);
    expect(kept.fuel).toBeGreaterThan(0);
  });

  it('has each use in the journal, with what was taken from the budget', async () => {
    const host = await hostOf({ calls: '1/day' });
    await several(host, [acme, acme]);
    host.checkpoint();
    const uses = [...gates(host.journalPath ?? '')];
    expect(uses).toMatchObject([
      { gate: 'counter.count', direction: 'reply', declassified: ['customer:acme'], bytes: 1024, calls: 1 },
    ]);
    expect(uses[0]).toMatchObject({ before: { secrecy: ['customer:acme'] }, after: { secrecy: [] } });
  });

  it('releases a failure as well, and counts it', async () => {
    const host = await hostOf({ calls: '1/day' });
    const labelOfFailure = async () => {
      const error: unknown = await host.call('counter.fail', [], acme).catch((thrown: unknown) => thrown);
      if (!isCofferdamError(error, 'GUEST_TRAP')) throw error;
      return error.details.label;
    };
    expect(await labelOfFailure()).toMatchObject({ secrecy: [] });
    expect(await labelOfFailure()).toMatchObject({ secrecy: ['customer:acme'] });
  });
});
