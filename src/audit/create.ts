import { closeSync, lstatSync, openSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { GENESIS_HEAD } from './hash.ts';
import { writeHead } from './head.ts';
import { createSchema } from './schema.ts';

/**
 * Is there such a file? Never opens it: closing a descriptor of a file that SQLite has open in this process would drop SQLite's
 * locks on it. Throws for what isn't a regular file; a symbolic link could lead the journal to where others read it.
 */
export function isRegularFile(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status !== undefined && !status.isFile()) throw new Error(`${path} is not a regular file`);
  return status !== undefined;
}

/** Makes an empty file that only its owner can read, unless another process was faster. */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!isRegularFile(path)) throw error;
  }
}

/**
 * Makes an empty journal with its head; the caller holds the lock. A process that is killed in between leaves no journal, or
 * a whole one: it is made under another name and then renamed. The head comes first: a journal without a head file can then only
 * be one whose head was taken away.
 */
export function createJournalFile(path: string): void {
  const draft = `${path}.new`;
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(draft + suffix, { force: true });
  createPrivateFile(draft);
  const database = new DatabaseSync(draft, { defensive: true });
  try {
    createSchema(database);
    // Before the rename, too: switching writes a rollback journal, which a reader may not roll back.
    database.exec('PRAGMA journal_mode = WAL');
  } finally {
    database.close();
  }
  writeHead(path, GENESIS_HEAD);
  renameSync(draft, path);
}
