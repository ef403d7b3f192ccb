/**
 * Random types and values through lift and lower, through a fused crossing, and through jco:
 *
 *   npm run differential -- [TYPES, default 1000] [VALUES of each, default 3] [SEED]
 *
 * Prints every difference; exit code 1 if there is one. 1,000 types take 6 seconds of one core. CI takes 12,000; a nightly
 * run can take `200000 10`. What jco is known to get wrong is set aside in `test/compartment`: `plain` in three-runtimes.ts,
 * `isBeyondJco` in differential.ts.
 */
import { spawnSync } from 'node:child_process';
import { inspect } from 'node:util';
import { compareRuntimes } from '../test/compartment/three-runtimes.ts';

/** Types of one process: the scripts that jco writes stay in its memory. In each no type comes twice. */
const SLICE = 12_000;
/** Of many differences the first few are enough. */
const MAX_SHOWN = 20;

const [types = 1000, values = 3, seed = Date.now() % 2 ** 30] = process.argv.slice(2).map(Number);
if (![types, values, seed].every((number) => Number.isSafeInteger(number) && number >= 0)) {
  throw new Error('Give whole numbers: TYPES VALUES SEED.');
}
process.exitCode = (types > SLICE ? inSlices() : await inOne()) ? 0 : 1;

function inSlices(): boolean {
  let isGood = true;
  for (let start = 0; start < types; start += SLICE) {
    const args = [Math.min(SLICE, types - start), values, (seed + start * 1000) % 2 ** 30].map(String);
    const { status } = spawnSync(process.execPath, [import.meta.filename, ...args], { stdio: 'inherit' });
    isGood &&= status === 0;
  }
  console.log(`${types} types in all: ${isGood ? 'no difference' : 'there are differences, see above'}`);
  return isGood;
}

async function inOne(): Promise<boolean> {
  console.log(`seed ${seed}: ${types} types with ${values} values each`);
  const startMs = Date.now();
  const { found, ...counts } = await compareRuntimes({ types, values, seed });
  for (const difference of found.slice(0, MAX_SHOWN)) console.log(inspect(difference, { depth: 20 }));
  for (const [engine, count] of Object.entries(counts.types)) {
    const passed = counts.values[engine as keyof typeof counts.values];
    const wrong = found.filter((difference) => difference.engine === engine).length;
    console.log(`${engine}: ${count} types, ${passed} values, ${wrong} differences`);
  }
  console.log(`${Math.round((Date.now() - startMs) / 1000)} s`);
  const { fused, jco, 'lifted and lowered': lifted } = counts.types;
  const isComplete = fused === types && lifted === types && jco >= 0.9 * types;
  return isComplete && found.length === 0;
}
