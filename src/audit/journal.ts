import type { DatabaseSync } from 'node:sqlite';
import { CofferdamError } from '../error.ts';
import { BatchEncoder } from './encode.ts';
import type { EventInput } from './events.ts';
import { FORMAT_EVENTS_4 } from './format.ts';
import { batchHash, type Head } from './hash.ts';
import { BATCH_LIMITS } from './limits.ts';
import { openStore, type Store } from './store.ts';

export interface JournalOptions {
  /** The journal's file, or null for one in memory. */
  readonly path: string | null;
  /** Wall clock in milliseconds; fractions are cut off. */
  readonly clock: () => number;
  /** Smaller batches than BATCH_LIMITS; larger ones are refused, since they would loosen the documented bound of loss. */
  readonly batch?: Partial<Record<keyof typeof BATCH_LIMITS, number>>;
  /** Size at which the journal is full, and every append fails. Default: the disk, or LIMITS.maxMemoryBytes in memory. */
  readonly maxBytes?: number;
}

/** The journal of one host. Append only; every method is synchronous. */
export interface Journal extends Disposable {
  readonly path: string | null;
  /**
   * Records an ordinary event and returns its number. It is in memory until the batch is full (BATCH_LIMITS), then on
   * disk. Throws AUDIT_EVENT (this event can't be written; the journal goes on) or AUDIT_WRITE.
   */
  append(event: EventInput): number;
  /**
   * Records an event that must be on disk before it takes effect (denials, gates, grants, loads, host start), and all
   * before it. Throws as `append` does.
   */
  appendDurable(event: EventInput): number;
  /** Commits what is in memory, durably. Throws AUDIT_WRITE. */
  flush(): void;
  /** The end of what is committed. */
  head(): Head;
  /** Commits and closes. Throws AUDIT_WRITE when what is in memory can't be committed; it is closed then, too. */
  close(): void;
  /** The open database, for this room's readers of a journal in memory. */
  readonly database: DatabaseSync;
}

export function openJournal(options: JournalOptions): Journal {
  return new SqliteJournal(options);
}

class SqliteJournal implements Journal {
  readonly path: string | null;
  readonly #store: Store;
  readonly #clock: () => number;
  readonly #limits: Record<keyof typeof BATCH_LIMITS, number>;
  readonly #encoder: BatchEncoder;
  /** Number of the last event, committed or not. */
  #seq: number;
  #timer: NodeJS.Timeout | null = null;
  /** Set once, by a failed write or by `close`: what every later append throws. */
  #refusal: CofferdamError | null = null;

  constructor({ path, clock, batch = {}, maxBytes }: JournalOptions) {
    this.#limits = { ...BATCH_LIMITS, ...batch };
    assertBatchLimits(this.#limits);
    this.path = path;
    this.#clock = clock;
    this.#encoder = new BatchEncoder(this.#limits.maxBytes);
    this.#store = openStore(path, maxBytes ?? null);
    this.#seq = this.#store.head.seq;
  }

  get database(): DatabaseSync {
    return this.#store.database;
  }

  append(event: EventInput): number {
    const encoder = this.#encoder;
    const timeMs = this.#encode(event);
    if (
      encoder.count >= this.#limits.maxEvents ||
      encoder.byteLength >= this.#limits.maxBytes ||
      timeMs - encoder.firstMs >= this.#limits.maxDelayMs
    ) {
      this.#commit(false);
    } else if (this.#timer === null) {
      // Keeps the process alive for so long: a program that just ends still leaves a whole journal.
      this.#timer = setTimeout(() => this.#tick(), this.#limits.maxDelayMs);
    }
    return this.#seq;
  }

  appendDurable(event: EventInput): number {
    this.#encode(event);
    this.#commit(true);
    return this.#seq;
  }

  flush(): void {
    if (this.#refusal !== null) throw this.#refusal;
    this.#commit(true);
  }

  head(): Head {
    return this.#store.head;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#store.database.isOpen) return;
    try {
      if (this.#refusal === null) this.#commit(true);
    } finally {
      this.#refusal ??= new CofferdamError('AUDIT_WRITE', 'The journal is closed - open it again to append.');
      this.#store.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #encode(event: EventInput): number {
    if (this.#refusal !== null) throw this.#refusal;
    const timeMs = Math.floor(this.#clock());
    this.#encoder.add(event, timeMs);
    this.#seq++;
    return timeMs;
  }

  /** The error is kept: whoever appends next learns of it, since nobody can catch what a timer throws. */
  #tick(): void {
    this.#timer = null;
    if (this.#refusal !== null) return;
    try {
      this.#commit(false);
    } catch (error) {
      if (error !== this.#refusal) throw error;
    }
  }

  #commit(durable: boolean): void {
    const { count } = this.#encoder;
    if (count === 0) return;
    const { head } = this.#store;
    const draft = {
      firstSeq: head.seq + 1,
      count,
      prevHash: Buffer.from(head.hash, 'hex'),
      format: FORMAT_EVENTS_4,
      payload: this.#encoder.payload(),
    };
    try {
      this.#store.insert({ ...draft, hash: batchHash(draft) }, durable);
    } catch (cause) {
      this.#refusal = new CofferdamError(
        'AUDIT_WRITE',
        `${this.path ?? 'The journal in memory'} cannot be written - make room or repair it, then restart the host.`,
        { cause, details: { path: this.path } },
      );
      throw this.#refusal;
    }
    this.#encoder.reset();
  }
}

function assertBatchLimits(limits: Record<keyof typeof BATCH_LIMITS, number>): void {
  for (const name of Object.keys(BATCH_LIMITS) as (keyof typeof BATCH_LIMITS)[]) {
    const value = limits[name];
    if (Number.isSafeInteger(value) && value > 0 && value <= BATCH_LIMITS[name]) continue;
    throw new CofferdamError(
      'AUDIT_LIMIT',
      `batch.${name} is ${value} - give a whole number from 1 to ${BATCH_LIMITS[name]}.`,
    );
  }
}
