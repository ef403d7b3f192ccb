/**
 * Damages components and core modules, and loads, plans, compiles, instantiates and calls what is left:
 *
 *   node scripts/fuzz.ts [MINUTES, default 10] [RANDOM SEED, default 1]
 *
 * A finding is anything thrown that isn't one of our errors, our code at work on one input for 5 seconds, a crash of the
 * thread, or a heap that grows. The bytes of each are kept in a file; exit code 1 if there is one. `fuzz-components.ts` compares
 * with wasm-tools instead.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { INPUT_AT, type Report, type Start, WORDS } from './fuzz/shared.ts';
import { PHASES } from './fuzz/trial.ts';

const MAX_INPUT_BYTES = 1_048_576;
const HANG_MS = 5000;
/** A guest may loop: damaged code does. It is given less time, so that others get their turn. */
const GUEST_MS = 300;
const STOP_MS = 2000;
const MAX_GROWTH_BYTES = 64 * 1_048_576;
const MEBI = 1_048_576;

const minutes = Number(process.argv[2] ?? 10);
let seed = Number(process.argv[3] ?? 1);
const until = Date.now() + minutes * 60_000;
const totals: Record<string, number> = { trials: 0, 'guest loops': 0, findings: 0 };
const rss: number[] = [];
let folder: string | null = null;

/** Of many findings like one another the first few are enough. */
const MAX_FINDINGS = 10;

function report(what: string, bytes: Uint8Array): void {
  const number = (totals.findings ?? 0) + 1;
  totals.findings = number;
  if (number > MAX_FINDINGS) return;
  folder ??= mkdtempSync(join(tmpdir(), 'cofferdam-fuzz-'));
  const file = join(folder, `${number}.wasm`);
  writeFileSync(file, bytes);
  console.log(`FINDING, in ${file}: ${what.slice(0, 2000)}`);
}

/** Lets one thread work until it has to be ended. */
async function work(): Promise<void> {
  const shared = new SharedArrayBuffer(INPUT_AT + MAX_INPUT_BYTES);
  const state = new Int32Array(shared, 0, 3);
  const phase = () => PHASES[Atomics.load(state, WORDS.phase)];
  const trials = () => Atomics.load(state, WORDS.trials);
  const input = () => new Uint8Array(shared, INPUT_AT, Atomics.load(state, WORDS.length)).slice();
  const worker = new Worker(new URL('./fuzz/worker.ts', import.meta.url), {
    workerData: { shared, seed: seed++ } satisfies Start,
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  });
  let firstHeapBytes: number | null = null;
  let ended = false;
  worker.on('error', (error) => report(`the thread broke down: ${String(error)}`, input()));
  worker.on('exit', () => {
    ended = true;
  });
  worker.on('message', (message: Report) => {
    if (message.kind === 'finding') return report(`${message.name}: ${message.message}`, message.bytes);
    for (const [outcome, count] of Object.entries(message.outcomes)) totals[outcome] = (totals[outcome] ?? 0) + count;
    rss.push(process.memoryUsage.rss());
    firstHeapBytes ??= message.heapBytes;
    const growth = message.heapBytes - firstHeapBytes;
    if (growth > MAX_GROWTH_BYTES) report(`the heap grew by ${Math.round(growth / MEBI)} MiB`, new Uint8Array());
  });
  let last = { trials: 0, at: Date.now() };
  while (!ended && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (trials() !== last.trials) last = { trials: trials(), at: Date.now() };
    const stuckMs = Date.now() - last.at;
    if (last.trials === 0 || stuckMs < (phase() === 'guest' ? GUEST_MS : HANG_MS)) continue;
    if (phase() === 'guest') totals['guest loops'] = (totals['guest loops'] ?? 0) + 1;
    else report(`${phase()} at work for ${HANG_MS} ms`, input());
    break;
  }
  totals.trials = (totals.trials ?? 0) + trials();
  // The engine cannot stop every loop of a guest: one made of tail calls alone has no check in it. It ends with the process.
  const isStopped = await Promise.race([worker.terminate().then(() => true), sleep(STOP_MS).then(() => false)]);
  if (!isStopped)
    totals['loops that the engine does not stop'] = (totals['loops that the engine does not stop'] ?? 0) + 1;
}

while (Date.now() < until) await work();
const mebi = (bytes: number | undefined): string => `${Math.round((bytes ?? 0) / MEBI)} MiB`;
console.log(totals);
console.log(
  `memory of the process: ${mebi(rss[0])} at first, ${mebi(Math.max(...rss))} at most, ${mebi(rss.at(-1))} at last`,
);
process.exit((totals.findings ?? 0) > 0 ? 1 : 0);
