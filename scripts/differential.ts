/**
 * Random types and values through this runtime and through jco:
 *
 *   node scripts/differential.ts [TYPES] [VALUES] [SEED]
 *
 * Prints every difference; exit code 1 if there is one.
 */
import { inspect, isDeepStrictEqual } from 'node:util';
import { differences } from '../test/compartment/differential.ts';

const [types = 100, values = 5, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
const found = await differences(isDeepStrictEqual, { types, values, seed });
for (const difference of found) console.log(inspect(difference, { depth: 20 }));
console.log(`${types} types, ${values} values each, seed ${seed}: ${found.length} differences`);
process.exitCode = found.length > 0 ? 1 : 0;
