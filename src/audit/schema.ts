import type { DatabaseSync } from 'node:sqlite';
import { CofferdamError } from '../error.ts';
import { isCorrupt } from './sqlite-error.ts';

/** "Cofd": tells a journal from any other SQLite file. */
const APPLICATION_ID = 0x436f6664;
const SCHEMA_VERSION = 1;

const TABLE =
  'CREATE TABLE batches (first_seq INTEGER PRIMARY KEY, count INTEGER NOT NULL, prev_hash BLOB NOT NULL, ' +
  'hash BLOB NOT NULL, format INTEGER NOT NULL, payload BLOB NOT NULL) STRICT';

/** Makes the schema in an empty database, in one transaction. */
export function createSchema(database: DatabaseSync): void {
  database.exec(
    `BEGIN; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; ${TABLE}; COMMIT`,
  );
}

/**
 * Exactly our table and nothing else: a hostile file can bring no view, trigger, index or generated column that SQLite
 * would evaluate. Throws AUDIT_FORMAT, or what SQLite throws where the file isn't at fault.
 */
export function assertSchema(database: DatabaseSync, path: string): void {
  const { objects, applicationId, version } = readSchema(database, path);
  if (applicationId !== APPLICATION_ID) throw notJournal(path, 'is not a Cofferdam journal');
  if (version !== SCHEMA_VERSION) throw notJournal(path, 'is a journal of another version of Cofferdam');
  if (objects.length !== 1 || objects[0]?.sql !== TABLE) throw notJournal(path, 'has a changed schema');
}

function readSchema(database: DatabaseSync, path: string) {
  try {
    return {
      objects: database.prepare('SELECT sql FROM sqlite_schema LIMIT 2').all(),
      applicationId: database.prepare('PRAGMA application_id').get()?.application_id,
      version: database.prepare('PRAGMA user_version').get()?.user_version,
    };
  } catch (cause) {
    if (!isCorrupt(cause)) throw cause;
    throw notJournal(path, 'is not a database that SQLite can read', cause);
  }
}

function notJournal(path: string, what: string, cause?: unknown): CofferdamError {
  return new CofferdamError('AUDIT_FORMAT', `${path} ${what} - give another path, or move that file away.`, {
    cause,
    details: { path },
  });
}
