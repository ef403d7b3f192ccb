/**
 * Mutation of the enforcer: takes one condition, comparison, record or copy out of it at a time, in a copy of the tree, and
 * runs the tests that are to notice (docs/testing.md).
 *
 *   npm run mutation -- --target rules          # or decisions, monitor, fused, checks; default: all
 *   npm run mutation -- --file gates --sample 20
 *
 * Prints every mutant that survives and is not in scripts/mutation/equivalent.json; exit code 1 if there is one.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isEquivalent } from './mutation/equivalent.ts';
import { type Mutant, mutantsOf } from './mutation/mutants.ts';
import { TARGETS } from './mutation/targets.ts';
import { type Outcome, Tree } from './mutation/tree.ts';

const HELP = `npm run mutation -- [--target NAME] [--file TEXT] [--sample N] [--seed S] [--jobs N] [--json FILE] [--list]

  --target NAME  one of ${Object.keys(TARGETS).join(', ')} (default: all)
  --file TEXT    only files whose path has this text
  --sample N     only N of the mutants of each target, drawn by the seed
  --seed S       default 1
  --jobs N       copies of the tree in which tests run at once (default 2)
  --json FILE    all outcomes, with the changes
  --list         the mutants, without running any`;
/** Tests are run to their end this many times slower before a mutant counts as one that hangs. */
const SLOWER = 6;

interface Tried {
  readonly target: string;
  readonly mutant: Mutant;
  readonly outcome: Outcome;
}

const ROOT = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    file: { type: 'string', default: '' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** As many as asked for, spread over all files alike, by the seed. */
function sampled(mutants: readonly Mutant[]): readonly Mutant[] {
  const wanted = Number(values.sample ?? mutants.length);
  if (wanted >= mutants.length) return mutants;
  const rank = (i: number) => Math.imul(i + 1, 0x9e3779b1 ^ Math.imul(Number(values.seed), 0x85ebca6b)) >>> 0;
  const drawn = [...mutants.keys()].sort((one, other) => rank(one) - rank(other)).slice(0, wanted);
  return drawn.sort((one, other) => one - other).map((i) => mutants[i] as Mutant);
}

async function tryAll(target: string, mutants: readonly Mutant[], trees: readonly Tree[]): Promise<Tried[]> {
  const { tests } = TARGETS[target] as (typeof TARGETS)[string];
  const [first] = trees;
  const started = performance.now();
  if (first === undefined || (await first.try(null, tests, 600_000)) !== 'survived') {
    throw new Error(`The tests of ${target} fail before anything is changed: ${tests.join(' ')}`);
  }
  const timeoutMs = Math.max(60_000, SLOWER * (performance.now() - started));
  console.log(
    `${target}: ${mutants.length} mutants; the tests take ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
  const tried: Tried[] = [];
  const waiting = mutants.values();
  const work = trees.map(async (tree) => {
    for (const mutant of waiting) {
      const outcome = await tree.try(mutant, tests, timeoutMs);
      tried.push({ target, mutant, outcome });
      if (outcome === 'survived') show(mutant);
      if (tried.length % 25 === 0) console.log(`${tried.length} of ${mutants.length}`);
    }
  });
  await Promise.all(work);
  return tried;
}

function show({ file, line, operator, original, mutant }: Mutant): void {
  console.log(`survived: ${file}:${line} (${operator})\n  - ${original}\n  + ${mutant}`);
}

async function main(): Promise<void> {
  const names = values.target === undefined ? Object.keys(TARGETS) : [values.target];
  const unknown = names.find((name) => TARGETS[name] === undefined);
  if (unknown !== undefined) throw new Error(`--target ${unknown}: use one of ${Object.keys(TARGETS).join(', ')}.`);
  const trees = Array.from({ length: values.list ? 1 : Number(values.jobs) }, () => new Tree(ROOT));
  const tried: Tried[] = [];
  try {
    for (const name of names) {
      const files = (TARGETS[name]?.files ?? []).filter((file) => file.includes(values.file));
      const all = files.flatMap((file) => mutantsOf(file, trees[0]?.textOf(file) ?? ''));
      const mutants = sampled(all.filter((mutant) => !isEquivalent(mutant)));
      if (values.list) for (const mutant of mutants) show(mutant);
      else if (mutants.length > 0) tried.push(...(await tryAll(name, mutants, trees)));
    }
  } finally {
    for (const tree of trees) tree[Symbol.dispose]();
  }
  if (values.list) return;
  const count = (outcome: Outcome) => tried.filter((each) => each.outcome === outcome).length;
  console.log(
    `${tried.length} mutants: ${count('killed')} killed, ${count('timeout')} hung, ${count('survived')} survived`,
  );
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(tried, null, 2)}\n`);
  if (count('survived') > 0) process.exitCode = 1;
}

if (values.help) console.log(HELP);
else await main();
