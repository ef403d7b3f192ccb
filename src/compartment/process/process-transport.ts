import { CofferdamError } from '../../error.ts';
import { closed, died } from '../remote/died.ts';
import type { ParentTransport } from '../remote/transport.ts';
import type { Channel } from './channel.ts';
import type { Child } from './child.ts';
import { sleep } from './sleep.ts';

/** Looks before the thread sleeps between two: about 100 µs, in which most calls have been answered. */
const SPIN_LOOKS = 1_000;
/** Looks without sleep before the thread goes back to its event loop: about 10 µs. */
const ASYNC_LOOKS = 100;
/** How long it sleeps first, and at most. By so much may a long call be longer. */
const FIRST_SLEEP_MS = 0.02;
const LAST_SLEEP_MS = 1;
/** Sleeps between two questions whether the child lives: 16 ms at most. */
const SLEEPS_PER_QUESTION = 16;
/** A child that does not take the next piece of a frame for so long never will. */
const STALL_MS = 10_000;
/** The fewest bells that a child may ring before it counts as a flood. */
const SPARE_BELLS = 16;

/** The host's end of a channel to a child, which is taken to be hostile: whatever it does wrong ends it. */
export class ProcessTransport implements ParentTransport {
  readonly #channel: Channel;
  readonly #child: Child;
  #isOpen = true;
  /** What was sent last may lie unseen before a child that sleeps. */
  #owesBell = false;
  #bells = 0;
  #failure: CofferdamError | null = null;
  /** Ends the wait that does not block. */
  #wake: () => void = () => undefined;

  constructor(channel: Channel, child: Child) {
    this.#channel = channel;
    this.#child = child;
    child.listener = {
      onBell: (count) => {
        this.#bells += count;
        // It rings at most once for a piece of its own or of ours; both take turns.
        if (this.#bells > SPARE_BELLS + 4 * channel.pieces) this.#failure = this.#fail(died('it floods its doorbell'));
        this.#wake();
      },
      onExit: () => this.#wake(),
    };
  }

  /** The longest frame that is taken. */
  get maxBytes(): number {
    return this.#channel.maxBytes;
  }

  set maxBytes(bytes: number) {
    this.#channel.maxBytes = bytes;
  }

  get frame(): Uint8Array {
    return this.#channel.frame;
  }

  isPeerGone(): boolean {
    return this.#child.isDead;
  }

  reserve(bytes: number): Uint8Array {
    return this.#channel.reserve(bytes);
  }

  send(bytes: number): void {
    const channel = this.#channel;
    this.#watched(() => {
      for (let from = channel.sendPiece(0, bytes); from < bytes; from = channel.sendPiece(from, bytes)) {
        this.#owesBell = true;
        if (!this.#block(STALL_MS, () => this.#isTaken())) throw died('it does not take what it is sent');
      }
      this.#owesBell = true;
    });
  }

  receive(timeoutMs: number): number {
    let length = -1;
    const arrive = (): boolean => {
      length = this.#take();
      return length >= 0;
    };
    this.#watched(() => this.#block(timeoutMs, arrive));
    return length;
  }

  async receiveAsync(timeoutMs: number): Promise<number> {
    const end = performance.now() + timeoutMs;
    let length = this.#watched(() => this.#spin());
    if (length >= 0) return length;
    this.#child.ref();
    try {
      for (;;) {
        length = this.#watched(() => {
          // Looked at once more after the word is out that this end sleeps: who writes later has to ring.
          this.#channel.isAsleep = true;
          const found = this.#take();
          if (found < 0) this.#assertAlive();
          return found;
        });
        const leftMs = end - performance.now();
        if (length >= 0 || leftMs <= 0) return length;
        await this.#awakened(leftMs);
      }
    } finally {
      this.#child.unref();
      if (this.#isOpen) this.#watched(() => this.#rise());
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#channel.close();
    this.#wake();
  }

  /** Resolves when the child has rung or died, or after a while. */
  #awakened(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms < 2 ** 31 ? setTimeout(resolve, Math.ceil(ms)) : null;
      this.#wake = () => {
        if (timer !== null) clearTimeout(timer);
        this.#wake = () => undefined;
        resolve();
      };
    });
  }

  #rise(): void {
    this.#channel.isAsleep = false;
  }

  #spin(): number {
    for (let looks = 0; looks < ASYNC_LOOKS; looks++) {
      const length = this.#take();
      if (length >= 0) return length;
    }
    return -1;
  }

  /** Blocks until `isDone`; false when it is not within the time. */
  #block(timeoutMs: number, isDone: () => boolean): boolean {
    for (let looks = 0; looks < SPIN_LOOKS; looks++) if (isDone()) return true;
    const end = performance.now() + timeoutMs;
    let ms = FIRST_SLEEP_MS;
    for (let sleeps = 1; ; sleeps++) {
      const leftMs = end - performance.now();
      if (leftMs <= 0) return isDone();
      sleep(Math.min(ms, leftMs));
      if (isDone()) return true;
      ms = Math.min(LAST_SLEEP_MS, ms * 1.25);
      // What it sent before it died counts.
      if (sleeps % SLEEPS_PER_QUESTION === 0 && this.#child.isDead) return this.#afterDeath(isDone);
    }
  }

  #afterDeath(isDone: () => boolean): boolean {
    if (isDone()) return true;
    throw this.#child.died();
  }

  #assertAlive(): void {
    if (this.#child.isDead && !this.#channel.look()) throw this.#child.died();
  }

  /** The length of the frame that is there; -1 while there is none. */
  #take(): number {
    const isThere = this.#channel.look();
    // Turns are taken: whoever answers has seen what came before.
    if (isThere) this.#owesBell = false;
    else this.#wakePeer();
    return isThere ? this.#channel.takePiece() : -1;
  }

  #isTaken(): boolean {
    if (this.#channel.look()) throw died('it sent a frame out of turn');
    this.#wakePeer();
    return this.#channel.isSeen;
  }

  /** It may say that it sleeps a moment after it was sent something, so each look asks. */
  #wakePeer(): void {
    if (!this.#owesBell || !this.#channel.isPeerAsleep) return;
    this.#owesBell = false;
    if (!this.#child.ring()) throw died('it does not answer its doorbell');
  }

  /** Whatever goes wrong with the channel ends the child. */
  #watched<T>(body: () => T): T {
    if (this.#failure !== null) throw this.#failure;
    if (!this.#isOpen) throw closed();
    try {
      return body();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail<E>(error: E): E {
    this.#child.kill();
    if (error instanceof CofferdamError) this.#failure ??= error;
    return error;
  }
}
