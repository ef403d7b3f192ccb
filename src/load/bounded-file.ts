import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { CofferdamError } from '../error.ts';

const CHUNK_BYTES = 1_048_576;

/**
 * The content of a regular file, opened once and read once: what is hashed is what is used, whatever happens to the
 * file meanwhile. At once: it is in the page cache or will be hashed at once anyway, and each turn through the pool of
 * threads costs a starting program more than to read what it loads. `shown` is the name that messages use. Throws LOAD_NOT_FOUND, LOAD_NOT_A_FILE, LOAD_UNREADABLE and
 * LOAD_TOO_LARGE.
 */
export function readBounded(path: string, shown: string, maxBytes: number): Uint8Array {
  try {
    // Opening a device can have effects, so it is looked at first; what counts is the look at the opened file.
    assertRegular(statSync(path), shown, maxBytes);
    // O_NONBLOCK: a named pipe put there in between does not make `open` wait for a writer.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = assertRegular(fstatSync(file), shown, maxBytes);
      return readAll(file, size, shown, maxBytes);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw explained(error, shown);
  }
}

/** Reads to the end, which may have moved since the size was asked. */
function readAll(file: number, size: number, shown: string, maxBytes: number): Uint8Array {
  // One byte more than expected, so that the read that finds the end is usually the first.
  let buffer = new Uint8Array(size + 1);
  let length = 0;
  for (;;) {
    const bytesRead = readSync(file, buffer, length, buffer.length - length, null);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
    if (length > maxBytes) throw tooLarge(shown, length, maxBytes);
    if (length === buffer.length) {
      const larger = new Uint8Array(Math.min(maxBytes + 1, length + CHUNK_BYTES));
      larger.set(buffer);
      buffer = larger;
    }
  }
}

function assertRegular<T extends { isFile(): boolean; size: number }>(stats: T, shown: string, maxBytes: number): T {
  if (!stats.isFile()) {
    throw new CofferdamError(
      'LOAD_NOT_A_FILE',
      `${shown} is not a regular file — name a file, not a folder or a pipe.`,
    );
  }
  if (stats.size > maxBytes) throw tooLarge(shown, stats.size, maxBytes);
  return stats;
}

function tooLarge(shown: string, bytes: number, maxBytes: number): CofferdamError {
  return new CofferdamError(
    'LOAD_TOO_LARGE',
    `${shown} has at least ${bytes} bytes, ${maxBytes} may be loaded — is this the file you meant?`,
    { details: { bytes, maxBytes } },
  );
}

function explained(error: unknown, shown: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new CofferdamError('LOAD_NOT_FOUND', `${shown} does not exist — check the path.`, { cause: error });
  }
  if (error instanceof CofferdamError) return error;
  return new CofferdamError('LOAD_UNREADABLE', `${shown} cannot be read (${String(code)}) — check its permissions.`, {
    cause: error,
  });
}
