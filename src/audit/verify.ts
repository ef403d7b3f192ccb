import { isCofferdamError } from '../error.ts';
import { isKnownFormat } from './format.ts';
import { type Batch, batchHash, GENESIS_HASH, GENESIS_HEAD, type Head, headOf, isSameHash } from './hash.ts';
import { readHead } from './head.ts';
import { LIMITS } from './limits.ts';
import { JournalReader, type JournalSource } from './reader.ts';

/**
 * `edited`: a batch isn't what it was when it was hashed, or the chain has another hash at a known head. `missing`: batches
 * in front or in between, or the head file, are gone. `reordered`: a batch stands in another place, or twice. `cut`: the
 * end is gone. `format`: it can't be read.
 */
export type ProblemKind = 'edited' | 'missing' | 'reordered' | 'cut' | 'format';

export interface Problem {
  readonly kind: ProblemKind;
  /** Number of the first event concerned; 0 for the head file. */
  readonly at: number;
  /** For people. */
  readonly detail: string;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly events: number;
  readonly batches: number;
  /** The end of what was read: keep it elsewhere, and give it as `expect` the next time. */
  readonly head: Head;
  /** At most LIMITS.maxProblems. */
  readonly problems: readonly Problem[];
}

export interface VerifyOptions {
  /** A head that was kept where a writer of the journal can't change it. */
  readonly expect?: Head | undefined;
  readonly onProgress?: (progress: { readonly events: number; readonly batches: number }) => void;
}

/** Batches between two calls of `onProgress`. */
const PROGRESS_BATCHES = 256;

/**
 * Checks every batch's hash, that each names the one before it and begins where that ended, and that the chain runs
 * through the head file and `expect`. Throws AUDIT_READ when there's no such file, AUDIT_FORMAT when it isn't a journal.
 */
export function verifyJournal(source: JournalSource, { expect, onProgress }: VerifyOptions = {}): VerifyReport {
  const check = new Verification(source);
  try {
    check.run(expect, onProgress);
    return check.report();
  } finally {
    check.reader[Symbol.dispose]();
  }
}

class Verification {
  readonly reader: JournalReader;
  readonly #problems: Problem[] = [];
  #head: Head = GENESIS_HEAD;
  #headHash: Uint8Array = GENESIS_HASH;
  #events = 0;
  #batches = 0;

  /** Where the head file says that the journal ends. */
  readonly #knownHead: Head | null;

  constructor(source: JournalSource) {
    // Before the database, which may then only be further: a host may be writing.
    this.#knownHead = typeof source === 'string' ? this.#readHead(source) : source.head();
    this.reader = new JournalReader(source);
  }

  #readHead(path: string): Head | null {
    try {
      const head = readHead(path);
      if (head === null) this.#add('missing', 0, 'the head file is gone: a cut end would not be seen');
      return head;
    } catch (error) {
      if (!isCofferdamError(error, 'AUDIT_FORMAT')) throw error;
      this.#add('format', 0, error.message);
      return null;
    }
  }

  report(): VerifyReport {
    return {
      ok: this.#problems.length === 0,
      events: this.#events,
      batches: this.#batches,
      head: this.#head,
      problems: this.#problems,
    };
  }

  run(expect: Head | undefined, onProgress: VerifyOptions['onProgress']): void {
    const wanted = new Map<number, string[]>();
    for (const head of [this.#knownHead, expect]) {
      if (head) wanted.set(head.seq, [...(wanted.get(head.seq) ?? []), head.hash]);
    }
    this.#meet(wanted);
    let firstSeq = 0;
    for (;;) {
      const batch = this.#next(firstSeq);
      if (batch === 'unreadable') return;
      if (batch === null) break;
      firstSeq = batch.firstSeq;
      this.#check(batch);
      this.#meet(wanted);
      if (this.#batches % PROGRESS_BATCHES === 0) onProgress?.({ events: this.#events, batches: this.#batches });
    }
    onProgress?.({ events: this.#events, batches: this.#batches });
    for (const seq of wanted.keys()) this.#unmet(seq);
  }

  /** An unreadable batch ends the walk: what SQLite says after it isn't to be relied on. */
  #next(firstSeq: number): Batch | null | 'unreadable' {
    try {
      return this.reader.batchAfter(firstSeq);
    } catch (error) {
      if (!isCofferdamError(error, 'AUDIT_FORMAT')) throw error;
      this.#add('format', this.#head.seq + 1, error.message);
      return 'unreadable';
    }
  }

  #check(batch: Batch): void {
    const expected = this.#head.seq + 1;
    const isWhole = isSameHash(batchHash(batch), batch.hash);
    const follows = isSameHash(batch.prevHash, this.#headHash);
    if (!isWhole) {
      const from = this.#originOf(batch);
      if (from === null) this.#add('edited', batch.firstSeq, 'the batch does not have the hash that it was given');
      else this.#add('reordered', batch.firstSeq, `the batch belongs at event ${from}`);
    }
    if (batch.firstSeq > expected) {
      this.#add('missing', expected, `events ${expected} to ${batch.firstSeq - 1} are gone`);
    } else if (batch.firstSeq < expected) {
      this.#add('reordered', batch.firstSeq, `the batch begins inside the one before it`);
    } else if (!follows && isWhole) {
      this.#add('missing', batch.firstSeq, 'the batch does not continue the one before it');
    }
    if (!isKnownFormat(batch.format)) {
      this.#add('format', batch.firstSeq, `payload format ${batch.format} is unknown to this version`);
    }
    this.#events += batch.count;
    this.#batches++;
    this.#head = headOf(batch);
    this.#headHash = batch.hash;
  }

  /** A batch that is whole but for its place still has the hash of the place it came from. Null if that isn't so. */
  #originOf(batch: Batch): number | null {
    if (this.#problems.length >= LIMITS.maxProblems) return null;
    const end = isSameHash(batch.prevHash, GENESIS_HASH) ? 0 : this.#endOf(batch.prevHash);
    if (end === null) return null;
    return isSameHash(batchHash({ ...batch, firstSeq: end + 1 }), batch.hash) ? end + 1 : null;
  }

  #endOf(hash: Uint8Array): number | null {
    try {
      const batch = this.reader.batchWithHash(hash);
      return batch === null ? null : headOf(batch).seq;
    } catch (error) {
      // The walk itself will come to the damage and report it.
      if (isCofferdamError(error, 'AUDIT_FORMAT')) return null;
      throw error;
    }
  }

  /** Crosses off the heads that the chain has just come to. */
  #meet(wanted: Map<number, string[]>): void {
    for (const hash of wanted.get(this.#head.seq) ?? []) {
      if (hash !== this.#head.hash) {
        this.#add('edited', this.#head.seq, 'the chain has another hash here than the head that was kept');
      }
    }
    wanted.delete(this.#head.seq);
  }

  #unmet(seq: number): void {
    if (seq > this.#head.seq) {
      this.#add('cut', this.#head.seq + 1, `events ${this.#head.seq + 1} to ${seq} are gone from the end`);
    } else {
      this.#add('edited', seq, 'no batch ends where the head that was kept says');
    }
  }

  #add(kind: ProblemKind, at: number, detail: string): void {
    if (this.#problems.length < LIMITS.maxProblems) this.#problems.push({ kind, at, detail });
  }
}
