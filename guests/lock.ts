import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RECIPES, type Recipe } from './recipes.ts';

/**
 * What guests.lock.json keeps per guest, so that anyone can tell without a compiler whether a committed Wasm file was
 * made from the sources beside it. Compilers are not all reproducible (QuickJS's isn't), so the two are pinned apart.
 */
export interface Locked {
  /** SHA-256 over the tool, its arguments and the contents of the sources. */
  readonly sources: string;
  /** SHA-256 of the Wasm file. */
  readonly wasm: string;
}

export type Lock = Readonly<Record<string, Locked>>;

export const LOCK_FILE = new URL('guests.lock.json', import.meta.url);
const PACKAGE_FILE = new URL('package.json', import.meta.url);

export function readLock(): Lock {
  return JSON.parse(readFileSync(LOCK_FILE, 'utf8')) as Lock;
}

/** The hashes as they are now. Line ends are normalised, since git may change them on checkout. */
export function hashGuest(recipe: Recipe): Locked {
  const sources = createHash('sha256').update(JSON.stringify([recipe.tool, toolVersion(recipe), recipe.args]));
  for (const path of recipe.sources) {
    sources.update(`\n${path}\n${readSource(path)}`);
  }
  const wasm = createHash('sha256').update(readFileSync(new URL(recipe.wasm, import.meta.url)));
  return { sources: sources.digest('hex'), wasm: wasm.digest('hex') };
}

/** A module that is made into a component is a source, too: by its hash. */
function readSource(path: string): string {
  const bytes = readFileSync(new URL(path, import.meta.url));
  if (path.endsWith('.wasm')) return createHash('sha256').update(bytes).digest('hex');
  return bytes.toString('utf8').replaceAll('\r\n', '\n');
}

/** Guests whose Wasm is missing, was changed, or is older than its sources or its recipe; with the reason. */
export function staleGuests(lock: Lock): { recipe: Recipe; reason: string }[] {
  return RECIPES.flatMap((recipe) => {
    const reason = whyStale(recipe, lock[recipe.name]);
    return reason === null ? [] : [{ recipe, reason }];
  });
}

function whyStale(recipe: Recipe, locked: Locked | undefined): string | null {
  if (locked === undefined) return 'is not in guests.lock.json';
  try {
    const now = hashGuest(recipe);
    if (now.sources !== locked.sources) return 'its sources or its recipe changed since it was built';
    if (now.wasm !== locked.wasm) return 'its Wasm file is not the one that was built';
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'its Wasm file or a source is missing';
    throw error;
  }
}

/** The pinned version of an npm tool; Debian's compilers name their own. */
function toolVersion(recipe: Recipe): string {
  const { devDependencies } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  if (recipe.tool === 'clang-19') return '19';
  if (recipe.tool === 'rustc') return '1.63';
  const jco = '@bytecodealliance/jco';
  const packages = { asc: 'assemblyscript', jco, componentize: jco, wat2wasm: 'wabt' };
  return devDependencies[packages[recipe.tool]] ?? '';
}
