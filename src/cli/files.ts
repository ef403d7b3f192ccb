import { readFile, stat, writeFile } from 'node:fs/promises';
import { CofferdamError } from '../error.ts';

/** Throws CLI_FILE. */
export async function writeFileAt(path: string, text: string | Uint8Array): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw new CofferdamError('CLI_FILE', `${path} cannot be written (${reason(cause)}) — name another file.`, {
      cause,
    });
  }
}

/** Throws CLI_FILE, also for a file of more than `maxBytes`. */
export async function readBoundedFile(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size <= maxBytes) return await readFile(path);
  } catch (cause) {
    throw new CofferdamError('CLI_FILE', `${path} cannot be read (${reason(cause)}) — check the path.`, { cause });
  }
  throw new CofferdamError('CLI_FILE', `${path} is larger than ${maxBytes} bytes — name a smaller file.`);
}

export function reason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
