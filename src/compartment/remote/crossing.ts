import { KERNEL } from '../../abi/fused/kernel.ts';
import { Ring } from '../../abi/fused/ring.ts';
import { BELL } from './shared-channel.ts';

/** What a thread is told of a link over which it may call another thread by itself. */
export interface Decided {
  /** What all crossings of a host share: the epoch, the state cells and the ring (abi/fused/kernel.ts). */
  readonly kernel: WebAssembly.Memory;
  /** Addresses of the two state cells. */
  readonly caller: number;
  readonly callee: number;
  /** Under which the ring records it. */
  readonly port: number;
}

const EPOCH = KERNEL.EPOCH >> 2;

/**
 * What a generated gate does, from another thread: compares the epoch, takes the state of the callee's cell, records. Only one
 * thread of a chain runs at a time, so nobody else writes there; but the main thread may give a chain up while it
 * runs. So a thread says that it is about to write (`CROSSING`) and looks at the epoch afterwards, and whoever changes the
 * epoch waits until nobody is writing: from then on what was decided before is of no use.
 */
export class Crossing {
  /** At which it was decided. */
  epoch = -1;
  readonly #words: Int32Array;
  readonly #ring: Ring;
  readonly #bell: Int32Array;
  readonly #caller: number;
  readonly #callee: number;
  readonly #port: number;
  #state = 0;

  constructor({ kernel, caller, callee, port }: Decided, bell: SharedArrayBuffer) {
    this.#words = new Int32Array(kernel.buffer);
    this.#ring = new Ring(this.#words);
    this.#bell = new Int32Array(bell);
    this.#caller = caller >> 2;
    this.#callee = callee >> 2;
    this.#port = port;
  }

  /** False where the call has to go through the parent: something has changed, the callee is busy, or the ring is full. */
  enter(requestBytes: number): boolean {
    const words = this.#words;
    Atomics.store(this.#bell, BELL.CROSSING, 1);
    const isOpen = this.#isCurrent() && words[this.#callee] === 0;
    if (isOpen) {
      this.#state = words[this.#caller] as number;
      this.#ring.request(this.#port, requestBytes, 0);
      words[this.#callee] = this.#state;
    }
    Atomics.store(this.#bell, BELL.CROSSING, 0);
    return isOpen;
  }

  /** False where the reply has to go through the parent. */
  leave(replyBytes: number): boolean {
    const words = this.#words;
    Atomics.store(this.#bell, BELL.CROSSING, 1);
    const isOpen = this.#isCurrent() && words[this.#callee] === this.#state;
    if (isOpen) {
      this.#ring.reply(this.#port, replyBytes);
      words[this.#callee] = 0;
    }
    Atomics.store(this.#bell, BELL.CROSSING, 0);
    return isOpen;
  }

  /** The last record of the ring is left to the parent, which empties it then. */
  #isCurrent(): boolean {
    return Atomics.load(this.#words, EPOCH) === this.epoch && this.#ring.hasRoom(2);
  }
}

/** Is the thread of this bell writing just now? */
export function isCrossing(bell: Int32Array): boolean {
  return Atomics.load(bell, BELL.CROSSING) !== 0;
}
