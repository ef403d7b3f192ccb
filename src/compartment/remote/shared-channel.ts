import { closed, died } from './died.ts';
import type { ParentTransport } from './transport.ts';

/** What two threads share to talk to each other: a parent and its child, or a caller and the thread that it calls directly. */
export interface SharedChannel {
  readonly words: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
  /** The child's: on which it waits while it has nothing to do, whoever calls it next. */
  readonly bell: SharedArrayBuffer;
}

/**
 * The words, far enough apart that the sides do not write to one cache line more than they have to. TURN counts the pieces sent, times two:
 * an even count is the parent's turn. Its lowest bit says that the child's thread has ended.
 */
const TURN = 0;
const LENGTH = 1;
/** 1: the frame goes on in another piece, which comes when this one has been taken. */
const MORE = 2;
/** Why the child has ended: a position in REASONS. */
const REASON = 3;
const ASLEEP = { parent: 16, child: 32 } as const;
const WORDS_BYTES = 256;

/** Words of a bell. */
export const BELL = {
  /** Counts how often it was rung. */
  RUNG: 0,
  /** 1 while its thread waits on it. */
  ASLEEP: 1,
  /** 1 while its thread changes what all threads share: see crossing.ts. */
  CROSSING: 16,
} as const;
const BELL_BYTES = 128;

const ENDED = 1;
const REASONS = ['its thread ended', 'its thread ran out of memory', 'its thread failed'] as const;

/** A frame larger than this goes in pieces. */
export const CHANNEL_BYTES = 65_536 + 1024;

/**
 * Looks at the turn before a side goes to sleep: about 20 µs. Waking a thread costs more than that, and two threads that
 * spin for long would take the processor from a third.
 */
const SPINS = 500;
/** Where the peer was slow lately, it has to be there soon for this to be worth it. */
const FEWEST_SPINS = 60;
/** A peer that is in the middle of a frame does nothing else: it is lost when it takes no piece for so long. */
const PIECE_MS = 10_000;

/** `bell` is that of a thread that has one already. */
export function makeSharedChannel(bell = new SharedArrayBuffer(BELL_BYTES)): SharedChannel {
  return { words: new SharedArrayBuffer(WORDS_BYTES), data: new SharedArrayBuffer(CHANNEL_BYTES), bell };
}

/** Tells one side that the other's thread is no more; whoever sees it end calls this. */
export function markEnded({ words }: SharedChannel, reason: 'ended' | 'memory' | 'failed'): void {
  const turn = new Int32Array(words);
  turn[REASON] = reason === 'ended' ? 0 : reason === 'memory' ? 1 : 2;
  Atomics.or(turn, TURN, ENDED);
  Atomics.notify(turn, TURN);
}

/**
 * Blocks until one of these channels has something for its child, whose thread this is, or has ended. Gives the one that
 * had: the list is short, and looked through as fast as one.
 */
export function waitForAny(transports: readonly SharedTransport[], bell: Int32Array): SharedTransport {
  const find = () => transports.find((transport) => transport.isReady());
  for (;;) {
    for (let spins = 0; spins < SPINS; spins++) {
      const ready = find();
      if (ready) return ready;
      Atomics.pause();
    }
    const rung = Atomics.load(bell, BELL.RUNG);
    Atomics.store(bell, BELL.ASLEEP, 1);
    const ready = find();
    if (ready === undefined) Atomics.wait(bell, BELL.RUNG, rung);
    Atomics.store(bell, BELL.ASLEEP, 0);
    if (ready) return ready;
  }
}

export interface SharedTransportOptions {
  readonly side: 'parent' | 'child';
  /** Largest frame that is taken. */
  readonly maxBytes: number;
  /** While somebody waits without blocking, the event loop has nothing else to stay alive for. */
  readonly keepAlive?: (isWaiting: boolean) => void;
}

/** Frames through memory that two threads share. Both spin a little before they sleep. */
export class SharedTransport implements ParentTransport {
  frame: Uint8Array;
  readonly #words: Int32Array;
  readonly #bell: Int32Array;
  readonly #data: Uint8Array;
  readonly #mine: number;
  readonly #own: number;
  readonly #peer: number;
  maxBytes: number;
  readonly #keepAlive: (isWaiting: boolean) => void;
  #out: Uint8Array;
  #isClosed = false;
  #spins = SPINS;

  constructor(channel: SharedChannel, { side, maxBytes, keepAlive = () => undefined }: SharedTransportOptions) {
    this.#words = new Int32Array(channel.words);
    this.#bell = new Int32Array(channel.bell);
    this.#data = new Uint8Array(channel.data);
    this.frame = this.#data;
    this.#out = this.#data;
    this.#mine = side === 'parent' ? 0 : 2;
    this.#own = ASLEEP[side];
    this.#peer = ASLEEP[side === 'parent' ? 'child' : 'parent'];
    this.maxBytes = maxBytes;
    this.#keepAlive = keepAlive;
  }

