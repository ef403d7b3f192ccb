import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GuestThread } from '../../src/compartment/remote/threads.ts';
import { threads } from '../../src/host/threads.ts';
import { makeHost } from '../arena.ts';
import { acme, alone } from './lifecycle-guests.ts';

afterEach(() => void vi.restoreAllMocks());

describe('a thread that dies between two calls', () => {
  it('is found, and the next call gets a fresh one instead of its failure', async () => {
    const taken: GuestThread[] = [];
    const take = threads.take.bind(threads);
    vi.spyOn(threads, 'take').mockImplementation(() => {
      const thread = take();
      taken.push(thread);
      return thread;
    });
    const host = await makeHost(alone({ kind: 'worker' }));
    const traps: string[] = [];
    host.on('trap', ({ error }) => traps.push(error.code));
    expect((await host.call('counter.count', [], acme)).value).toBe(1);
    await sleep(400);
    expect((await host.call('counter.count', [], acme)).value).toBe(2); // one that lives is left alone
    taken[0]?.end();
    for (let i = 0; i < 40 && traps.length === 0; i++) await sleep(50);
    expect([traps, host.compartments()[0]?.instances]).toEqual([['COMPARTMENT_DIED'], []]);
    expect((await host.call('counter.count', [], acme)).value).toBe(1);
  });
});
