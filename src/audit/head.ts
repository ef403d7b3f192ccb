import { closeSync, fdatasyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { CofferdamError } from '../error.ts';
import type { Head } from './hash.ts';
import { LIMITS } from './limits.ts';

/**
 * The small file beside the journal that says where its end was at the last durable commit, so that a cut is found.
 * First line: `cofferdam-head 1 <seq> <hash>`. Later versions may add lines (signatures) after it.
 */
const LINE = /^cofferdam-head 1 (0|[1-9][0-9]{0,15}) ([0-9a-f]{64})\n/;

function headPath(journalPath: string): string {
  return `${journalPath}.head`;
}

/** Atomic: a reader sees the old head or the new one. Throws what the file system throws. */
export function writeHead(journalPath: string, head: Head): void {
  const path = headPath(journalPath);
  const file = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(file, `cofferdam-head 1 ${head.seq} ${head.hash}\n`);
    // Without it a power cut could leave an empty head in place of the old one, which looks like tampering.
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

/** Null when there is none. Throws AUDIT_FORMAT for a file that isn't a head, AUDIT_READ for one that can't be read. */
export function readHead(journalPath: string): Head | null {
  const path = headPath(journalPath);
  const text = readSmallFile(path);
  if (text === null) return null;
  const match = LINE.exec(text);
  const seq = Number(match?.[1]);
  if (match?.[2] === undefined || !Number.isSafeInteger(seq)) {
    throw new CofferdamError(
      'AUDIT_FORMAT',
      `${path} is not a journal's head - restore it, or verify with a head kept elsewhere.`,
    );
  }
  return { seq, hash: match[2] };
}

/** Null when there's none; empty when it's too large to be a head. */
function readSmallFile(path: string): string | null {
  try {
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return null;
    return size <= LIMITS.maxHeadFileBytes ? readFileSync(path, 'latin1') : '';
  } catch (cause) {
    throw new CofferdamError('AUDIT_READ', `${path} cannot be read - check that you may read it.`, {
      cause,
      details: { path },
    });
  }
}
