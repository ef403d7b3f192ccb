import { parentPort, type Transferable, Worker } from 'node:worker_threads';
import { INTERRUPT_WORDS } from '../interrupts.ts';
import type { WatchedThread } from '../watchdog.ts';
import { markEnded, type SharedChannel } from './shared-channel.ts';

/** What the warden is told. */
export type Order =
  | {
      readonly kind: 'start';
      readonly id: number;
      readonly entry: string;
      readonly channel: SharedChannel;
      readonly watched: WatchedThread;
      readonly port: Transferable;
    }
  | { readonly kind: 'join'; readonly ids: readonly [number, number]; readonly channel: SharedChannel }
  | { readonly kind: 'end'; readonly id: number };

// The thread that starts and ends the threads of guests. It exists because a thread that waits for a guest without its
// event loop hears of no thread's end: the warden, which never waits, hears of it and says so in the channel.

interface Thread {
  readonly worker: Worker;
  readonly words: Int32Array;
  /** Between it and others. */
  readonly lines: Set<SharedChannel>;
}

const threads = new Map<number, Thread>();

/** Between two attempts to stop a guest. */
const AGAIN_MS = 2;

function start({ id, entry, channel, watched, port }: Order & { kind: 'start' }): void {
  const worker = new Worker(new URL(entry), {
    name: 'cofferdam-guest',
    workerData: { channel, watched, port },
    transferList: [port],
    // Nothing of the program's environment, arguments or flags. What the runtime prints goes nowhere.
    env: {},
    argv: [],
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });
  for (const stream of [worker.stdout, worker.stderr]) stream.resume();
  const lines = new Set<SharedChannel>();
  threads.set(id, { worker, words: new Int32Array(watched.memory.buffer), lines });
  let reason: Parameters<typeof markEnded>[1] = 'ended';
  worker.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'failed';
  });
  worker.on('exit', () => {
    threads.delete(id);
    markEnded(channel, reason);
    for (const line of lines) {
      markEnded(line, reason);
      for (const other of threads.values()) other.lines.delete(line);
    }
  });
}

function join({ ids, channel }: Order & { kind: 'join' }): void {
  for (const id of ids) {
    const thread = threads.get(id);
    if (thread) thread.lines.add(channel);
    else markEnded(channel, 'ended');
  }
}

/** A loop of tail calls is nothing that the engine ends: the guest's own checks do, at any moment that it begins to run. */
function end(id: number): void {
  const thread = threads.get(id);
  if (thread === undefined) return;
  const stop = () => Atomics.store(thread.words, INTERRUPT_WORDS.RUN, -1);
  stop();
  const again = setInterval(stop, AGAIN_MS);
  void thread.worker.terminate().finally(() => clearInterval(again));
}

parentPort?.on('message', (order: Order) => {
  if (order.kind === 'start') start(order);
  else if (order.kind === 'join') join(order);
  else end(order.id);
});
