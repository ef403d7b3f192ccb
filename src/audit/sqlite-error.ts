/** Primary result codes, the low byte of what node:sqlite reports. https://sqlite.org/rescode.html */
const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_CANTOPEN = 14;
const SQLITE_TOOBIG = 18;
const SQLITE_NOTADB = 26;

/** Does another connection hold the lock? */
export function isBusy(error: unknown): boolean {
  return hasCode(error, SQLITE_BUSY);
}

/** Can a file that SQLite needs beside the database not be made or written? */
export function isCannotOpen(error: unknown): boolean {
  return hasCode(error, SQLITE_CANTOPEN) || hasCode(error, SQLITE_READONLY);
}

/**
 * Is the file's content at fault? Our statements are fixed, so a generic error means a schema that they don't fit; a RangeError
 * means an integer that JavaScript can't hold.
 */
export function isCorrupt(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  return [SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_TOOBIG, SQLITE_NOTADB].some((code) => hasCode(error, code));
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === code;
}
