/**
 * Random types and values through lift and lower, through a fused crossing, and through jco:
 *
 *   node scripts/differential.ts [TYPES, default 1000] [VALUES of each, default 3] [SEED]
 *
 * Prints every difference; exit code 1 if there is one. CI takes 10,000 types; a nightly run can take a hundred times that.
 */
import { inspect } from 'node:util';
import { compareRuntimes } from '../test/compartment/three-runtimes.ts';

const [types = 1000, values = 3, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
if (![types, values, seed].every(Number.isSafeInteger)) throw new Error('Give whole numbers: TYPES VALUES SEED.');
console.log(`seed ${seed}: ${types} types with ${values} values each`);
const startMs = Date.now();
const { found, ...counts } = await compareRuntimes({ types, values, seed });
/** Of many differences the first few are enough. */
const MAX_SHOWN = 20;
for (const difference of found.slice(0, MAX_SHOWN)) console.log(inspect(difference, { depth: 20 }));
for (const [engine, count] of Object.entries(counts.types)) {
  const passed = counts.values[engine as keyof typeof counts.values];
  const wrong = found.filter((difference) => difference.engine === engine).length;
  console.log(`${engine}: ${count} types, ${passed} values, ${wrong} differences`);
}
console.log(`${Math.round((Date.now() - startMs) / 1000)} s`);
const isComplete = counts.types.fused === types && counts.types['lifted and lowered'] === types;
process.exitCode = isComplete && found.length === 0 ? 0 : 1;
