import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { queryEvents } from '../../index.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, type Lab } from '../lab.ts';
import type { Victim } from '../victim.ts';
import { problemsOf, record, releases } from './journals.ts';

/** Ordinary events that a crash may lose: see docs/audit.md. */
const MAX_LOST = 4096;
const KEPT_PER_RELEASE = 20;

export default defineCase({
  number: 57,
  name: 'killed-host',
  group: 'Audit',
  title: 'the host is killed in the middle, and what it did is not in the journal',
  async attack(lab) {
    await record(lab, []); // what keeps no journal says so here, and not in another process
    for (const rounds of lab.isRemote ? [1] : [1, 2, 3]) {
      const folder = lab.folder();
      const journal = join(folder, 'audit.db');
      const victim = lab.victim(folder);
      await hasReleased(victim, folder, rounds * 20);
      await sleep((lab.seed * rounds) % 40);
      await victim.kill();
      const { released, kept } = counted(folder);
      expect(problemsOf(journal)).toEqual([]);
      const count = (kind: 'gate' | 'call') => [...queryEvents(journal, { kinds: [kind] })].length;
      // What left is there, all of it; of the rest no more is lost than was said.
      expect(count('gate') - released, 'releases recorded and not seen').toBeGreaterThan(-1);
      expect(count('gate') - released, 'releases recorded and not seen').toBeLessThan(2);
      expect(kept + released - count('call'), 'calls lost').toBeLessThanOrEqual(MAX_LOST);
      // The next host goes on with it.
      const { heads } = await record(lab, [1], journal);
      expect(problemsOf(journal, heads[0])).toEqual([]);
    }
  },
  async twin(lab) {
    const folder = lab.folder();
    const { host, round } = await start(lab, folder);
    for (let n = 0; n < 3; n++) await round(n);
    await host.close();
    const journal = join(folder, 'audit.db');
    expect(problemsOf(journal)).toEqual([]);
    expect([...queryEvents(journal, { kinds: ['gate'] })]).toHaveLength(3);
    expect([...queryEvents(journal, { kinds: ['call'] })]).toHaveLength(3 * (KEPT_PER_RELEASE + 1));
  },
  async victim(lab, folder) {
    const { round } = await start(lab, folder);
    for (let n = 0; ; n++) await round(n);
  },
});

/** A host, and what it does over and over. How often, stands in a file, which outlives it. */
async function start({ make }: Lab, folder: string) {
  const numbers = new BigUint64Array(2);
  const file = openSync(join(folder, 'numbers'), 'w');
  const count = (at: 0 | 1) => {
    numbers[at] = (numbers[at] ?? 0n) + 1n;
    writeSync(file, numbers, 0, numbers.byteLength, 0);
  };
  const host = await make(releases(join(folder, 'audit.db')), { resources: { sink: () => count(0) } });
  const round = async (n: number) => {
    for (let i = 0; i < KEPT_PER_RELEASE; i++) {
      await host.call('gate.keep', [n], acme);
      count(1);
    }
    await host.call('gate.send', [n], acme);
  };
  return { host, round };
}

function counted(folder: string): { readonly released: number; readonly kept: number } {
  const bytes = readFileSync(join(folder, 'numbers'));
  if (bytes.length < 16) return { released: 0, kept: 0 };
  return { released: Number(bytes.readBigUInt64LE(0)), kept: Number(bytes.readBigUInt64LE(8)) };
}

async function hasReleased(victim: Victim, folder: string, times: number): Promise<void> {
  while (!existsSync(join(folder, 'numbers')) || counted(folder).released < times) {
    victim.assertAlive();
    await sleep(2);
  }
}
