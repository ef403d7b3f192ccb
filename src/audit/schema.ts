import type { DatabaseSync } from 'node:sqlite';
import { CofferdamError } from '../error.ts';

/** "Cofd": tells a journal from any other SQLite file. */
const APPLICATION_ID = 0x436f6664;
const SCHEMA_VERSION = 1;

const TABLE =
  'CREATE TABLE batches (first_seq INTEGER PRIMARY KEY, count INTEGER NOT NULL, prev_hash BLOB NOT NULL, ' +
  'hash BLOB NOT NULL, format INTEGER NOT NULL, payload BLOB NOT NULL) STRICT';

/** Makes the schema in an empty database, in one transaction: a crash leaves an empty database or a journal. */
export function createSchema(database: DatabaseSync): void {
  database.exec(
    `BEGIN; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; ${TABLE}; COMMIT`,
  );
}

/**
 * Exactly our table and nothing else: a hostile file can bring no view, trigger, index or generated column that SQLite
 * would evaluate. Throws AUDIT_FORMAT.
 */
export function assertSchema(database: DatabaseSync, path: string): void {
  const objects = readSchema(database, path);
  if (pragma(database, 'application_id') !== APPLICATION_ID) throw notJournal(path, 'is not a Cofferdam journal');
  if (pragma(database, 'user_version') !== SCHEMA_VERSION) {
    throw notJournal(path, 'is a journal of another version of Cofferdam');
  }
  if (objects.length !== 1 || objects[0] !== TABLE) throw notJournal(path, 'has a changed schema');
}

function readSchema(database: DatabaseSync, path: string): unknown[] {
  try {
    return database
      .prepare('SELECT sql FROM sqlite_schema LIMIT 2')
      .all()
      .map((row) => row.sql);
  } catch (cause) {
    throw notJournal(path, 'is not a database that SQLite can read', cause);
  }
}

function pragma(database: DatabaseSync, name: 'application_id' | 'user_version'): unknown {
  return database.prepare(`PRAGMA ${name}`).get()?.[name];
}

function notJournal(path: string, what: string, cause?: unknown): CofferdamError {
  return new CofferdamError('AUDIT_FORMAT', `${path} ${what} - give another path, or move that file away.`, {
    cause,
    details: { path },
  });
}
