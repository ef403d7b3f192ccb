import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { INTERRUPT_WORDS, Interrupts, TICKS_PER_MS } from './interrupts.ts';

/** What the watchdog's thread is told. */
export interface WatchdogMessage {
  readonly watch?: { readonly id: number; readonly memory: SharedArrayBuffer };
  readonly forget?: number;
  readonly end?: boolean;
}

/** What a thread needs for interrupts of its own, as it can be sent there. */
export interface WatchedThread {
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  readonly bell: Int32Array;
}

/** For the thread itself. */
export function interruptsOf({ memory, bell }: WatchedThread): Interrupts {
  return new Interrupts({ memory, bell, clock: systemTick });
}

/** The system's monotonic clock, which is one for all threads of a process. */
export function systemTick(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return Math.floor((seconds * 1e3 + nanoseconds / 1e6) * TICKS_PER_MS) | 0;
}

/** The entry stands beside this file under the same ending: `.ts` in the source tree, `.js` in a build. */
function workerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './watchdog-worker.ts' : './watchdog-worker.js', import.meta.url);
}

/** A thread that stops what runs past its tick: one for a process, for as long as anybody uses it. */
class Watchdog {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  #nextId = 1;
  /** Word 0 is rung. */
  readonly bell = new Int32Array(new SharedArrayBuffer(8));

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = new Worker(workerUrl(), {
      name: 'cofferdam-watchdog',
      env: {},
      argv: [],
      execArgv: [],
      workerData: { bell: this.bell, port: port2 },
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 },
    });
    this.#worker.unref();
    this.#port.unref();
  }

  /** For a thread that runs guests, watched from now on. */
  watch(): WatchedThread {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const words = new Int32Array(memory.buffer);
    words[INTERRUPT_WORDS.ASLEEP] = 1;
    words[INTERRUPT_WORDS.WOKEN] = systemTick();
    const id = this.#nextId++;
    // The memory is `shared`, so its buffer is one; the types of the platform do not tell them apart.
    this.#tell({ watch: { id, memory: memory.buffer as unknown as SharedArrayBuffer } });
    return { id, memory, bell: this.bell };
  }

  /** For a thread that is gone. */
  forget({ id }: WatchedThread): void {
    this.#tell({ forget: id });
  }

  end(): void {
    this.#tell({ end: true });
    this.#port.close();
  }

  #tell(message: WatchdogMessage): void {
    this.#port.postMessage(message);
    Atomics.add(this.bell, 0, 1);
    Atomics.notify(this.bell, 0);
  }
}

let shared: { readonly watchdog: Watchdog; readonly interrupts: Interrupts; users: number } | null = null;

const LINGER_MS = 5_000;

/** A host's share in the watchdog of the process. */
export interface Lease {
  /** The interrupts of this thread; the watchdog starts with the first that is taken in the process. */
  readonly take: () => Interrupts;
  /** For another thread of this process: it is watched until it is forgotten. */
  readonly watch: () => WatchedThread;
  readonly forget: (thread: WatchedThread) => void;
  /** It ends soon after the last; it keeps no process alive. */
  readonly release: () => void;
}

export function leaseInterrupts(): Lease {
  let taken: typeof shared = null;
  const take = () => {
    if (taken !== null) return taken;
    taken = shared ?? start();
    taken.users += 1;
    return taken;
  };
  return {
    take: () => take().interrupts,
    watch: () => take().watchdog.watch(),
    forget: (thread) => taken?.watchdog.forget(thread),
    release: () => {
      if (taken === null) return;
      taken.users -= 1;
      if (taken.users === 0) endSoon(taken);
      taken = null;
    },
  };
}

function start(): NonNullable<typeof shared> {
  const watchdog = new Watchdog();
  shared = { watchdog, interrupts: interruptsOf(watchdog.watch()), users: 0 };
  return shared;
}

/** A program that makes a host for each of its jobs does not start a thread for each. */
function endSoon(idle: NonNullable<typeof shared>): void {
  const end = () => {
    if (idle.users > 0 || shared !== idle) return;
    idle.watchdog.end();
    shared = null;
  };
  setTimeout(end, LINGER_MS).unref();
}
