import { readSync, writeSync } from 'node:fs';
import { died } from '../remote/died.ts';
import type { Transport } from '../remote/transport.ts';
import type { Channel } from './channel.ts';
import { sleep } from './sleep.ts';

/** How long it looks for a frame before it sleeps until the doorbell rings: what comes sooner costs no waking. */
const SPIN_MS = 0.5;
/** Between two looks at the clock: then another had the processor, and whoever looks on in vain will lose it again. */
const PREEMPTED_MS = 0.25;
/** Receptions without looking after that: to be woken is quicker than to get one's turn. */
const SHY_TURNS = 64;
/** Looks between two at the clock. */
const LOOKS_PER_MOMENT = 16;
/** Between two looks whether the host has taken a piece of a frame: it is at work on it. */
const PIECE_SLEEP_MS = 0.02;

/** The child's end: it looks for a while, and then waits for the doorbell without any use of the processor. */
export class ChildTransport implements Transport {
  readonly #channel: Channel;
  readonly #doorbell: number;
  readonly #bells = new Uint8Array(64);
  /** What was sent last may lie unseen before a host that sleeps. */
  #owesBell = false;
  #again = 0;
  /** So many times it still sleeps at once. */
  #shyTurns = 0;

  /** `doorbell` is a descriptor that blocks: a byte comes there when there is something to see. */
  constructor(channel: Channel, doorbell: number) {
    this.#channel = channel;
    this.#doorbell = doorbell;
  }

  get frame(): Uint8Array {
    return this.#channel.frame;
  }

  reserve(bytes: number): Uint8Array {
    return this.#channel.reserve(bytes);
  }

  send(bytes: number): void {
    const channel = this.#channel;
    for (let from = channel.sendPiece(0, bytes); from < bytes; from = channel.sendPiece(from, bytes)) {
      this.#owesBell = true;
      for (let looks = 0; ; looks++) {
        channel.look();
        this.#wakePeer();
        if (channel.isSeen) break;
        // Its turn has not come, so it can only be on its way: the doorbell is not rung for a piece that was taken.
        if (looks > LOOKS_PER_MOMENT) sleep(PIECE_SLEEP_MS);
      }
    }
    this.#owesBell = true;
  }

  /** The next `receive` gives the frame once more that was received last. */
  again(length: number): void {
    this.#again = length;
  }

  /** The host takes its time; only a frame or its end is waited for. */
  receive(): number {
    if (this.#again > 0) {
      const length = this.#again;
      this.#again = 0;
      return length;
    }
    for (;;) {
      const length = this.#spin();
      if (length >= 0) return length;
      this.#channel.isAsleep = true;
      // Looked at once more after the word is out that this end sleeps: who writes later has to ring.
      const found = this.#take();
      if (found < 0) this.#sleep();
      this.#channel.isAsleep = false;
      if (found >= 0) return found;
    }
  }

  #spin(): number {
    const start = performance.now();
    const end = this.#shyTurns > 0 ? start : start + SPIN_MS;
    this.#shyTurns = Math.max(0, this.#shyTurns - 1);
    for (let last = start; ; ) {
      for (let looks = 0; looks < LOOKS_PER_MOMENT; looks++) {
        const length = this.#take();
        if (length >= 0) return length;
      }
      const now = performance.now();
      if (now - last > PREEMPTED_MS) this.#shyTurns = SHY_TURNS;
      if (now >= end || this.#shyTurns > 0) return -1;
      last = now;
    }
  }

  close(): void {
    this.#channel.close();
  }

  #sleep(): void {
    if (readSync(this.#doorbell, this.#bells, 0, this.#bells.length, null) === 0) throw died('the host has gone');
  }

  #take(): number {
    const isThere = this.#channel.look();
    // Turns are taken: whoever answers has seen what came before.
    if (isThere) this.#owesBell = false;
    else this.#wakePeer();
    return isThere ? this.#channel.takePiece() : -1;
  }

  #wakePeer(): void {
    if (!this.#owesBell || !this.#channel.isPeerAsleep) return;
    this.#owesBell = false;
    writeSync(this.#doorbell, this.#bells, 0, 1);
  }
}
