import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { makeRandom, mutate } from '../../test/wasm/support/mutants.ts';
import { makeCorpus } from './corpus.ts';
import { INPUT_AT, type Report, type Start, WORDS } from './shared.ts';
import { type Outcome, PHASES, tryOut } from './trial.ts';

// Damages programs and tries them out until it is ended. What it is at stands in shared memory, since it may never answer.

const BATCH = 500;

const { shared, seed } = workerData as Start;
const state = new Int32Array(shared, 0, 3);
const input = new Uint8Array(shared, INPUT_AT);
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const random = makeRandom(seed);
const corpus = await makeCorpus();

for (;;) {
  const outcomes: Record<Outcome, number> = { refused: 0, 'engine refused': 0, trapped: 0, ran: 0 };
  for (let i = 0; i < BATCH; i++) {
    const { name, bytes, places, ...kind } = corpus[random(corpus.length)] as (typeof corpus)[number];
    const mutant = new Uint8Array(mutate(bytes, places, random));
    input.set(mutant);
    Atomics.store(state, WORDS.length, mutant.length);
    Atomics.add(state, WORDS.trials, 1);
    try {
      outcomes[await tryOut(mutant, kind, (phase) => Atomics.store(state, WORDS.phase, PHASES.indexOf(phase)))] += 1;
    } catch (error) {
      const { message, cause } = error as Error;
      const text = `${message}: ${cause instanceof Error ? cause.stack : String(cause)}`;
      parentPort?.postMessage({ kind: 'finding', name, bytes: mutant, message: text } satisfies Report);
    }
  }
  collect();
  const heapBytes = getHeapStatistics().used_heap_size;
  parentPort?.postMessage({ kind: 'progress', outcomes, heapBytes } satisfies Report);
}
