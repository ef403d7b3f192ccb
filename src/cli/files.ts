import { writeFile } from 'node:fs/promises';
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

export function reason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
