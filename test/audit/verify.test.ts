import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { batchHash, GENESIS_HEAD } from '../../src/audit/hash.ts';
import { openJournal } from '../../src/audit/journal.ts';
import { LIMITS } from '../../src/audit/limits.ts';
import { batchFrom } from '../../src/audit/rows.ts';
import { verifyJournal } from '../../src/audit/verify.ts';
import { call, tamper, temporaryJournal, testClock, writeJournal } from './support.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const problem = (kind: string, at: number) => expect.objectContaining({ kind, at });

const BATCHES = 20;
const SIZE = 5;
const EVENTS = BATCHES * SIZE;

function journal(): string {
  const path = temporaryJournal();
  writeJournal(path, BATCHES, SIZE);
  return path;
}

const problemsAfter = (change: (database: DatabaseSync) => void) => {
  const path = journal();
  tamper(path, change);
  const report = verifyJournal(path);
  expect(report.ok).toBe(report.problems.length === 0);
  return report.problems;
};

test('an untouched journal verifies, with progress', () => {
  const path = journal();
  const progress: number[] = [];
  const report = verifyJournal(path, { onProgress: ({ events }) => progress.push(events) });
  expect(report).toMatchObject({ ok: true, events: EVENTS, batches: BATCHES, problems: [], head: { seq: EVENTS } });
  expect(progress.at(-1)).toBe(EVENTS);
  expect(verifyJournal(path, { expect: report.head }).ok).toBe(true);
});

test('an empty journal verifies', () => {
  const path = temporaryJournal();
  openJournal({ path, clock: testClock() }).close();
  expect(verifyJournal(path)).toEqual({ ok: true, events: 0, batches: 0, head: GENESIS_HEAD, problems: [] });
});

describe('an edited column of any batch is found', () => {
  const edits: [column: string, to: string, kind: string][] = [
    ['count', 'count + 1', 'edited'],
    ['prev_hash', 'zeroblob(32)', 'edited'],
    ['hash', 'zeroblob(32)', 'edited'],
    ['format', 'format + 1', 'edited'],
    ['payload', "CAST(payload || x'00' AS BLOB)", 'edited'],
    ['payload', "x''", 'edited'],
    ['first_seq', 'first_seq + 1', 'reordered'],
    ['count', '0', 'format'],
    ['hash', "x'00'", 'format'],
    ['format', '-1', 'format'],
  ];
  test.each(edits)('%s = %s: %s', (column, to, kind) => {
    for (const batch of [0, 1 + Math.floor(Math.random() * (BATCHES - 2)), BATCHES - 1]) {
      const first = batch * SIZE + 1;
      const at = column === 'first_seq' ? first + 1 : first;
      const problems = problemsAfter((database) =>
        database.exec(`UPDATE batches SET ${column} = ${to} WHERE first_seq = ${first}`),
      );
      expect(problems).toContainEqual(problem(kind, at));
    }
  });

  test('one bit of one payload', () => {
    for (let round = 0; round < 10; round++) {
      const first = Math.floor(Math.random() * BATCHES) * SIZE + 1;
      const problems = problemsAfter((database) => {
        const payload = database.prepare('SELECT payload FROM batches WHERE first_seq = ?').get(first)
          ?.payload as Buffer;
        const at = Math.floor(Math.random() * payload.length);
        payload[at] = (payload[at] ?? 0) ^ (1 << Math.floor(Math.random() * 8));
        database.prepare('UPDATE batches SET payload = ? WHERE first_seq = ?').run(payload, first);
      });
      expect(problems).toContainEqual(problem('edited', first));
    }
  });
});

describe('a cut is found', () => {
  test.each([
    ['front', 'first_seq = 1', 'missing', 1],
    ['middle', 'first_seq IN (46, 51)', 'missing', 46],
    ['tail', 'first_seq > 90', 'cut', 91],
    ['whole', 'true', 'cut', 1],
  ])('%s', (_, where, kind, at) => {
    expect(problemsAfter((database) => database.exec(`DELETE FROM batches WHERE ${where}`))).toContainEqual(
      problem(kind, at),
    );
  });

  test('the tail in the -wal file of a host that died', () => {
    for (const before of [0, 2 * SIZE]) {
      const path = temporaryJournal();
      if (before > 0) writeJournal(path, 2, SIZE);
      using journal = openJournal({ path, clock: testClock() });
      journal.appendDurable(call(1));
      const copy = `${path}.copy`;
      for (const suffix of ['', '.head', '-wal']) copyFileSync(path + suffix, copy + suffix);
      expect(verifyJournal(copy)).toMatchObject({ ok: true, events: before + 1 });
      for (const suffix of ['-wal', '-shm']) rmSync(copy + suffix);
      expect(verifyJournal(copy).problems).toEqual([problem('cut', before + 1)]);
    }
  });
});

const COLUMNS = 'count, prev_hash, hash, format, payload';

