import { createHash, randomBytes } from 'node:crypto';
import { constants, mkdirSync, statSync } from 'node:fs';
import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CofferdamError } from '../error.ts';
import { readBounded } from './bounded-file.ts';

export interface CacheLimits {
  /** All entries together. An entry has a plan of some 10 kB and the rewritten modules: room for hundreds of guests. */
  readonly totalBytes: number;
  /** Entries: a scan of the folder stays in the milliseconds. */
  readonly entries: number;
  /** One entry; larger results are not kept. */
  readonly entryBytes: number;
  /** A temporary file this old was left by a process that died. */
  readonly staleMs: number;
}

export const CACHE_LIMITS: CacheLimits = {
  totalBytes: 512 * 1_048_576,
  entries: 4096,
  entryBytes: 64 * 1_048_576,
  staleMs: 600_000,
};

const MAGIC = 'cofferdam-plan 1';
const ENTRY = /^[0-9a-f]{64}\.plan$/;
const TEMPORARY = /^[0-9a-f]{64}\.[0-9a-f]{16}\.tmp$/;

/** `$XDG_CACHE_HOME/cofferdam`, or `~/.cache/cofferdam` (XDG Base Directory Specification: relative values are ignored). */
export function defaultCacheDir(environment: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  const base = environment.XDG_CACHE_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(home, '.cache'), 'cofferdam');
}

/** Texts by content hash. Nothing here throws: what cannot be cached is worked out again. */
export interface Cache {
  /** The text put under this key, or null. A damaged entry is none. */
  get(key: string): Promise<string | null>;
  put(key: string, text: string): Promise<void>;
  /** Removes the oldest entries beyond the limits, and what dead processes left. */
  trim(): Promise<void>;
  /** Why there is no caching, or it failed; null as long as all is well. */
  readonly problem: string | null;
}

/**
 * A folder with one file per entry. A file is written whole under a temporary name, synced and renamed, so a reader
 * finds all of it or nothing, whenever a writer is killed; and it names its key and carries its own hash, so a damaged
 * or misplaced file is noticed. The folder is the user's alone (0700): who could write to it could choose the plans.
 */
export async function openCache(folder: string, limits: CacheLimits = CACHE_LIMITS): Promise<Cache> {
  const cache = new FolderCache(folder, limits);
  await cache.prepare();
  return cache;
}

class FolderCache implements Cache {
  problem: string | null = null;
  readonly #folder: string;
  readonly #limits: CacheLimits;

  constructor(folder: string, limits: CacheLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  async prepare(): Promise<void> {
    await this.#attempt(async () => {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const { uid, mode } = statSync(this.#folder);
      if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw new Error('others can write to the folder');
    });
  }

  async get(key: string): Promise<string | null> {
    if (this.problem !== null) return null;
    const path = this.#path(key);
    try {
      const bytes = readBounded(path, path, this.#limits.entryBytes);
      return textOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'), key);
    } catch (error) {
      // Missing is the ordinary case; anything else (a folder, a pipe, a giant) is replaced by the next put or stays unused.
      if (error instanceof CofferdamError) return null;
      throw error;
    }
  }

  async put(key: string, text: string): Promise<void> {
    if (this.problem !== null || text.length > this.#limits.entryBytes - 1024) return;
    const temporary = join(this.#folder, `${key}.${randomBytes(8).toString('hex')}.tmp`);
    await this.#attempt(async () => {
      try {
        await writeSynced(temporary, entryOf(key, text));
        await rename(temporary, this.#path(key));
      } catch (error) {
        await removeIfThere(temporary);
        throw error;
      }
    });
  }

  async trim(): Promise<void> {
    if (this.problem !== null) return;
    await this.#attempt(async () => {
      const files = await this.#files();
      let bytes = 0;
      for (const [i, file] of files.newestFirst.entries()) {
        bytes += file.bytes;
        if (bytes > this.#limits.totalBytes || i >= this.#limits.entries) await removeIfThere(file.path);
      }
      for (const path of files.abandoned) await removeIfThere(path);
    });
  }

  async #files(): Promise<{ newestFirst: { path: string; bytes: number }[]; abandoned: string[] }> {
    const now = Date.now();
    const entries: { path: string; bytes: number; modifiedMs: number }[] = [];
    const abandoned: string[] = [];
    for (const name of await readdir(this.#folder)) {
      const isTemporary = TEMPORARY.test(name);
      if (!isTemporary && !ENTRY.test(name)) continue;
      const path = join(this.#folder, name);
      const stats = await stat(path).catch(ignoreMissing);
      if (stats === null) continue;
      if (!isTemporary) entries.push({ path, bytes: stats.size, modifiedMs: stats.mtimeMs });
      else if (now - stats.mtimeMs > this.#limits.staleMs) abandoned.push(path);
    }
    return { newestFirst: entries.sort((a, b) => b.modifiedMs - a.modifiedMs), abandoned };
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.plan`);
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.problem = `The cache in ${this.#folder} is not used: ${error instanceof Error ? error.message : String(error)}.`;
    }
  }
}

function entryOf(key: string, text: string): string {
  return `${MAGIC}\n${digest(key, text)}\n${text}`;
}

function textOf(entry: string, key: string): string | null {
  const head = MAGIC.length + 1;
  const text = entry.slice(head + 65);
  return entry.slice(0, head + 65) === `${MAGIC}\n${digest(key, text)}\n` ? text : null;
}

/** Of the key too, so that a file under another's name is no entry. */
function digest(key: string, text: string): string {
  return createHash('sha256').update(key).update('\n').update(text).digest('hex');
}

async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  await file.writeFile(text);
  await file.sync();
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch(ignoreMissing);
}

function ignoreMissing(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}
