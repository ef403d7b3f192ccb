import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GuestProcess } from '../../src/compartment/process/processes.ts';
import type { GuestThread } from '../../src/compartment/remote/threads.ts';
import { processes } from '../../src/host/processes.ts';
import { threads } from '../../src/host/threads.ts';
import type { Host } from '../../src/index.ts';
import { codeOf, makeHost } from '../arena.ts';
import { acme, alone, EVERY, globex } from './lifecycle-guests.ts';

afterEach(() => void vi.restoreAllMocks());

/** What `take` gives from now on. */
function watchTaken<T>(pool: { take(): T }): T[] {
  const taken: T[] = [];
  const take = pool.take.bind(pool);
  vi.spyOn(pool, 'take').mockImplementation(() => {
    const one = take();
    taken.push(one);
    return one;
  });
  return taken;
}

const pidOf = (taken: readonly GuestProcess[], index = 0): number => taken[index]?.child.pid ?? 0;

function isGone(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] === 'Z';
  } catch {
    return true;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await sleep(50);
  expect(condition()).toBe(true);
}

/** Asked five times a second; it may be silent for a second. */
const supervised = (more: object) => makeHost({ ...alone(more), limits: { heartbeat: '200ms' } });
const count = async (host: Host, at = acme) => (await host.call('counter.count', [], at)).value;

function trapsOf(host: Host): string[] {
  const traps: string[] = [];
  host.on('trap', ({ error }) => traps.push(error.code));
  return traps;
}

describe('a thread that dies between two calls', () => {
  it('is found, and the next call gets a fresh one instead of its failure', async () => {
    const taken = watchTaken<GuestThread>(threads);
    const host = await supervised({ kind: 'worker' });
    const traps = trapsOf(host);
    expect(await count(host)).toBe(1);
    await sleep(700);
    expect(await count(host)).toBe(2); // one that lives is left alone
    taken[0]?.end();
    await until(() => traps.length > 0);
    expect([traps, host.compartments()[0]?.instances]).toEqual([['COMPARTMENT_DIED'], []]);
    expect(await count(host)).toBe(1);
  });
});

describe('a process', () => {
  it('that is killed between two calls is found', async () => {
    const taken = watchTaken<GuestProcess>(processes);
    const host = await supervised({ kind: 'process' });
    const traps = trapsOf(host);
    expect(await count(host)).toBe(1);
    process.kill(pidOf(taken), 'SIGKILL');
    await until(() => traps.length > 0);
    expect([traps, host.compartments()[0]?.instances]).toEqual([['COMPARTMENT_DIED'], []]);
    expect(await count(host)).toBe(1);
  });

  it('that is stopped between two calls is found, and killed before another gets its work', async () => {
    const taken = watchTaken<GuestProcess>(processes);
    const host = await supervised({ kind: 'process' });
    const traps = trapsOf(host);
    expect(await count(host)).toBe(1);
    expect(await count(host, globex)).toBe(1);
    process.kill(pidOf(taken), 'SIGSTOP');
    await until(() => traps.length > 0);
    expect(traps).toEqual(['COMPARTMENT_DIED']);
    await until(() => isGone(pidOf(taken)));
    expect(await count(host)).toBe(1);
    expect(await count(host, globex)).toBe(2); // nobody else's business
  });

  it('that is stopped for a moment is slow, and lives', async () => {
    const taken = watchTaken<GuestProcess>(processes);
    const host = await supervised({ kind: 'process' });
    const traps = trapsOf(host);
    expect(await count(host)).toBe(1);
    process.kill(pidOf(taken), 'SIGSTOP');
    await sleep(450);
    process.kill(pidOf(taken), 'SIGCONT');
    await sleep(1_500);
    expect(await count(host)).toBe(2);
    expect(traps).toEqual([]);
  });

  it('that is stopped in the middle of a call ends it at its deadline, and is killed', async () => {
    const taken = watchTaken<GuestProcess>(processes);
    const host = await supervised({ kind: 'process', limits: { deadline: '300ms' } });
    expect(await count(host)).toBe(1);
    process.kill(pidOf(taken), 'SIGSTOP');
    expect(await codeOf(() => count(host))).toBe('LIMIT_DEADLINE');
    await until(() => isGone(pidOf(taken)));
    expect(await count(host)).toBe(1);
  });

  it('that is stopped keeps nobody waiting who asks how things are', async () => {
    const taken = watchTaken<GuestProcess>(processes);
    const host = await makeHost({ ...alone({ kind: 'process', clearance: EVERY }), limits: { heartbeat: '1h' } });
    const sizes = () => host.compartments()[0]?.instances.map(({ memoryBytes }) => memoryBytes);
    const labels = ['a', 'b', 'c'].map((name) => ({ label: { secrecy: [`customer:${name}`] } }));
    for (const at of labels) await count(host, at);
    expect(sizes()).toEqual([65_536, 65_536, 65_536]);
    for (const { child } of taken) process.kill(child.pid, 'SIGSTOP');
    const start = performance.now();
    expect(sizes()).toEqual([65_536, 65_536, 65_536]); // as of the last time that they said so
    expect(sizes()).toEqual([65_536, 65_536, 65_536]);
    expect(performance.now() - start).toBeLessThan(2_000);
    for (const { child } of taken) process.kill(child.pid, 'SIGCONT');
    expect(await count(host, labels[0])).toBe(2);
  });
});
