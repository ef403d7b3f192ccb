import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readLock, staleGuests } from '../../guests/lock.ts';
import { RECIPES } from '../../guests/recipes.ts';

const GUESTS = fileURLToPath(new URL('../../guests/', import.meta.url));

describe('committed guests', () => {
  it('were built from the sources beside them - else: npm run guests', () => {
    expect(staleGuests(readLock()).map(({ recipe, reason }) => `${recipe.name}: ${reason}`)).toEqual([]);
  });

  it('each have a recipe', () => {
    const committed = globSync('*/*.wasm', { cwd: GUESTS, exclude: ['node_modules'] }).map((path) =>
      path.replaceAll('\\', '/'),
    );
    expect(committed.sort()).toEqual(RECIPES.map(({ wasm }) => wasm).sort());
  });

  it('are found stale when a hash differs', () => {
    const lock = readLock();
    const [first, second] = Object.keys(lock);
    if (first === undefined || second === undefined) throw new Error('the lock is empty');
    const changed = {
      ...lock,
      [first]: { ...entry(lock, first), sources: '0'.repeat(64) },
      [second]: { ...entry(lock, second), wasm: '0'.repeat(64) },
    };
    expect(
      staleGuests(changed)
        .map(({ recipe }) => recipe.name)
        .sort(),
    ).toEqual([first, second].sort());
  });
});

function entry(lock: ReturnType<typeof readLock>, name: string) {
  const found = lock[name];
  if (found === undefined) throw new Error(`${name} is not locked`);
  return found;
}
