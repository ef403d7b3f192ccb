import { CofferdamError } from '../error.ts';
import type { Batch } from './hash.ts';
import { LIMITS } from './limits.ts';

const COLUMNS = 'first_seq, count, prev_hash, hash, format, payload';

export const SELECT_AFTER = `SELECT ${COLUMNS} FROM batches WHERE first_seq > ? ORDER BY first_seq LIMIT 1`;
export const SELECT_BEFORE = `SELECT ${COLUMNS} FROM batches WHERE first_seq < ? ORDER BY first_seq DESC LIMIT 1`;
export const SELECT_LAST = `SELECT ${COLUMNS} FROM batches ORDER BY first_seq DESC LIMIT 1`;
export const SELECT_BY_HASH = `SELECT ${COLUMNS} FROM batches WHERE hash = ? LIMIT 1`;
/** The batch whose last event has this number. */
export const SELECT_ENDING_AT = `SELECT ${COLUMNS} FROM (SELECT * FROM batches WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1)`;

/** A row as a batch; null for no row. The file may be hostile: every column is checked. Throws AUDIT_FORMAT. */
export function batchFrom(row: Record<string, unknown> | undefined): Batch | null {
  if (row === undefined) return null;
  const { first_seq: firstSeq, count, prev_hash: prevHash, hash, format, payload } = row;
  if (
    !isCount(firstSeq) ||
    !isCount(count) ||
    count > 0xffff_ffff ||
    !Number.isSafeInteger(firstSeq + count) ||
    !isHash(prevHash) ||
    !isHash(hash) ||
    !isCount(format) ||
    format > 0xffff_ffff ||
    !(payload instanceof Uint8Array) ||
    payload.length > LIMITS.maxPayloadBytes
  ) {
    throw new CofferdamError(
      'AUDIT_FORMAT',
      `Batch ${String(firstSeq)} of the journal is malformed - verify the journal.`,
      {
        details: { firstSeq },
      },
    );
  }
  return { firstSeq, count, prevHash, hash, format, payload };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}
