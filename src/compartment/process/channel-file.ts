import { closeSync, constants, ftruncateSync, mkdtempSync, openSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isErrno } from './errno.ts';

/** Files of memory: what is written there never reaches a disk. */
const TMPFS = '/dev/shm';
/** Linux: a file without a name. Node has no constant for it; on x86, ARM, RISC-V, POWER and S/390 it is this number. */
const O_TMPFILE = 0o20000000 | (constants.O_DIRECTORY ?? 0);

/** Where the files of channels are made: in memory, or where that cannot be (a container without it), in `os.tmpdir()`. */
export function channelFolder(): string {
  return isFolder(TMPFS) ? TMPFS : tmpdir();
}

/**
 * A file that only those reach who are given its descriptor: it never has a name (or, on a file system that cannot do
 * that, loses it at once, in a folder nobody else can enter). So nothing is left of it when all its holders are gone.
 */
export function openNameless(folder: string, bytes: number): number {
  const file = openWithoutName(folder) ?? openAndUnlink(folder);
  try {
    if (bytes > 0) ftruncateSync(file, bytes);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function openWithoutName(folder: string): number | null {
  try {
    return openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600);
  } catch (error) {
    // The kernel or the file system knows no such files.
    if (isErrno(error, 'EOPNOTSUPP', 'EISDIR', 'ENOENT', 'EINVAL')) return null;
    throw error;
  }
}

function openAndUnlink(folder: string): number {
  const own = mkdtempSync(join(folder, 'cofferdam-channel-'));
  const path = join(own, 'channel');
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    unlinkSync(path);
    return file;
  } finally {
    rmdirSync(own);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
