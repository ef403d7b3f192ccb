import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { processes } from '../src/host/processes.ts';
import { verifyJournal } from '../src/index.ts';
import { makeHost } from './arena.ts';
import { ledger, noting } from './killed-guests.ts';

const PUBLIC = { label: {} };
const CALLS = 1_000;
const KILLS = 6;
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 2 ** 31);

afterEach(() => void vi.restoreAllMocks());

/** Park and Miller: the moments can be repeated from the seed. */
function makeRandom(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

const worker = { ...noting, kind: 'process' };

test('kill -9 of a process in the middle of a thousand calls: each ends once, others go on', {
  timeout: 120_000,
}, async () => {
  const pids: number[] = [];
  const take = processes.take.bind(processes);
  vi.spyOn(processes, 'take').mockImplementation(() => {
    const taken = take();
    pids.push(taken.child.pid);
    return taken;
  });
  const random = makeRandom(SEED);
  const host = await makeHost({
    compartments: { worker, ledger, other: { ...ledger, kind: 'process' } },
    links: [{ from: 'worker', import: 'note', to: 'ledger' }],
    audit: { path: './audit.db' },
  });
  await host.call('other.note', [1], PUBLIC);
  const [other] = pids;
  const outcomes: string[] = [];
  const killed: Promise<unknown>[] = [];
  for (let n = 0; n < CALLS; n++) {
    const pid = pids.at(-1);
    if (n % Math.floor(CALLS / KILLS) === 50 && pid !== other) {
      // Sent by another process: this one waits for the call.
      const shell = spawn('/bin/sh', ['-c', `sleep ${(random() * 0.02).toFixed(4)}; kill -9 ${pid}`]);
      killed.push(once(shell, 'exit'));
    }
    outcomes.push(
      await host.call<number>('worker.run', [n], PUBLIC).then(
        ({ value }) => (value === n + 1 ? 'ok' : `wrong: ${value}`),
        (error: { code: string }) => error.code,
      ),
    );
  }
  await Promise.all(killed);
  const hint = `CRASH_SEED=${SEED}`;
  expect([...new Set(outcomes)].sort(), hint).toEqual(['COMPARTMENT_DIED', 'ok']);
  // Some are found dead between two calls, and cost none.
  expect(outcomes.filter((outcome) => outcome !== 'ok').length, hint).toBeLessThanOrEqual(killed.length);
  expect(pids.length, hint).toBeGreaterThan(2); // it was killed, and began anew
  for (let n = 0; n < CALLS; n++) {
    const { value } = await host.call<number>('ledger.times', [n], PUBLIC);
    if (outcomes[n] === 'ok') expect(value, `${hint}, call ${n}`).toBe(1);
    else expect(value, `${hint}, call ${n}`).toBeLessThanOrEqual(1);
  }
  expect((await host.call('other.times', [1], PUBLIC)).value).toBe(1);
  const { journalPath } = host;
  await host.close();
  expect(verifyJournal(journalPath ?? ''), hint).toMatchObject({ ok: true, problems: [] });
});
