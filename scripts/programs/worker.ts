import { parentPort, workerData } from 'node:worker_threads';
import { programNamed } from './index.ts';
import { type Mode, PatchedEngine } from './patched-engine.ts';
import { type Answer, BEGUN, type Request, RUN } from './worker-protocol.ts';

interface Job {
  readonly program: string;
  readonly mode: Mode;
  readonly interrupt: WebAssembly.Memory;
}

const { program, mode, interrupt } = workerData as Job;
const words = new Int32Array(interrupt.buffer);
const found = programNamed(program);
// Programs that bring JavaScript of their own take times and random numbers from here: the same in every run.
Date.now = () => 1_700_000_000_000;
Math.random = () => 0.5;
crypto.getRandomValues = (array) => {
  if (ArrayBuffer.isView(array)) new Uint8Array(array.buffer, array.byteOffset, array.byteLength).fill(7);
  return array;
};
const engine = new PatchedEngine(mode, found.modules, interrupt);
const loaded = await found.load();

parentPort?.on('message', async (request: Request) => {
  if (request === 'fresh') {
    await loaded.fresh();
    parentPort?.postMessage('fresh');
  } else parentPort?.postMessage(await run());
});
parentPort?.postMessage('loaded');

async function run(): Promise<Answer> {
  engine.refuel();
  Atomics.store(words, RUN, 1);
  Atomics.store(words, BEGUN, 1);
  Atomics.notify(words, BEGUN);
  const before = process.threadCpuUsage();
  let output: string | null = null;
  let error: string | null = null;
  try {
    output = await loaded.run();
  } catch (thrown) {
    error = String(thrown);
  }
  const ended = process.hrtime.bigint();
  const { user, system } = process.threadCpuUsage(before);
  Atomics.store(words, RUN, 0);
  Atomics.store(words, BEGUN, 0);
  return { output, error, cpu: user + system, ended, fuel: engine.usedFuel };
}
