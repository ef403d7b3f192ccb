import { existsSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { CofferdamError, isCofferdamError } from '../error.ts';
import { callsBackward, callsForward } from './crossings.ts';
import { decodeBatch } from './decode.ts';
import type { AuditEvent } from './events.ts';
import type { Batch } from './hash.ts';
import type { Journal } from './journal.ts';
import { LIMITS } from './limits.ts';
import { batchFrom, SELECT_AFTER, SELECT_BEFORE, SELECT_BY_HASH } from './rows.ts';
import { assertSchema } from './schema.ts';
import { isCannotOpen, isCorrupt } from './sqlite-error.ts';

/** A journal's file (which a host may be writing), or an open journal. */
export type JournalSource = string | Journal;

/** Reads batch by batch: one is in memory at a time, and no transaction stays open that would stop the writer's checkpoints. */
export class JournalReader implements Disposable {
  readonly #database: DatabaseSync;
  readonly #isOwn: boolean;
  readonly #after: StatementSync;
  readonly #before: StatementSync;

  /** Throws AUDIT_READ or AUDIT_FORMAT. */
  constructor(source: JournalSource) {
    this.#isOwn = typeof source === 'string';
    if (typeof source === 'string') {
      this.#database = openReadOnly(source);
    } else {
      if (source.database.isOpen) source.flush();
      this.#database = source.database;
    }
    try {
      this.#after = this.#database.prepare(SELECT_AFTER);
      this.#before = this.#database.prepare(SELECT_BEFORE);
    } catch (cause) {
      this[Symbol.dispose]();
      throw unreadable(typeof source === 'string' ? source : 'The journal', cause);
    }
  }

  /** The first batch whose first event has a number above `seq`, or null. Throws AUDIT_FORMAT. */
  batchAfter(seq: number): Batch | null {
    const batch = this.#get(this.#after, seq);
    if (batch !== null && batch.firstSeq <= seq) throw misplaced(batch);
    return batch;
  }

  batchBefore(seq: number): Batch | null {
    const batch = this.#get(this.#before, seq);
    if (batch !== null && batch.firstSeq >= seq) throw misplaced(batch);
    return batch;
  }

  /** A batch with this hash, or null; a scan. Throws AUDIT_FORMAT. */
  batchWithHash(hash: Uint8Array): Batch | null {
    return this.#get(this.#database.prepare(SELECT_BY_HASH), hash);
  }

  *events(): Generator<AuditEvent> {
    for (let batch = this.batchAfter(0); batch !== null; batch = this.batchAfter(batch.firstSeq)) {
      for (const event of decodeBatch(batch)) {
        if (event.kind === 'crossings') yield* callsForward(event);
        else yield expanded(event);
      }
    }
  }

  /** Newest first, from the batch that begins at or before `seq`. */
  *eventsBackward(seq: number): Generator<AuditEvent> {
    for (let batch = this.batchBefore(seq + 1); batch !== null; batch = this.batchBefore(batch.firstSeq)) {
      for (const event of [...decodeBatch(batch)].reverse()) {
        if (event.kind === 'crossings') yield* callsBackward(event);
        else yield expanded(event);
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#isOwn && this.#database.isOpen) this.#database.close();
  }

  #get(statement: StatementSync, key: number | Uint8Array): Batch | null {
    try {
      return batchFrom(statement.get(key));
    } catch (cause) {
      if (isCofferdamError(cause)) throw cause;
      if (!isCorrupt(cause)) throw unreadable('The journal', cause);
      throw new CofferdamError('AUDIT_FORMAT', 'The journal is damaged - verify it.', { cause });
    }
  }
}

/** `host#` as a receiver is the host under the number of the message: a name that need not be written each time. */
function expanded(event: AuditEvent): AuditEvent {
  return event.kind === 'reply' && event.to === 'host#' ? { ...event, to: `host#${event.message}` } : event;
}

function openReadOnly(path: string): DatabaseSync {
  try {
    if (!statSync(path).isFile()) throw new Error(`${path} is not a file`);
    try {
      return openDefensive(path);
    } catch (error) {
      // A journal in WAL mode needs a -shm file beside it. Where none can be made (a read-only folder) and no -wal file waits to
      // be read, nobody writes it, and it can be read as it stands.
      if (!isCannotOpen(error) || existsSync(`${path}-wal`)) throw error;
      const url = pathToFileURL(path);
      url.searchParams.set('immutable', '1');
      return openDefensive(path, url);
    }
  } catch (cause) {
    if (isCofferdamError(cause)) throw cause;
    throw unreadable(path, cause);
  }
}

/** The file may be hostile: nothing in it is run, and what it can make us allocate is bounded. */
function openDefensive(path: string, location: string | URL = path): DatabaseSync {
  const database = new DatabaseSync(location, {
    readOnly: true,
    timeout: 5000,
    defensive: true,
    limits: { length: LIMITS.maxPayloadBytes, attach: 0 },
  });
  try {
    database.exec('PRAGMA trusted_schema = OFF');
    assertSchema(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function unreadable(path: string, cause?: unknown): CofferdamError {
  return new CofferdamError('AUDIT_READ', `${path} cannot be opened - check that it is a journal that you may read.`, {
    cause,
    details: { path },
  });
}

function misplaced({ firstSeq }: Batch): CofferdamError {
  return new CofferdamError(
    'AUDIT_FORMAT',
    `The journal's batch at event ${firstSeq} is out of place - verify the journal.`,
  );
}