describe('a batch in another place is found', () => {
  test('two that changed places', () => {
    const problems = problemsAfter((database) =>
      database.exec(`
        UPDATE batches SET first_seq = 1000 WHERE first_seq = 21;
        UPDATE batches SET first_seq = 21 WHERE first_seq = 61;
        UPDATE batches SET first_seq = 61 WHERE first_seq = 1000;`),
    );
    expect(problems).toContainEqual(problem('reordered', 21));
    expect(problems).toContainEqual(problem('reordered', 61));
  });

  test('one twice, at the end', () => {
    const problems = problemsAfter((database) =>
      database.exec(`INSERT INTO batches SELECT ${EVENTS + 1}, ${COLUMNS} FROM batches WHERE first_seq = 21`),
    );
    expect(problems).toEqual([problem('reordered', EVENTS + 1)]);
  });

  test('one twice, in between', () => {
    const problems = problemsAfter((database) =>
      database.exec(`INSERT INTO batches SELECT 24, ${COLUMNS} FROM batches WHERE first_seq = 21`),
    );
    expect(problems).toContainEqual(problem('reordered', 24));
  });
});

/** What an attacker does who knows how the journal is made: every hash from `first` on is right again. */
function forgeFrom(database: DatabaseSync, first: number): void {
  database.prepare("UPDATE batches SET payload = CAST(payload || x'00' AS BLOB) WHERE first_seq = ?").run(first);
  const rows = database.prepare('SELECT * FROM batches WHERE first_seq >= ? ORDER BY first_seq').all(first);
  let prevHash: Uint8Array | null = null;
  for (const row of rows) {
    const batch = batchFrom(row);
    if (batch === null) throw new Error('no batch');
    const forged = { ...batch, prevHash: prevHash ?? batch.prevHash };
    prevHash = batchHash(forged);
    database
      .prepare('UPDATE batches SET prev_hash = ?, hash = ? WHERE first_seq = ?')
      .run(forged.prevHash, prevHash, batch.firstSeq);
  }
}

describe('the head file', () => {
  test('a chain that was made anew does not meet it', () => {
    expect(problemsAfter((database) => forgeFrom(database, 51))).toEqual([problem('edited', EVENTS)]);
  });

  test('its absence is a problem, and so is one that cannot be read', () => {
    const path = journal();
    for (const text of ['', 'cofferdam-head 1 x\n', 'x'.repeat(LIMITS.maxHeadFileBytes + 1)]) {
      writeFileSync(`${path}.head`, text);
      expect(verifyJournal(path).problems).toEqual([problem('format', 0)]);
    }
    rmSync(`${path}.head`);
    expect(verifyJournal(path).problems).toEqual([problem('missing', 0)]);
  });

  test('an older one is what a crash leaves', () => {
    const path = temporaryJournal();
    writeJournal(path, 2, SIZE);
    copyFileSync(`${path}.head`, `${path}.old`);
    writeJournal(path, 2, SIZE);
    copyFileSync(`${path}.old`, `${path}.head`);
    expect(verifyJournal(path)).toMatchObject({ ok: true, events: 4 * SIZE });
    openJournal({ path, clock: testClock() }).close();
  });

  test('one that names no batch end is a problem', () => {
    const path = journal();
    const { hash } = verifyJournal(path).head;
    writeFileSync(`${path}.head`, `cofferdam-head 1 ${EVENTS - 1} ${hash}\n`);
    expect(verifyJournal(path).problems).toEqual([problem('edited', EVENTS - 1)]);
  });
});

test('a head kept elsewhere finds what the head file cannot: the whole journal made anew', () => {
  const path = journal();
  const kept = verifyJournal(path).head;
  const forge = { ...kept };
  tamper(path, (database) => forgeFrom(database, 1));
  const hash = verifyJournal(path).head.hash;
  writeFileSync(`${path}.head`, `cofferdam-head 1 ${EVENTS} ${hash}\n`);
  expect(verifyJournal(path).ok).toBe(true);
  expect(verifyJournal(path, { expect: forge }).problems).toEqual([problem('edited', EVENTS)]);

  tamper(path, (database) => database.exec(`DELETE FROM batches WHERE first_seq > 1`));
  writeFileSync(`${path}.head`, `cofferdam-head 1 0 ${GENESIS_HEAD.hash}\n`);
  expect(verifyJournal(path).ok).toBe(true);
  expect(verifyJournal(path, { expect: kept }).problems).toEqual([problem('cut', SIZE + 1)]);
});

test('a host does not go on with a journal whose end was changed', () => {
  const changes: ((path: string) => void)[] = [
    (path) => tamper(path, (database) => database.exec('DELETE FROM batches WHERE first_seq > 90')),
    (path) => tamper(path, (database) => database.exec('DELETE FROM batches')),
    (path) => tamper(path, (database) => database.exec(`UPDATE batches SET hash = zeroblob(32) WHERE first_seq = 96`)),
    (path) => tamper(path, (database) => forgeFrom(database, 51)),
    (path) => rmSync(`${path}.head`),
    (path) => rmSync(path),
  ];
  for (const change of changes) {
    const path = journal();
    change(path);
    expect(() => openJournal({ path, clock: testClock() })).toThrow(code('AUDIT_BROKEN'));
  }
});

test('the list of problems is bounded, the count of events is not', () => {
  const path = temporaryJournal();
  writeJournal(path, LIMITS.maxProblems + 20, 1);
  tamper(path, (database) => database.exec("UPDATE batches SET payload = x''"));
  const report = verifyJournal(path);
  expect(report.problems).toHaveLength(LIMITS.maxProblems);
  expect(report.events).toBe(LIMITS.maxProblems + 20);
});
