import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { CofferdamError, isCofferdamError } from '../error.ts';
import { createJournalFile, createPrivateFile, isRegularFile } from './create.ts';
import { type Batch, GENESIS_HEAD, type Head, headOf } from './hash.ts';
import { readHead, writeHead } from './head.ts';
import { LIMITS } from './limits.ts';
import { batchFrom, SELECT_ENDING_AT, SELECT_LAST } from './rows.ts';
import { assertSchema, createSchema } from './schema.ts';
import { isBusy, isCorrupt } from './sqlite-error.ts';

const PAGE_BYTES = 4096;

export interface Store {
  readonly database: DatabaseSync;
  /** The last committed batch's end. */
  readonly head: Head;
  /** Throws what SQLite or the file system throws; the batch is then not in the journal. `durable`: survives a power cut. */
  insert(batch: Batch, durable: boolean): void;
  close(): void;
}

/**
 * Opens the journal for its only writer. Throws AUDIT_LOCKED, AUDIT_FORMAT, AUDIT_BROKEN (its end is not where its head
 * file says) or AUDIT_WRITE.
 */
export function openStore(path: string | null, maxBytes: number | null): Store {
  if (path === null) return new MemoryStore(maxBytes ?? LIMITS.maxMemoryBytes);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const lock = takeLock(path);
    try {
      return new FileStore(path, lock, maxBytes);
    } catch (error) {
      lock.close();
      throw error;
    }
  } catch (cause) {
    if (isCofferdamError(cause)) throw cause;
    if (isCorrupt(cause)) {
      const message = `${path} is not a database that SQLite can read - give another path, or move that file away.`;
      throw new CofferdamError('AUDIT_FORMAT', message, { cause, details: { path } });
    }
    throw new CofferdamError('AUDIT_WRITE', `${path} cannot be opened for writing - check the folder and its owner.`, {
      cause,
      details: { path },
    });
  }
}

/**
 * One writer per journal. SQLite's lock on a database of its own, since a lock on the journal would keep readers out. The
 * kernel drops it when the process dies. The file stays: removing it would let two processes lock two files.
 */
function takeLock(path: string): DatabaseSync {
  const lockPath = `${path}.lock`;
  if (!isRegularFile(lockPath)) createPrivateFile(lockPath);
  const lock = new DatabaseSync(lockPath, { timeout: 0, defensive: true });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock.close();
    if (!isBusy(cause)) throw cause;
    throw new CofferdamError(
      'AUDIT_LOCKED',
      `${path} is being written by another host - stop that one, or give this one a journal of its own.`,
      { cause, details: { path } },
    );
  }
}

function prepareInsert(database: DatabaseSync): StatementSync {
  return database.prepare('INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)');
}

function insertBatch(statement: StatementSync, batch: Batch): void {
  const { firstSeq, count, prevHash, hash, format, payload } = batch;
  statement.run(firstSeq, count, prevHash, hash, format, payload);
}

function limitPages(database: DatabaseSync, maxBytes: number): void {
  database.exec(`PRAGMA max_page_count = ${Math.max(4, Math.floor(maxBytes / PAGE_BYTES))}`);
}

class FileStore implements Store {
  readonly database: DatabaseSync;
  readonly #path: string;
  readonly #lock: DatabaseSync;
  readonly #insert: StatementSync;
  #head: Head;
  #isFull = true;

  constructor(path: string, lock: DatabaseSync, maxBytes: number | null) {
    this.#path = path;
    this.#lock = lock;
    const known = readHead(path);
    const isNew = !isRegularFile(path);
    if (isNew) {
      if (known !== null && known.seq > 0) throw broken(path, 'is gone, but its head file is not');
      createJournalFile(path);
    }
    this.database = new DatabaseSync(path, {
      timeout: 5000,
      defensive: true,
      limits: { length: LIMITS.maxPayloadBytes, attach: 0 },
    });
    try {
      this.database.exec('PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL');
      this.#head = this.#prepare(isNew ? GENESIS_HEAD : known);
      if (maxBytes !== null) limitPages(this.database, maxBytes);
      this.#insert = prepareInsert(this.database);
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  get head(): Head {
    return this.#head;
  }

  /** Checks that the journal ends where its head says; returns its end. */
  #prepare(known: Head | null): Head {
    assertSchema(this.database, this.#path);
    // SQLite gives the -wal and -shm files the same mode.
    chmodSync(this.#path, 0o600);
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216');
    const last = batchFrom(this.database.prepare(SELECT_LAST).get());
    const head = last === null ? GENESIS_HEAD : headOf(last);
    this.#assertHead(known, head);
    return head;
  }

  #assertHead(known: Head | null, head: Head): void {
    if (known === null) throw broken(this.#path, 'has lost its head file');
    if (known.seq > head.seq)
      throw broken(this.#path, `ends at event ${head.seq}, but its head file says ${known.seq}`);
    if (known.seq === 0) return;
    const batch = batchFrom(this.database.prepare(SELECT_ENDING_AT).get(known.seq));
    if (batch === null || headOf(batch).hash !== known.hash) {
      throw broken(this.#path, `was changed at or before event ${known.seq}`);
    }
  }

  insert(batch: Batch, durable: boolean): void {
    if (this.#isFull !== durable) {
      this.database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
      this.#isFull = durable;
    }
    insertBatch(this.#insert, batch);
    this.#head = headOf(batch);
    if (durable) writeHead(this.#path, this.#head);
  }

  close(): void {
    this.database.close();
    this.#lock.close();
  }
}

/** The same chain in memory, for a host without a journal file. It ends with the host. */
class MemoryStore implements Store {
  readonly database: DatabaseSync;
  readonly #insert: StatementSync;
  #head: Head = GENESIS_HEAD;

  constructor(maxBytes: number) {
    this.database = new DatabaseSync(':memory:', { defensive: true });
    createSchema(this.database);
    limitPages(this.database, maxBytes);
    this.#insert = prepareInsert(this.database);
  }

  get head(): Head {
    return this.#head;
  }

  insert(batch: Batch): void {
    insertBatch(this.#insert, batch);
    this.#head = headOf(batch);
  }

  close(): void {
    this.database.close();
  }
}

function broken(path: string, what: string): CofferdamError {
  return new CofferdamError(
    'AUDIT_BROKEN',
    `${path} ${what} - keep it as evidence, verify it, and start with a new journal.`,
    { details: { path } },
  );
}
