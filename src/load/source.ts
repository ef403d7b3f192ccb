import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { CofferdamError } from '../error.ts';
import type { NamedRange } from '../wasm/index.ts';
import { readBounded } from './bounded-file.ts';
import { parseNpmReference, resolveNpmReference } from './npm-reference.ts';

import type { ModuleReference, WitReference } from './reference.ts';

export interface SourceBytes {
  /** Exactly what is in the file. */
  readonly bytes: Uint8Array;
  /** Of those bytes, in lower-case hex. */
  readonly sha256: string;
}

const MAX_WIT_BYTES = 1_048_576;

/**
 * The bytes that a manifest's `wasm:` entry names: `./file` relative to `baseDir`, or `npm:package/path`. `pin` is the
 * SHA-256 in hex that they must have, or null.
 */
export async function readSource(
  wasm: string,
  pin: string | null,
  { baseDir, maxBytes }: { baseDir: string; maxBytes: number },
): Promise<SourceBytes> {
  const bytes = readBounded(await locate(wasm, baseDir), wasm, maxBytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (pin !== null && pin.toLowerCase() !== sha256) {
    throw new CofferdamError(
      'LOAD_HASH_MISMATCH',
      `${wasm} has the SHA-256 ${sha256}, the manifest pins ${pin} — find out what changed before you change the pin.`,
      { details: { expected: pin, actual: sha256 } },
    );
  }
  return { bytes, sha256 };
}

/**
 * The same for all that a compartment is made of: one file, or several, one after the other, of `maxBytes` together.
 * Throws LOAD_SOURCE when it names neither or both.
 */
export async function readModules(
  { wasm, sha256, modules = null }: ModuleReference,
  limits: { baseDir: string; maxBytes: number },
): Promise<SourceBytes & { readonly parts: readonly NamedRange[] | null }> {
  if (wasm !== null && modules === null) return { ...(await readSource(wasm, sha256, limits)), parts: null };
  if (wasm !== null || modules === null) {
    throw new CofferdamError('LOAD_SOURCE', 'The code is either one file or several modules — give one of the two.');
  }
  const digest = createHash('sha256');
  const sources: Uint8Array[] = [];
  const parts: NamedRange[] = [];
  let start = 0;
  for (const [name, module] of modules) {
    const source = await readSource(module.wasm, module.sha256, { ...limits, maxBytes: limits.maxBytes - start });
    const end = start + source.bytes.length;
    sources.push(source.bytes);
    parts.push({ name, start, end });
    digest.update(`${JSON.stringify(name)} ${source.sha256}\n`);
    start = end;
  }
  return { bytes: new Uint8Array(Buffer.concat(sources)), sha256: digest.digest('hex'), parts };
}

/** The text of a manifest's `wit:` entry. Throws LOAD_WIT when it is not UTF-8. */
export async function readWit(wit: WitReference, baseDir: string): Promise<string> {
  if (wit.text !== null) {
    if (wit.text.length > MAX_WIT_BYTES) {
      throw new CofferdamError('LOAD_TOO_LARGE', `The WIT text is longer than ${MAX_WIT_BYTES} characters.`);
    }
    return wit.text;
  }
  if (wit.path === null) throw new CofferdamError('LOAD_WIT', 'The wit entry has neither a text nor a path.');
  const bytes = readBounded(resolve(baseDir, wit.path), wit.path, MAX_WIT_BYTES);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CofferdamError('LOAD_WIT', `${wit.path} is not UTF-8 — save it as UTF-8.`, { cause });
  }
}

async function locate(wasm: string, baseDir: string): Promise<string> {
  if (wasm.startsWith('npm:')) return await resolveNpmReference(parseNpmReference(wasm), baseDir);
  if (wasm === '' || wasm.includes('\0') || /^[a-z][a-z0-9+.-]*:/i.test(wasm)) {
    throw new CofferdamError(
      'LOAD_SOURCE',
      `${JSON.stringify(wasm)} is no module reference — write ./path/to.wasm or npm:package/path/to.wasm.`,
    );
  }
  return resolve(baseDir, wasm);
}
