import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openJournal } from '../../src/audit/journal.ts';
import { verifyJournal } from '../../src/audit/verify.ts';
import { call, denied, readAll, temporaryJournal, testClock } from './support.ts';

const code = (value: string) => expect.objectContaining({ code: value });

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return null;
}

test.each([
  ['on disk', true],
  ['in memory', false],
])('a full journal %s refuses everything from then on, the same way, and what it took stays whole', (_, onDisk) => {
  const path = onDisk ? temporaryJournal() : null;
  const journal = openJournal({ path, clock: testClock(), maxBytes: 256 * 1024 });
  let taken = 0;
  const first = caught(() => {
    for (;;) {
      journal.appendDurable({
        kind: 'trap',
        message: null,
        instance: 'a#1',
        code: 'GUEST_TRAP',
        detail: 'x'.repeat(2000),
      });
      taken++;
    }
  });
  expect(first).toEqual(code('AUDIT_WRITE'));
  expect(taken).toBeGreaterThan(50);
  expect(caught(() => journal.append(call(1)))).toBe(first);
  expect(caught(() => journal.appendDurable(denied(1)))).toBe(first);
  expect(caught(() => journal.flush())).toBe(first);
  if (path === null) return;
  journal.close();
  expect(verifyJournal(path)).toMatchObject({ ok: true, events: taken });
  // With room again, it goes on.
  using again = openJournal({ path, clock: testClock() });
  expect(again.appendDurable(call(1))).toBe(taken + 1);
});

test('a failure that only the timer meets is thrown by the next append', async () => {
  const path = temporaryJournal();
  using journal = openJournal({ path, clock: () => 1, maxBytes: 64 * 1024, batch: { maxDelayMs: 20 } });
  const big = { kind: 'trap', message: null, instance: 'a#1', code: 'GUEST_TRAP', detail: 'x'.repeat(2000) } as const;
  for (let i = 0; i < 50; i++) journal.append(big);
  await expect.poll(() => caught(() => journal.append(call(1))), { timeout: 20_000 }).toEqual(code('AUDIT_WRITE'));
  expect(readAll(path)).toHaveLength(0);
});

test('a head file that cannot be written: nothing is delivered', () => {
  const path = temporaryJournal();
  using journal = openJournal({ path, clock: testClock() });
  journal.appendDurable(call(1));
  mkdirSync(`${path}.head.new`);
  const first = caught(() => journal.appendDurable(denied(2)));
  expect(first).toEqual(code('AUDIT_WRITE'));
  rmSync(`${path}.head.new`, { recursive: true });
  expect(caught(() => journal.append(call(3)))).toBe(first);
  journal.close();
  expect(verifyJournal(path).ok).toBe(true);
});

test('a write that the kernel refuses: AUDIT_WRITE, and the journal verifies', () => {
  const path = temporaryJournal();
  const script = `
    import { openJournal } from ${JSON.stringify(new URL('../../src/audit/journal.ts', import.meta.url).href)};
    const journal = openJournal({ path: ${JSON.stringify(path)}, clock: Date.now });
    const codes = [];
    for (let i = 0; i < 500 && codes.length < 3; i++) {
      try {
        journal.appendDurable({ kind: 'trap', message: null, instance: 'a', code: 'T', detail: 'x'.repeat(2000) });
      } catch (error) {
        codes.push(error.code);
      }
    }
    console.log(codes.join());`;
  // Files end at 256 KiB: with the signal ignored, write(2) fails with EFBIG, as it fails with ENOSPC on a full disk.
  const { stdout } = spawnSync(
    'sh',
    ['-c', `trap '' XFSZ; ulimit -f 512; exec "$0" --input-type=module -e "$1"`, process.execPath, script],
    { encoding: 'utf8' },
  );
  expect(stdout.trim()).toBe('AUDIT_WRITE,AUDIT_WRITE,AUDIT_WRITE');
  const report = verifyJournal(path);
  expect(report.ok).toBe(true);
  expect(report.events).toBeGreaterThan(10);
  using journal = openJournal({ path, clock: testClock() });
  expect(journal.appendDurable(call(1))).toBe(report.events + 1);
});
