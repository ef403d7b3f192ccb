/**
 * Real programs, as they are and rewritten, side by side: the same output, the same fuel in every run and thread, and no harm
 * when they are stopped at random moments. `npm run programs -- --help`
 */
import { parseArgs } from 'node:util';
import { PROGRAMS } from './programs/index.ts';
import { installPrograms } from './programs/packages.ts';
import { type Found, tryProgram } from './programs/trial.ts';

const HELP = `npm run programs -- [options]
  --only PATTERN   programs whose name matches (a regular expression)
  --moments N      interruptions of each (50)
  --seed N         of the moments
  --json           for machines
Exit code 1: a program differs, harms or counts other fuel; 2: wrong usage, or the programs cannot be installed.`;

function usage(message: string): never {
  console.error(message);
  process.exit(2);
}

function optionsOf() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: '' },
        moments: { type: 'string', default: '50' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const [moments, seed] = [Number(values.moments), Number(values.seed)];
    if (!Number.isInteger(moments) || moments < 0 || moments > 10_000) throw new Error('--moments is 0 to 10000');
    if (!Number.isSafeInteger(seed)) throw new Error('--seed is a whole number');
    return { ...values, moments, seed, only: new RegExp(values.only, 'i') };
  } catch (error) {
    return usage(`${(error as Error).message}\n${HELP}`);
  }
}

const { help, json, moments, only, seed } = optionsOf();
if (help) {
  console.log(HELP);
  process.exit(0);
}
const chosen = PROGRAMS.filter(({ name }) => only.test(name));
if (chosen.length === 0) usage(`No program matches; there are: ${PROGRAMS.map(({ name }) => name).join(', ')}`);
try {
  installPrograms();
} catch (error) {
  usage((error as Error).message);
}
const found: Found[] = [];
for (const [i, program] of chosen.entries()) {
  console.error(`${i + 1}/${chosen.length} ${program.name} …`);
  const each = await tryProgram(program, moments, seed + i);
  found.push(each);
  if (!json) console.log(line(each));
}
const failed = found.filter(({ failure }) => failure !== null);
if (json) console.log(JSON.stringify({ seed, moments, programs: found }, null, 2));
else console.log(`${found.length - failed.length} of ${found.length} programs behave as they should; seed ${seed}`);
process.exit(failed.length > 0 ? 1 : 0);

function line({ name, fuel, stopped, ended, swallowed, worstMs, failure }: Found): string {
  if (failure !== null) return `${name.padEnd(16)} FAILED: ${failure}`;
  const stops = `${stopped} stopped (worst ${worstMs.toFixed(2)} ms), ${ended} had ended, ${swallowed} swallowed the trap`;
  return `${name.padEnd(16)} same output, fuel ${fuel} thrice in 2 threads; ${stops}`;
}
