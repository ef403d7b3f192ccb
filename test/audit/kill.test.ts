import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openJournal } from '../../src/audit/journal.ts';
import { BATCH_LIMITS } from '../../src/audit/limits.ts';
import { JournalReader } from '../../src/audit/reader.ts';
import { verifyJournal } from '../../src/audit/verify.ts';
import { call, readAll, temporaryJournal, testClock } from './support.ts';

const code = (value: string) => expect.objectContaining({ code: value });

function spawnWriter(path: string, numbersPath = '-') {
  const script = new URL('./writer-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, path, numbersPath], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** A process that writes the journal, once it has written something. */
async function startWriter(path: string, numbersPath = '-'): Promise<ChildProcess> {
  const child = spawnWriter(path, numbersPath);
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  expect(child.exitCode).toBeNull();
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

test('kill -9 at a random moment: durable events are all there, ordinary ones within the bound', async () => {
  const path = temporaryJournal();
  const numbersPath = `${path}.numbers`;
  for (let round = 0; round < 12; round++) {
    const child = await startWriter(path, numbersPath);
    const delayMs = Math.random() * 120;
    await sleep(delayMs);
    await kill(child);
    const { buffer, byteOffset } = readFileSync(numbersPath);
    const [appended = 0n, durable = 0n] = new BigUint64Array(buffer.slice(byteOffset, byteOffset + 16));
    const report = verifyJournal(path);
    expect(report, `killed after ${delayMs} ms`).toMatchObject({ ok: true, problems: [] });
    expect(report.events).toBeGreaterThanOrEqual(Number(durable));
    expect(Number(appended) - report.events).toBeLessThanOrEqual(BATCH_LIMITS.maxEvents);
  }
  // What is there was written as such, from the first run to the last.
  expect(readAll(path).every(({ kind }, at) => (kind === 'write') === (at % 8 === 7))).toBe(true);
});

test('kill -9 while the journal is being made: none, or one that verifies; the next host goes on', async () => {
  for (let round = 0; round < 8; round++) {
    const path = temporaryJournal();
    const child = spawnWriter(path);
    // The folder's first file means that the journal is being opened.
    await expect.poll(() => readdirSync(dirname(path)).length, { interval: 1, timeout: 20_000 }).toBeGreaterThan(0);
    await sleep(Math.random() * 8);
    await kill(child);
    if (existsSync(path)) expect(verifyJournal(path)).toMatchObject({ ok: true, problems: [] });
    using journal = openJournal({ path, clock: testClock() });
    journal.appendDurable(call(1));
    expect(verifyJournal(path).ok).toBe(true);
  }
});

test('a journal has one writer, and the lock ends with the process that holds it', async () => {
  const path = temporaryJournal();
  const child = await startWriter(path);
  expect(() => openJournal({ path, clock: testClock() })).toThrow(code('AUDIT_LOCKED'));
  await kill(child);
  using journal = openJournal({ path, clock: testClock() });
  expect(() => openJournal({ path, clock: testClock() })).toThrow(code('AUDIT_LOCKED'));
  // The refused attempt of this process must not have dropped the lock that keeps others out.
  const other = spawnWriter(path);
  const [refusal] = await once(other.stderr.setEncoding('utf8'), 'data');
  expect(refusal).toContain('AUDIT_LOCKED');
  journal.appendDurable(call(1));
  journal.close();
  using next = openJournal({ path, clock: testClock() });
  expect(next.head()).toEqual(journal.head());
});

test('two readers and a verification go on while a host writes', async () => {
  const path = temporaryJournal();
  const child = await startWriter(path);
  await expect.poll(() => readAll(path).length, { timeout: 20_000 }).toBeGreaterThan(100);
  using one = new JournalReader(path);
  using two = new JournalReader(path);
  const first = one.events();
  const second = two.events();
  let count = 0;
  for (let event = first.next(); !event.done && count < 3000; event = first.next()) {
    expect(event.value.seq).toBe(++count);
    if (count % 2 === 0) expect(second.next().value?.seq).toBe(count / 2);
    if (count % 500 === 0) expect(verifyJournal(path).ok).toBe(true);
    if (count % 50 === 0) await sleep(1);
  }
  expect(count).toBeGreaterThan(100);
  expect(child.exitCode).toBeNull();
  await kill(child);
  expect(verifyJournal(path).ok).toBe(true);
});
