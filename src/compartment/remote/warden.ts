import { parentPort, type Transferable, Worker } from 'node:worker_threads';
import { markEnded, type SharedChannel } from './shared-channel.ts';

/** What the warden is told. */
export type Order =
  | {
      readonly kind: 'start';
      readonly id: number;
      readonly entry: string;
      readonly channel: SharedChannel;
      readonly port: Transferable;
    }
  | { readonly kind: 'end'; readonly id: number };

// The thread that starts and ends the threads of guests. It exists because a thread that waits for a guest without its
// event loop hears of no thread's end: the warden, which never waits, hears of it and says so in the channel.

const threads = new Map<number, Worker>();

function start({ id, entry, channel, port }: Order & { kind: 'start' }): void {
  const worker = new Worker(new URL(entry), {
    name: 'cofferdam-guest',
    workerData: { channel, port },
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
  threads.set(id, worker);
  let reason: Parameters<typeof markEnded>[1] = 'ended';
  worker.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'failed';
  });
  worker.on('exit', () => {
    threads.delete(id);
    markEnded(channel, reason);
  });
}

parentPort?.on('message', (order: Order) => {
  if (order.kind === 'start') start(order);
  else threads.get(order.id)?.terminate();
});
