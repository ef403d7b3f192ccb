import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { parseWorkerUrl } from './disposable-worker.ts';

let known: string | null = null;

/**
 * What the parsing worker is made of, as a SHA-256 in hex: a cached plan is only good for the decoder that made it. Of
 * the built worker, or of all files of the two rooms in a source tree (so that a change while developing counts).
 */
export function decoderIdentity(): string {
  known ??= identify();
  return known;
}

function identify(): string {
  const hash = createHash('sha256');
  const entry = parseWorkerUrl();
  const files = entry.pathname.endsWith('.js')
    ? [entry]
    : [...sources(new URL('../wasm/', entry)), ...sources(new URL('./', entry))];
  for (const file of files) hash.update(file.pathname.split('/').at(-1) ?? '').update(readFileSync(file));
  return hash.digest('hex');
}

function sources(folder: URL): URL[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => new URL(name, folder));
}
