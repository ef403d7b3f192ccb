import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CofferdamError } from '../error.ts';
import { loadManifest } from '../policy/index.ts';
import { reason } from './files.ts';

/** What every SQLite file begins with. Source: sqlite.org/fileformat2.html, "The Database Header". */
const SQLITE = Buffer.from('SQLite format 3\0', 'latin1');

/** The journal that a journal's own path or a manifest names. Throws CLI_FILE, CLI_JOURNAL, MANIFEST_*. */
export async function journalPath(path: string): Promise<string> {
  if (await isSqlite(path)) return path;
  const { audit, baseDir } = await loadManifest(path);
  if (audit.path !== null) return resolve(baseDir, audit.path);
  throw new CofferdamError(
    'CLI_JOURNAL',
    `${path} keeps its journal in memory, so nothing is left of it. Set audit.path in the manifest.`,
  );
}

async function isSqlite(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE.length), 0, SQLITE.length, 0);
    return bytesRead === SQLITE.length && buffer.equals(SQLITE);
  } catch (cause) {
    throw new CofferdamError('CLI_FILE', `${path} cannot be read (${reason(cause)}) — name a journal or a manifest.`, {
      cause,
    });
  }
}
