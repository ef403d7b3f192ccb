import { createHash } from 'node:crypto';

/** `prev_hash` of the first batch. */
export const GENESIS_HASH: Uint8Array = createHash('sha256').update('cofferdam journal, genesis').digest();

export interface Batch {
  /** Number of its first event. */
  readonly firstSeq: number;
  /** Events in it. */
  readonly count: number;
  readonly prevHash: Uint8Array;
  readonly hash: Uint8Array;
  /** How the payload is written: see format.ts. */
  readonly format: number;
  readonly payload: Uint8Array;
}

/** A point in the chain: the number of the last event of a batch, and the batch's hash in hex. `seq` 0 is the beginning. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

export const GENESIS_HEAD: Head = { seq: 0, hash: Buffer.from(GENESIS_HASH).toString('hex') };

const PREFIX = 'cofferdam batch\0';

/**
 * SHA-256 over: 16 bytes of prefix (no other hash of ours can be mistaken for a batch's), format (u32), count (u32),
 * first_seq (u64), prev_hash (32 bytes), payload. All of fixed length but the last, so nothing can shift between fields.
 */
export function batchHash({ format, count, firstSeq, prevHash, payload }: Omit<Batch, 'hash'>): Uint8Array {
  const header = Buffer.alloc(64);
  header.write(PREFIX, 0, 'latin1');
  header.writeUInt32BE(format, 16);
  header.writeUInt32BE(count, 20);
  header.writeBigUInt64BE(BigInt(firstSeq), 24);
  header.set(prevHash, 32);
  return createHash('sha256').update(header).update(payload).digest();
}

export function headOf(batch: Batch): Head {
  return { seq: batch.firstSeq + batch.count - 1, hash: Buffer.from(batch.hash).toString('hex') };
}

/** Hashes are public: comparing them needs no constant time. */
export function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
