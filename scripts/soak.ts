/**
 * The property of noninterference (docs/testing.md) on as many pairs of runs as there is time for:
 *
 *   npm run soak -- --pairs 5000000            # on the model
 *   npm run soak -- --pairs 20000 --on inline  # on real hosts; or worker, process
 *
 * The first pair in which an observer can tell the runs apart is made smaller and printed: its manifest, its guests, its
 * seed. Exit code 1 then.
 */
import { parseArgs } from 'node:util';
import { Found, sequentialSeeds, tryHosts, tryModel } from '../test/noninterference/campaign.ts';
import { RealHosts } from '../test/noninterference/real.ts';

const HELP = `npm run soak -- [--pairs N] [--seed S] [--on model|inline|worker|process]

  --pairs N   pairs of runs to try (default 1000000 on the model, 10000 on hosts)
  --seed S    of the first pair; the next has the next number (default: by the clock, and printed)
  --on WHAT   model (default), or real hosts whose compartments are all inline, worker or process
  --help      this text`;
const PROGRESS_MS = 2_000;
const PLACES = ['model', 'inline', 'worker', 'process'] as const;

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} ${text} is no whole number. See --help.`);
}

/** A line that is written over where somebody watches it, and a line of its own now and then where nobody does. */
function progressOf(pairs: number): (done: number) => void {
  const started = performance.now();
  let last = 0;
  return (done) => {
    const now = performance.now();
    if (now - last < PROGRESS_MS && done < pairs) return;
    last = now;
    const perSecond = (done * 1000) / (now - started);
    const left = Math.ceil((pairs - done) / perSecond);
    const line = `${done} of ${pairs} pairs, ${perSecond.toFixed(0)} a second, ${left} s left`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}${done < pairs ? '' : '\n'}` : `${line}\n`);
  };
}

async function soak(on: (typeof PLACES)[number], seed: number, pairs: number): Promise<void> {
  const onProgress = progressOf(pairs);
  if (on === 'model') return await tryModel({ seed, pairs, onProgress });
  using hosts = await RealHosts.open(on);
  if (on === 'inline') {
    await tryHosts(hosts, { seed, pairs, onProgress });
    return;
  }
  let done = 0;
  for (const each of sequentialSeeds(seed, pairs)) {
    await tryHosts(hosts, { seed: each, pairs: 1 });
    onProgress(++done);
  }
}

const { values } = parseArgs({
  options: {
    pairs: { type: 'string' },
    seed: { type: 'string' },
    on: { type: 'string', default: 'model' },
    help: { type: 'boolean', default: false },
  },
});
const on = PLACES.find((place) => place === values.on);
if (values.help) console.log(HELP);
else if (on === undefined) throw new Error(`--on ${values.on}: use one of ${PLACES.join(', ')}. See --help.`);
else {
  const pairs = wholeNumber('pairs', values.pairs ?? (on === 'model' ? '1000000' : '10000'));
  const seed = wholeNumber('seed', values.seed ?? String(Date.now() % 2 ** 30));
  console.log(`seed ${seed}`);
  try {
    await soak(on, seed, pairs);
    console.log(`${pairs} pairs: no observer can tell the two runs apart.`);
  } catch (error) {
    if (!(error instanceof Found)) throw error;
    console.log(error.message);
    process.exitCode = 1;
  }
}
