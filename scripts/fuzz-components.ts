/**
 * Compares us with wasm-tools on mutated components, for as many as wanted:
 *
 *   node scripts/fuzz-components.ts [COUNT per seed, default 2000] [RANDOM SEED, default 1]
 *
 * Prints every disagreement that no argument of test/wasm/support/arguments.ts explains, and exits with 1 if there is one.
 */
import { compareMutants } from '../test/wasm/support/agreement.ts';
import { argumentFor } from '../test/wasm/support/arguments.ts';
import { Oracle } from '../test/wasm/support/oracle.ts';
import { makeSeeds } from '../test/wasm/support/seeds.ts';

const count = Number(process.argv[2] ?? 2000);
const randomSeed = Number(process.argv[3] ?? 1);
await using oracle = new Oracle();
for (const seed of await makeSeeds()) {
  const started = performance.now();
  const { disagreements, valid, broken } = await compareMutants(seed, count, oracle, randomSeed);
  const open = disagreements.filter((item) => argumentFor(item) === null);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${seed.name}: ${count} mutants, ${valid} valid, ${broken} broke wasm-tools, ${disagreements.length} seen differently, ${open.length} of them unexplained (${seconds} s)`,
  );
  for (const { bytes, ours, theirs } of open) {
    console.log(
      `  ours:   ${ours}\n  theirs: ${theirs.replaceAll('\n', ' / ')}\n  bytes:  ${bytes.length < 1500 ? Buffer.from(bytes).toString('hex') : `${bytes.length} bytes`}`,
    );
    process.exitCode = 1;
  }
}
