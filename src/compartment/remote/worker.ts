import { MAX_LIST_BYTES } from '../../abi/index.ts';
import type { World } from '../../wasm/types.ts';
import type { Code } from '../contract.ts';
import type { DirectPeer, Mail } from './direct.ts';
import { frameBytesFor } from './frame.ts';
import { RemoteCode } from './parent.ts';
import { type SharedChannel, SharedTransport } from './shared-channel.ts';
import type { GuestThread, Threads } from './threads.ts';

export interface WorkerOptions {
  readonly world: World;
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  /** What the thread is told its guest is made of: plain data and compiled modules. */
  readonly source: unknown;
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
  const launch = () => {
    const taken = threads.take();
    const { channel, port } = taken;
    port.postMessage(source);
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
