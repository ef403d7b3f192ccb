import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBatch } from '../../src/audit/decode.ts';
import { BatchEncoder } from '../../src/audit/encode.ts';
import { FORMAT_EVENTS_4 } from '../../src/audit/format.ts';
import { GENESIS_HASH } from '../../src/audit/hash.ts';
import { openJournal } from '../../src/audit/journal.ts';
import { LIMITS } from '../../src/audit/limits.ts';
import { verifyJournal } from '../../src/audit/verify.ts';
import { isCofferdamError } from '../../src/error.ts';
import { anyEvent, readAll, tamper, temporaryJournal, testClock, writeJournal } from './support.ts';

const code = (value: string) => expect.objectContaining({ code: value });

function expectRefused(path: string, errorCode: string): void {
  expect(() => verifyJournal(path)).toThrow(code(errorCode));
  expect(() => readAll(path)).toThrow(code(errorCode));
}

test('what is not there, or not a file, is AUDIT_READ', () => {
  const path = temporaryJournal();
  expectRefused(path, 'AUDIT_READ');
  mkdirSync(path);
  expectRefused(path, 'AUDIT_READ');
});

test('what is not a journal is AUDIT_FORMAT, for readers and for a host, and stays as it was', () => {
  const makers: ((path: string) => void)[] = [
    (path) => writeFileSync(path, ''),
    (path) => writeFileSync(path, 'not a database at all'.repeat(100)),
    (path) => new DatabaseSync(path).exec('CREATE TABLE notes (text)'),
    (path) => new DatabaseSync(path).exec('PRAGMA application_id = 7; CREATE TABLE batches (first_seq)'),
  ];
  for (const make of makers) {
    const path = temporaryJournal();
    make(path);
    const before = [readFileSync(path), statSync(path).mode];
    expectRefused(path, 'AUDIT_FORMAT');
    expect(() => openJournal({ path, clock: testClock() })).toThrow(code('AUDIT_FORMAT'));
    expect([readFileSync(path), statSync(path).mode]).toEqual(before);
  }
});

test('a schema with anything in it that SQLite would run is refused', () => {
  const additions = [
    'CREATE VIEW v AS SELECT 1',
    'CREATE TRIGGER t AFTER INSERT ON batches BEGIN DELETE FROM batches; END',
    'CREATE INDEX i ON batches (abs(count))',
    'CREATE TABLE other (x)',
    'ALTER TABLE batches ADD COLUMN g BLOB AS (hash)',
    'ALTER TABLE batches RENAME TO old; CREATE VIEW batches AS SELECT * FROM old',
    'PRAGMA user_version = 2',
    'PRAGMA application_id = 0',
  ];
  for (const addition of additions) {
    const path = temporaryJournal();
    writeJournal(path, 2, 2);
    tamper(path, (database) => database.exec(addition));
    expectRefused(path, 'AUDIT_FORMAT');
    expect(() => openJournal({ path, clock: testClock() }), addition).toThrow(code('AUDIT_FORMAT'));
  }
});

test('a blob that is too large is not read', () => {
  const path = temporaryJournal();
  writeJournal(path, 2, 2);
  tamper(path, (database) =>
    database.exec(`UPDATE batches SET payload = zeroblob(${LIMITS.maxPayloadBytes + 1}) WHERE first_seq = 3`),
  );
  expect(verifyJournal(path).problems).toContainEqual(expect.objectContaining({ kind: 'format', at: 3 }));
  expect(() => readAll(path)).toThrow(code('AUDIT_FORMAT'));
});

test('a number beyond what JavaScript counts is a problem, not a crash', () => {
  for (const value of ['9223372036854775807', '-5', `${Number.MAX_SAFE_INTEGER}`]) {
    const path = temporaryJournal();
    writeJournal(path, 2, 2);
    tamper(path, (database) => database.exec(`UPDATE batches SET first_seq = ${value} WHERE first_seq = 3`));
    expect(verifyJournal(path).ok).toBe(false);
  }
});

test('random bytes written over the file: an error, a problem, or the same events', () => {
  const path = temporaryJournal();
  writeJournal(path, 30, 20);
  const original = readAll(path);
  const bytes = readFileSync(path);
  const broken = `${path}.broken`;
  for (let round = 0; round < 100; round++) {
    const changed = Buffer.from(bytes);
    const at = Math.floor(Math.random() * changed.length);
    for (let i = at; i < Math.min(at + 1 + (round % 8), changed.length); i++) changed[i] = Math.random() * 256;
    writeFileSync(broken, changed);
    copyFileSync(`${path}.head`, `${broken}.head`);
    try {
      if (verifyJournal(broken).ok) expect(readAll(broken)).toEqual(original);
    } catch (error) {
      expect(isCofferdamError(error, 'AUDIT_FORMAT'), `byte ${at}: ${String(error)}`).toBe(true);
    }
  }
});

test('any payload is read as events or refused with AUDIT_FORMAT', () => {
  const refused = (payload: Uint8Array, count: number): void => {
    const batch = { firstSeq: 1, count, prevHash: GENESIS_HASH, hash: GENESIS_HASH, format: FORMAT_EVENTS_4, payload };
    try {
      expect([...decodeBatch(batch)]).toHaveLength(count);
    } catch (error) {
      expect(isCofferdamError(error, 'AUDIT_FORMAT'), String(error)).toBe(true);
    }
  };
  const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 20 }), mutation, fc.nat(30), (events, { at, byte, cut }, count) => {
      const encoder = new BatchEncoder(64);
      for (const event of events) encoder.add(event, 1);
      const payload = Buffer.from(encoder.payload());
      if (payload.length > 0) payload[at % payload.length] = byte;
      refused(payload.subarray(0, payload.length - Math.min(cut, payload.length)), count);
    }),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(50), refused), { numRuns: 500 });
  refused(new Uint8Array(), 0xffff_ffff);
});

test('a closed journal can be read in a read-only folder; one that a crash left is AUDIT_READ there', () => {
  const path = temporaryJournal();
  writeJournal(path, 3, 4);
  // Another user may not be able to read this checkout, so it gets a copy of what it runs.
  const copy = join(dirname(temporaryJournal()), 'src');
  for (const part of ['audit', 'label', 'error.ts', 'codes.ts']) {
    cpSync(new URL(`../../src/${part}`, import.meta.url), join(copy, part), { recursive: true });
  }
  for (const folder of [dirname(copy), dirname(path)]) chmodSync(folder, 0o755);
  const node = join(dirname(copy), 'node');
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  const module = pathToFileURL(join(copy, 'audit/verify.ts')).href;
  const script = `
    import { verifyJournal } from ${JSON.stringify(module)};
    try {
      console.log(verifyJournal(${JSON.stringify(path)}).events);
    } catch (error) {
      console.log(error.code);
    }`;
  // Root may write everywhere, so it asks nobody.
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const verifyReadOnly = (): string => {
    for (const suffix of ['', '.head']) chmodSync(path + suffix, 0o444);
    chmodSync(dirname(path), 0o555);
    const { stdout } = spawnSync(node, ['--input-type=module', '-e', script], {
      ...user,
      cwd: '/',
      encoding: 'utf8',
    });
    chmodSync(dirname(path), 0o755);
    return stdout.trim();
  };
  expect(verifyReadOnly()).toBe('12');
  writeFileSync(`${path}-wal`, 'something that waits to be read');
  expect(verifyReadOnly()).toBe('AUDIT_READ');
});
