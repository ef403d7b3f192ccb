import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventInput } from '../../src/audit/events.ts';
import { readHead } from '../../src/audit/head.ts';
import { openJournal } from '../../src/audit/journal.ts';
import { BATCH_LIMITS, LIMITS } from '../../src/audit/limits.ts';
import { verifyJournal } from '../../src/audit/verify.ts';
import { type ACME, anyEvent, call, denied, memoryJournal, readAll, temporaryJournal, testClock } from './support.ts';

const code = (value: string) => expect.objectContaining({ code: value });

test('any sequence of events reads back equal, numbered from 1', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyEvent, fc.boolean(), fc.nat(2_000_000_000_000)), { maxLength: 60 }), (entries) => {
      const clock = testClock();
      using journal = openJournal({ path: null, clock });
      for (const [event, durable, nowMs] of entries) {
        clock.nowMs = nowMs;
        if (durable) journal.appendDurable(event);
        else journal.append(event);
      }
      const written = entries.map(([event, , timeMs], at) => ({ seq: at + 1, timeMs, ...event }));
      expect(readAll(journal)).toStrictEqual(written);
      expect(verifyJournal(journal)).toMatchObject({ ok: true, events: written.length });
    }),
    { numRuns: 150 },
  );
});

test('a second run goes on where the first ended', () => {
  const path = temporaryJournal();
  for (const run of [1, 2, 3]) {
    using journal = openJournal({ path, clock: testClock() });
    expect(journal.append(call(1))).toBe(2 * run - 1);
    expect(journal.append(call(2))).toBe(2 * run);
  }
  expect(readAll(path).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(verifyJournal(path).ok).toBe(true);
});

test('a durable event is on disk, with all before it and the head, when append returns', () => {
  const path = temporaryJournal();
  using journal = openJournal({ path, clock: testClock() });
  journal.append(call(1));
  expect(journal.head().seq).toBe(0);
  expect(journal.appendDurable(denied(2))).toBe(2);
  expect(readAll(path).map(({ kind }) => kind)).toEqual(['call', 'denied']);
  expect(readHead(path)).toEqual(journal.head());
  expect(journal.head().seq).toBe(2);
});

test('a batch goes to disk at its last event, and not one before', () => {
  const path = temporaryJournal();
  using journal = openJournal({ path, clock: testClock() });
  for (let i = 1; i < BATCH_LIMITS.maxEvents; i++) journal.append(call(i));
  expect(readAll(path)).toHaveLength(0);
  journal.append(call(BATCH_LIMITS.maxEvents));
  expect(readAll(path)).toHaveLength(BATCH_LIMITS.maxEvents);
});

test('a batch goes to disk when its oldest event is too old, and not before', () => {
  const clock = testClock();
  const path = temporaryJournal();
  using journal = openJournal({ path, clock });
  journal.append(call(1));
  clock.nowMs += BATCH_LIMITS.maxDelayMs - 1;
  journal.append(call(2));
  expect(readAll(path)).toHaveLength(0);
  clock.nowMs += 1;
  journal.append(call(3));
  expect(readAll(path)).toHaveLength(3);
});

test('a batch goes to disk when it is too large', () => {
  const path = temporaryJournal();
  using journal = openJournal({ path, clock: testClock() });
  const edge = (i: number): string => `${i}`.padEnd(4000, 'x');
  const few = Math.floor(BATCH_LIMITS.maxBytes / 4100);
  for (let i = 0; i < few; i++) journal.append(call(i, { edge: edge(i) }));
  expect(readAll(path)).toHaveLength(0);
  for (let i = few; i < few + 4; i++) journal.append(call(i, { edge: edge(i) }));
  expect(readAll(path).length).toBeGreaterThan(few);
});

test('a batch goes to disk by the timer alone', async () => {
  const path = temporaryJournal();
  using journal = openJournal({ path, clock: Date.now });
  journal.append(call(1));
  await expect.poll(() => readAll(path).length, { timeout: 100 * BATCH_LIMITS.maxDelayMs }).toBe(1);
});

test('batch limits may be tightened, not loosened', () => {
  const path = temporaryJournal();
  const clock = testClock();
  for (const maxEvents of [0, 1.5, BATCH_LIMITS.maxEvents + 1]) {
    expect(() => openJournal({ path, clock, batch: { maxEvents } })).toThrow(code('AUDIT_LIMIT'));
  }
  using journal = openJournal({ path, clock, batch: { maxEvents: 1 } });
  journal.append(call(1));
  expect(readAll(path)).toHaveLength(1);
});

test('an event that cannot be recorded is refused whole, and the journal goes on', () => {
  const journal = memoryJournal();
  const longest = 'n'.repeat(LIMITS.maxNameChars);
  const tags = (length: number) => Array.from({ length }, (_, i) => `t${i}`);
  const broken: unknown[] = [
    { kind: 'nonsense' },
    call(-1),
    call(0.5),
    call(2 ** 53),
    call(Number.NaN),
    call(1, { edge: 'new name', to: `${longest}n` }),
    call(1, { edge: undefined as unknown as string }),
    call(1, { requestLabel: null as unknown as typeof ACME }),
    call(1, { requestLabel: { secrecy: ['new', 7 as unknown as string], integrity: [] } }),
    { ...denied(1), tags: tags(LIMITS.maxListEntries + 1) },
    { kind: 'output', instance: 'new', stream: 'stdin', bytes: 1 },
    { kind: 'host', phase: 'start', versions: null, manifestSha256: null },
  ];
  const good = [call(1, { edge: 'new name', to: longest }), { ...denied(1), tags: tags(LIMITS.maxListEntries) }];
  for (const event of broken) {
    expect(() => journal.append(event as EventInput)).toThrow(code('AUDIT_EVENT'));
    for (const one of good) journal.append(one);
  }
  const read = readAll(journal);
  expect(read).toHaveLength(broken.length * good.length);
  expect(read.slice(-2)).toMatchObject(good);
});

test('a long trap detail is cut, since guests can influence it', () => {
  const journal = memoryJournal();
  const detail = 'd'.repeat(LIMITS.maxTextChars);
  for (const text of [detail, `${detail}d`]) {
    journal.append({ kind: 'trap', message: null, instance: 'a#1', code: 'GUEST_TRAP', detail: text });
  }
  expect(readAll(journal)).toMatchObject([{ detail }, { detail: `${detail.slice(1)}…` }]);
});

test('nothing is appended after close, and closing twice does nothing', () => {
  const path = temporaryJournal();
  const journal = openJournal({ path, clock: testClock() });
  journal.append(call(1));
  journal.close();
  journal.close();
  expect(() => journal.append(call(2))).toThrow(code('AUDIT_WRITE'));
  expect(() => journal.appendDurable(call(2))).toThrow(code('AUDIT_WRITE'));
  expect(() => journal.flush()).toThrow(code('AUDIT_WRITE'));
  expect(readAll(path)).toHaveLength(1);
});

test('only the owner can read the journal, and a folder made for it', () => {
  const path = join(dirname(temporaryJournal()), 'new', 'folder', 'audit.db');
  using journal = openJournal({ path, clock: testClock() });
  journal.appendDurable(call(1));
  const mode = (file: string): number => statSync(file).mode & 0o777;
  expect(mode(dirname(path))).toBe(0o700);
  for (const suffix of ['', '-wal', '-shm', '.head', '.lock']) expect(mode(path + suffix)).toBe(0o600);
});

test('a journal is not written through a symbolic link', () => {
  const path = temporaryJournal();
  writeFileSync(`${path}.target`, '');
  symlinkSync(`${path}.target`, path);
  expect(() => openJournal({ path, clock: testClock() })).toThrow(code('AUDIT_WRITE'));
  expect(statSync(`${path}.target`).size).toBe(0);
});

test('a folder that cannot be made or a folder in the place of the file is AUDIT_WRITE', () => {
  const path = temporaryJournal();
  writeFileSync(path, '');
  mkdirSync(`${path}.folder`);
  for (const bad of [join(path, 'audit.db'), `${path}.folder`]) {
    expect(() => openJournal({ path: bad, clock: testClock() })).toThrow(code('AUDIT_WRITE'));
  }
});
