import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { INTERRUPT_WORDS, type Running, TICKS_PER_MS } from '../../src/compartment/interrupts.ts';
import { leaseInterrupts } from '../../src/compartment/watchdog.ts';

const lease = leaseInterrupts();
const interrupts = lease.take();
const words = new Int32Array(interrupts.memory.buffer);
afterAll(() => lease.release());

const running = (ms: number): Running => ({ stopAt: (interrupts.tick + ms * TICKS_PER_MS) | 0, below: null });
const isStopped = () => (Atomics.load(words, INTERRUPT_WORDS.RUN) as number) < 0;

/** Blocks this thread, as a guest would, until it is told to stop; gives the milliseconds. */
function spin(mostMs: number): number {
  const start = performance.now();
  while (!isStopped() && performance.now() - start < mostMs);
  return performance.now() - start;
}

describe('interrupts', () => {
  it('stop what runs past its tick, and not before', () => {
    for (const ms of [40, 5, 1, 20]) {
      const one = running(ms);
      interrupts.begin(one);
      expect(spin(5_000)).toBeGreaterThan(ms - 1);
      expect(isStopped()).toBe(true);
      interrupts.end(one);
      expect(words[INTERRUPT_WORDS.RUN]).toBe(0);
    }
  });

  it('leave alone what ended in time', () => {
    for (let i = 0; i < 100_000; i++) {
      const one = running(1_000);
      interrupts.begin(one);
      expect(isStopped()).toBe(false);
      interrupts.end(one);
    }
    spin(5);
    expect(isStopped()).toBe(false);
  });

  it('go back to what was interrupted, in whatever order things end', () => {
    const [outer, inner] = [running(10_000), running(5)];
    interrupts.begin(outer);
    interrupts.begin(inner);
    expect(spin(5_000)).toBeLessThan(5_000);
    interrupts.end(inner);
    expect(isStopped()).toBe(false); // the outer one has time
    interrupts.begin(inner);
    interrupts.end(outer);
    inner.stopAt = (interrupts.tick + 10_000 * TICKS_PER_MS) | 0;
    interrupts.again(inner);
    expect(spin(30)).toBeGreaterThan(29);
    interrupts.end(inner);
    expect(words[INTERRUPT_WORDS.RUN]).toBe(0);
  });

  it('work after the watchdog has slept', async () => {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(Atomics.load(words, INTERRUPT_WORDS.ASLEEP)).toBe(1);
      const one = running(20);
      interrupts.begin(one);
      expect(spin(5_000)).toBeGreaterThan(19);
      interrupts.end(one);
    }
  });

  it('cost nothing while nothing runs, and keep no process alive', async () => {
    const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module-typescript',
      '-e',
      `import { leaseInterrupts } from ${url('../../src/compartment/watchdog.ts')};
       const leases = Array.from({ length: 3 }, leaseInterrupts);
       const all = new Set(leases.map(({ take }) => take()));
       leases[0].release();
       await new Promise((resolve) => setTimeout(resolve, 1500));
       const before = process.cpuUsage();
       await new Promise((resolve) => setTimeout(resolve, 3000));
       const { user, system } = process.cpuUsage(before);
       console.log(all.size, (user + system) / 1000);`,
    ]);
    const [count, cpuMs] = stdout.split(' ').map(Number);
    expect(count).toBe(1); // one for the process
    expect(cpuMs).toBeLessThan(50);
  });
});
