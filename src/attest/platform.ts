import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CofferdamError } from '../error.ts';

/** Marks the file as ours, and its layout: "CofE" and 1. */
const APPLICATION_ID = 0x436f6645;
const LAYOUT = 1;
const ROOT_BYTES = 32;
/** How long another host that seals just now is waited for. */
const BUSY_MS = 5_000;

const TABLES = `
  CREATE TABLE platform (id INTEGER PRIMARY KEY CHECK (id = 1), root BLOB NOT NULL, key BLOB NOT NULL) STRICT;
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${LAYOUT};`;

/**
 * What hardware would be: a secret root, a key that signs evidence, and counters that only rise. All of it is one file
 * that only its owner may read, made once; who can read it can imitate the platform, and who puts an old copy back turns
 * the counters back. When it is lost, so is everything that was sealed.
 */
export class Platform {
  readonly #database: DatabaseSync;
  readonly #root: Uint8Array;
  /** Signs evidence: ECDSA with P-256 and SHA-256, which every JWT library verifies. */
  readonly signingKey: KeyObject;

  /** `folder`: see `defaultStateDir`. Throws PLATFORM_STATE. */
  constructor(folder: string) {
    const file = join(folder, 'platform.db');
    try {
      this.#database = openPrivately(folder, file);
      const { root, key } = ensureSecrets(this.#database);
      this.#root = root;
      this.signingKey = createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' });
    } catch (cause) {
      if (cause instanceof CofferdamError) throw cause;
      throw unusable(file, cause);
    }
  }

  /** A key for one purpose: HKDF-SHA256 (RFC 5869) of the root. */
  derive(purpose: string, bytes: number): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#root, new Uint8Array(), purpose, bytes));
  }

  /** Of the platform itself: type RAND of RFC 9711, section 4.2.1. */
  get ueid(): string {
    return Buffer.from([1, ...this.derive('cofferdam-ueid/1', 32)]).toString('base64url');
  }

  get publicJwk(): Record<string, string> {
    const { kty, crv, x, y } = createPublicKey(this.signingKey).export({ format: 'jwk' });
    return { kty: kty ?? '', crv: crv ?? '', x: x ?? '', y: y ?? '' };
  }

  /** The value that a counter has; 0 if it never rose. */
  count(name: string): number {
    const row = this.#database.prepare('SELECT value FROM counters WHERE name = ?').get(name);
    return row === undefined ? 0 : Number(row.value);
  }

  /** Raises a counter by one. On disk when it returns. */
  advance(name: string): number {
    const row = this.#database
      .prepare('INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value')
      .get(name);
    return Number(row?.value);
  }

  close(): void {
    this.#root.fill(0);
    this.#database.close();
  }
}

/** `$XDG_STATE_HOME/cofferdam`, or `~/.local/state/cofferdam` (XDG Base Directory Specification: relative values are ignored). */
export function defaultStateDir(environment: NodeJS.ProcessEnv): string {
  const base = environment.XDG_STATE_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.local', 'state'), 'cofferdam');
}

function openPrivately(folder: string, file: string): DatabaseSync {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    // Made before SQLite opens it, which would let others read it; SQLite gives its temporary files the same mode.
    closeSync(openSync(file, 'wx', 0o600));
    chmodSync(file, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const { mode, uid } = statSync(file);
  if ((mode & 0o077) !== 0 || uid !== process.getuid?.()) {
    throw new CofferdamError(
      'PLATFORM_STATE',
      `${file} holds the secrets of the platform, and others can read it or own it. Make it yours alone: chmod 600.`,
      { details: { file } },
    );
  }
  return new DatabaseSync(file, { timeout: BUSY_MS });
}

/** Made by whoever comes first, and read by everybody else: hosts that start together agree. */
function ensureSecrets(database: DatabaseSync): { readonly root: Uint8Array; readonly key: Uint8Array } {
  database.exec('PRAGMA synchronous = EXTRA; BEGIN IMMEDIATE');
  if (pragma(database, 'user_version') === 0 && pragma(database, 'application_id') === 0) {
    database.exec(TABLES);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ format: 'der', type: 'pkcs8' });
    database.prepare('INSERT INTO platform VALUES (1, ?, ?)').run(randomBytes(ROOT_BYTES), key);
  }
  database.exec('COMMIT');
  if (pragma(database, 'application_id') !== APPLICATION_ID || pragma(database, 'user_version') !== LAYOUT) {
    throw new Error('it is not the file of a platform, or of a later version');
  }
  const { root, key } = database.prepare('SELECT root, key FROM platform').get() ?? {};
  if (root instanceof Uint8Array && root.length === ROOT_BYTES && key instanceof Uint8Array) return { root, key };
  throw new Error('its secrets are damaged');
}

function pragma(database: DatabaseSync, name: string): unknown {
  return database.prepare(`PRAGMA ${name}`).get()?.[name];
}

function unusable(file: string, cause: unknown): CofferdamError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `${file} cannot be used as the platform of enclaves (${why}). Set attestation.state to a folder of yours.`;
  return new CofferdamError('PLATFORM_STATE', message, { cause, details: { file } });
}