  reserve(bytes: number): Uint8Array {
    this.#out = bytes <= this.#data.length ? this.#data : new Uint8Array(bytes);
    return this.#out;
  }

  send(bytes: number): void {
    const words = this.#words;
    if (this.#isClosed) throw closed();
    if (this.#out !== this.#data) this.#sendPieces(bytes);
    else {
      words[LENGTH] = bytes;
      words[MORE] = 0;
      this.#pass();
    }
  }

  receive(timeoutMs: number): number {
    return this.#wait(timeoutMs) ? this.#take() : -1;
  }

  async receiveAsync(timeoutMs: number): Promise<number> {
    const until = performance.now() + timeoutMs;
    const words = this.#words;
    this.#keepAlive(true);
    try {
      for (let turn = this.#spin(); !this.#isMine(turn); turn = Atomics.load(words, TURN)) {
        const left = until - performance.now();
        if (left <= 0) return -1;
        Atomics.store(words, this.#own, 1);
        const { async, value } = Atomics.waitAsync(words, TURN, turn, left);
        if (async) await value;
        Atomics.store(words, this.#own, 0);
      }
    } finally {
      this.#keepAlive(false);
    }
    return this.#take();
  }

  /** Has the other side sent something, or ended? */
  isReady(): boolean {
    const turn = Atomics.load(this.#words, TURN);
    return (turn & 2) === this.#mine || (turn & ENDED) !== 0;
  }

  isPeerGone(): boolean {
    return (Atomics.load(this.#words, TURN) & ENDED) !== 0;
  }

  close(): void {
    this.#isClosed = true;
    // Whoever still waits on this side wakes up.
    Atomics.or(this.#words, TURN, ENDED);
    Atomics.notify(this.#words, TURN);
    this.#ring();
  }

  #sendPieces(bytes: number): void {
    const words = this.#words;
    const size = this.#data.length;
    for (let start = 0; start < bytes; start += size) {
      if (start > 0 && !this.#wait(PIECE_MS)) throw died('it stopped in the middle of a frame');
      const end = Math.min(bytes, start + size);
      this.#data.set(this.#out.subarray(start, end));
      words[LENGTH] = end - start;
      words[MORE] = end < bytes ? 1 : 0;
      this.#pass();
    }
  }

  /** Takes the frame that has arrived, or its first piece and then the others. */
  #take(): number {
    const words = this.#words;
    let length = this.#pieceLength();
    if (words[MORE] === 0) {
      this.frame = this.#data;
      return length;
    }
    const pieces = [this.#data.slice(0, length)];
    while (words[MORE] !== 0) {
      this.#pass();
      if (!this.#wait(PIECE_MS)) throw died('it stopped in the middle of a frame');
      const size = this.#pieceLength();
      length += size;
      if (length > this.maxBytes) throw died(`its frame is larger than ${this.maxBytes} bytes`);
      pieces.push(this.#data.slice(0, size));
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.frame = whole;
    return length;
  }

  #pieceLength(): number {
    const length = this.#words[LENGTH] as number;
    if (length < 0 || length > this.#data.length) throw died('the length of its frame makes no sense');
    return length;
  }

  /** It is the other side's turn. */
  #pass(): void {
    const words = this.#words;
    Atomics.add(words, TURN, 2);
    if (Atomics.load(words, this.#peer) !== 0) Atomics.notify(words, TURN);
    if (this.#mine === 0) this.#ring();
  }

  #ring(): void {
    const bell = this.#bell;
    if (Atomics.load(bell, BELL.ASLEEP) === 0) return;
    Atomics.add(bell, BELL.RUNG, 1);
    Atomics.notify(bell, BELL.RUNG);
  }

  /** False when the time has passed. */
  #wait(timeoutMs: number): boolean {
    const words = this.#words;
    let turn = this.#spin();
    if (this.#isMine(turn)) return true;
    const until = timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : performance.now() + timeoutMs;
    Atomics.store(words, this.#own, 1);
    try {
      for (; !this.#isMine(turn); turn = Atomics.load(words, TURN)) {
        const left = until === Number.POSITIVE_INFINITY ? until : until - performance.now();
        if (left <= 0) return false;
        Atomics.wait(words, TURN, turn, left);
      }
    } finally {
      Atomics.store(words, this.#own, 0);
    }
    return true;
  }

  #spin(): number {
    const words = this.#words;
    const most = this.#spins;
    let turn = Atomics.load(words, TURN);
    let spins = 0;
    for (; spins < most && (turn & 3) === (this.#mine ^ 2); spins++) {
      Atomics.pause();
      turn = Atomics.load(words, TURN);
    }
    this.#spins = spins < most ? Math.min(2 * most, SPINS) : Math.max(most >> 1, FEWEST_SPINS);
    return turn;
  }

  /** What the peer sent before it ended still counts. */
  #isMine(turn: number): boolean {
    if (this.#isClosed) throw closed();
    if ((turn & 2) === this.#mine) return true;
    if ((turn & ENDED) !== 0) throw died(REASONS[this.#words[REASON] as number] ?? REASONS[0]);
    return false;
  }
}
