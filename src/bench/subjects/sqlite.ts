import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { assertRight, type MakeSubject } from '../row.ts';

const ROWS = 100_000;

/** One row for each record, in one transaction, without any hash: what a journal without batches would be. */
export const sqliteInserts: MakeSubject = async (scene) => {
  const database = new DatabaseSync(join(scene.folder, 'inserts.db'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE events (seq INTEGER PRIMARY KEY, kind, message, edge, bytes)');
  const insert = database.prepare('INSERT INTO events (kind, message, edge, bytes) VALUES (?, ?, ?, ?)');
  let message = 0;
  return {
    run(count) {
      database.exec('BEGIN');
      for (let i = 0; i < count; i++) insert.run(1, message++, 2, 8);
      database.exec('COMMIT');
      const found = database.prepare('SELECT max(seq) AS last FROM events').get()?.last;
      assertRight('sqlite', found, message);
    },
    counts: [ROWS, ROWS],
    close: () => database.close(),
  };
};
