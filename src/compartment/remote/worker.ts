import { MAX_LIST_BYTES } from '../../abi/index.ts';
import type { World } from '../../wasm/types.ts';
import type { Code } from '../contract.ts';
import type { DirectPeer, Mail } from './direct.ts';
import { frameBytesFor } from './frame.ts';
import { RemoteCode } from './remote-code.ts';
import { type SharedChannel, SharedTransport } from './shared-channel.ts';
import type { GuestThread, Threads } from './threads.ts';

export interface WorkerOptions {
  readonly world: World;
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  /** Its instances start from a state that the first of them makes, of at most so many bytes; null: they do not. */
  readonly maxStateBytes: number | null;
  /** What the thread is told its guest is made of: plain data and compiled modules. */
  readonly source: object;
  readonly threads: Threads;
}

/** What makes lines between threads. */
class ThreadPeer implements DirectPeer {
  readonly bell: SharedArrayBuffer;
  readonly #thread: GuestThread;
  readonly #threads: Threads;

  constructor(thread: GuestThread, threads: Threads) {
    this.bell = thread.channel.bell;
    this.#thread = thread;
    this.#threads = threads;
  }

  post(mail: Mail): void {
    this.#thread.port.postMessage(mail);
  }

  lineTo(callee: ThreadPeer): SharedChannel {
    return this.#threads.join(this.#thread, callee.#thread);
  }
}

const NOTHING = new Uint8Array(0);

/** Code whose instances run in threads, one for each. Throws ABI_UNSUPPORTED (handles, async) or ABI_TYPE_LIMIT. */
export function makeWorkerCode({ source, threads, ...rest }: WorkerOptions): Code {
  const maxBytes = frameBytesFor(Math.min(rest.limits.messageBytes, MAX_LIST_BYTES));
  let shared: Uint8Array | null = null;
  const launch = (state: Uint8Array | null) => {
    const taken = threads.take();
    const { channel, port } = taken;
    if (state !== null) shared ??= inSharedMemory(state);
    port.postMessage({ ...source, state: shared });
    const keepAlive = (isWaiting: boolean) => threads.keepAlive(isWaiting);
    const transport = new SharedTransport(channel, { side: 'parent', maxBytes, keepAlive });
    return {
      transport,
      start: NOTHING,
      isStarted: false,
      end: () => taken.end(),
      thread: new ThreadPeer(taken, threads),
    };
  };
  const code = new RemoteCode({ kind: 'worker', launch, ...rest });
  threads.warm();
  return code;
}

function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
