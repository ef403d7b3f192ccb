import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openJournal, verifyJournal } from '../src/index.ts';
import { copyDesk } from './desk-copy.ts';

const MAIN = join(import.meta.dirname, '../examples/support-desk/main.ts');
const KILLS = 20;
/** Set it to repeat the moments of a run that failed. */
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 2 ** 31);

/** Mulberry32: the moments can be repeated from the seed. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function start(manifest: string): ChildProcess {
  return spawn(process.execPath, [MAIN, '--json', '--manifest', manifest], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function runToEnd(manifest: string): Promise<{ ms: number; code: number | null; text: string }> {
  const startedMs = performance.now();
  const child = start(manifest);
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { ms: performance.now() - startedMs, code, text };
}

test('kill -9 at any moment: the journal verifies, and the next run goes on with it', { timeout: 60_000 }, async () => {
  console.log(`CRASH_SEED=${SEED}`);
  const random = makeRandom(SEED);
  using desk = copyDesk();
  const first = await runToEnd(desk.manifest);
  expect(first.code).toBe(0);
  let { events } = verifyJournal(desk.journal);
  let inside = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = start(desk.manifest);
    const exit = once(child, 'exit');
    const delayMs = random() * first.ms;
    await Promise.race([sleep(delayMs), exit]);
    child.kill('SIGKILL');
    const [, signal] = await exit;
    const report = verifyJournal(desk.journal);
    expect(report, `CRASH_SEED=${SEED}, kill ${kill} after ${delayMs} ms`).toMatchObject({ ok: true, problems: [] });
    expect(report.events).toBeGreaterThanOrEqual(events); // nothing that was on disk is lost
    if (signal === 'SIGKILL' && report.events > events) inside += 1;
    events = report.events;
  }
  expect(inside).toBeGreaterThan(0); // some of them hit a host that was writing
  const last = await runToEnd(desk.manifest);
  expect(last.code).toBe(0);
  const { journal, leaks } = JSON.parse(last.text) as { journal: { ok: boolean }; leaks: string[] };
  expect([journal.ok, leaks]).toEqual([true, []]);
  // The lock's file stays; the lock ended with the process that held it.
  openJournal({ path: desk.journal, clock: Date.now }).close();
  const left = readdirSync(dirname(desk.journal)).filter((name) => !/^audit\.db(\.head|\.lock)?$/.test(name));
  expect(left).toEqual([]);
});
