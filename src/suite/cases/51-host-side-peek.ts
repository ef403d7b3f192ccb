import { inspect } from 'node:util';
import { exportEvents, type Host } from '../../index.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme } from '../lab.ts';
import { FRANK_GUEST, VAULT, vaultArena } from './vault.ts';

const SECRET = 'Zebra-4111-1111';
const audit = { path: './audit.db' };

/** All that the host's own surface shows of a guest that was given a secret, printed it, trapped over it, and grew by it. */
async function watch(host: Host) {
  const events: unknown[] = [];
  for (const name of ['output', 'trap', 'denied', 'gate', 'started', 'stopped', 'undelivered', 'limit'] as const) {
    host.on(name, (event) => void events.push(event));
  }
  await host.call('vault.print', [SECRET], acme);
  const failure = await host.call('vault.fail', [SECRET], acme).catch((error: unknown) => error);
  await host.call('vault.grow', [3], acme);
  const status = host.compartments();
  host.checkpoint();
  const journal = [...exportEvents(host.journalPath ?? '')].join('\n');
  const own = inspect([host, status], { depth: 20, showHidden: true, getters: true });
  return { events, failure: inspect(failure, { depth: 20 }), status, journal, own };
}
const shown = (events: readonly unknown[]) => events.map(textOf).join('\n');

function textOf(event: unknown): string {
  const { bytes } = event as { bytes?: Uint8Array };
  return inspect(event, { depth: 20 }) + (bytes ? Buffer.from(bytes).toString() : '');
}

export default defineCase({
  number: 51,
  name: 'host-side-peek',
  group: 'Enclave',
  title: 'the host looks into an enclave',
  async attack({ make }) {
    const { events, failure, status, journal, own } = await watch(await make(vaultArena({}, { audit })));
    for (const text of [shown(events), failure, journal, own]) {
      expect(text).notToContain(SECRET);
      expect(text).notToContain('divide by zero');
    }
    expect(events.filter((event) => 'stream' in (event as object))).toEqual([]);
    expect(failure).toContain('GUEST_TRAP');
    expect(status.flatMap(({ instances }) => instances.map(({ memoryBytes }) => memoryBytes))).toEqual([null]);
    expect(journal).toContain('"output"'); // that it wrote, and how much, is counted
  },
  async twin({ make }) {
    for (const vault of [{ ...VAULT, enclave: { debug: true } }, FRANK_GUEST]) {
      const host = await make(vaultArena({}, { compartments: { vault }, audit }));
      const { events, failure, status, journal } = await watch(host);
      expect(shown(events)).toContain(SECRET);
      expect(shown(events)).toContain('divide by zero');
      expect(failure).toContain('divide by zero');
      expect(journal).notToContain(SECRET);
      expect(status.flatMap(({ instances }) => instances.map(({ memoryBytes }) => memoryBytes))).toEqual([4 * 65_536]);
    }
  },
});
