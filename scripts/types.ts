import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** A relative specifier in a declaration file: the compiler leaves its `.ts` as it is. */
const SPECIFIER = /(\bfrom |\bimport\()(['"])(\.\.?\/[^'"]+)\.ts\2/g;

/**
 * Declarations of what `index.ts` exports, and of what they mention, into `target`: not of the whole program, so that a
 * user's compiler needs none of the packages that are bundled.
 */
export async function emitTypes(root: URL, target: URL): Promise<void> {
  const all = await mkdtemp(join(tmpdir(), 'cofferdam-types-'));
  try {
    const tsc = fileURLToPath(new URL('node_modules/.bin/tsc', root));
    await promisify(execFile)(tsc, ['-p', 'scripts/tsconfig.types.json', '--outDir', all], {
      cwd: fileURLToPath(root),
    });
    await copyReachable(pathToFileURL(`${all}/`), target);
  } catch (error) {
    // The compiler says on stdout what is wrong.
    const { stdout } = error as { stdout?: string };
    throw stdout ? new Error(stdout) : error;
  } finally {
    await rm(all, { recursive: true });
  }
}

async function copyReachable(from: URL, to: URL): Promise<void> {
  const waiting = ['index.d.ts'];
  const seen = new Set(waiting);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const text = await readFile(new URL(file, from), 'utf8');
    for (const [, , , path] of text.matchAll(SPECIFIER)) {
      const found = new URL(`${path}.d.ts`, new URL(file, from)).href.slice(from.href.length);
      if (!seen.has(found)) waiting.push(found);
      seen.add(found);
    }
    const target = new URL(file, to);
    await mkdir(new URL('.', target), { recursive: true });
    await writeFile(target, text.replace(SPECIFIER, '$1$2$3.js$2'));
  }
}
