import { type BigIntStats, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { CofferdamError } from '../../error.ts';
import { CONTROL_LIMITS } from './limits.ts';

/** Of this user: where all its hosts have their sockets. */
export function controlFolder(): string {
  const { XDG_RUNTIME_DIR: runtime = '' } = process.env;
  const isThere = isAbsolute(runtime) && lstatSync(runtime, { throwIfNoEntry: false })?.isDirectory() === true;
  return isThere ? join(runtime, 'cofferdam') : join(tmpdir(), `cofferdam-${ownUid()}`);
}

/** Makes the folder unless it is there, and sees to it that nobody else can reach into it. Throws CONTROL_PATH. */
export function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw refused(folder, 'cannot be made', cause);
  }
  assertPrivate(folder);
}

/** A folder of another user, or one that others may write to, could hand the socket to them. Never follows a link. */
export function assertPrivate(folder: string): void {
  const status = lstatSync(folder, { throwIfNoEntry: false });
  if (status === undefined) throw refused(folder, 'is not there');
  if (!status.isDirectory()) throw refused(folder, 'is no folder');
  if (status.uid !== ownUid()) throw refused(folder, 'belongs to another user');
  if ((status.mode & 0o077) !== 0) throw refused(folder, 'can be reached by others');
}

/** What is at a path that a socket is to have: nothing, or a socket of this user. Throws CONTROL_PATH. */
export function socketAt(path: string): BigIntStats | null {
  assertPrivate(dirname(path));
  const status = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (status === undefined) return null;
  if (!status.isSocket() || status.uid !== BigInt(ownUid())) throw refused(path, 'is something else already');
  return status;
}

/** Throws CONTROL_PATH for a path that the system would cut. */
export function assertShort(path: string): void {
  if (Buffer.byteLength(path) > CONTROL_LIMITS.maxPathBytes) throw refused(path, 'is too long for a socket');
}

export function refused(path: string, why: string, cause?: unknown): CofferdamError {
  return new CofferdamError(
    'CONTROL_PATH',
    `${path} ${why}. Name a short path in a folder that is yours alone (mode 0700).`,
    { cause, details: { path } },
  );
}

function ownUid(): number {
  if (process.getuid) return process.getuid();
  throw new CofferdamError(
    'CONTROL_PATH',
    'This system has no sockets that are one user’s alone. Do without `control`.',
  );
}
