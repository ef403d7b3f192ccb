/**
 * How what runs in one thread can be stopped from another. The two share a small memory of i32 words, which every rewritten
 * guest of the thread imports: at loop heads and function entries it traps when RUN is negative.
 */
export const INTERRUPT_WORDS = {
  /** Positive: the number of what runs now. 0: nothing that has limits. Negative: it must stop. */
  RUN: 0,
  /** The tick at which it must stop. */
  DEADLINE: 1,
  /** The watchdog's clock. Ticks are compared by the sign of their difference: they overflow after six days. */
  TICK: 2,
  /** 1 while the watchdog sleeps or has not started: its clock stands still. */
  ASLEEP: 3,
  /** The tick of the system's clock when something last began to run while the watchdog slept. */
  WOKEN: 4,
  /** The last number that RUN was given. */
  NUMBER: 5,
} as const;

/** As numbers of the module: the running side comes here with each call. */
const { RUN, DEADLINE, TICK, ASLEEP, WOKEN, NUMBER } = INTERRUPT_WORDS;

export const TICKS_PER_MS = 4;

/** Something that runs until `end`, and must stop at a tick. One object can be begun again and again. */
export interface Running {
  stopAt: number;
  /** What was interrupted by it, in the same thread; only the interrupts set it. */
  below: Running | null;
}

export interface InterruptsEnv {
  /** Two pages would be as good: one word is looked at by guests. Shared, of one page. */
  readonly memory: WebAssembly.Memory;
  /** On which the watchdog waits; null where nobody watches (a thread without limits). */
  readonly bell: Int32Array;
  /** Of the system, in ticks, monotonic; overflows. */
  readonly clock: () => number;
}

/** Numbers are positive, and each differs from the one before: what is told to stop is what runs now. */
export const NUMBER_MASK = 0x3fff_ffff;

/**
 * The running thread's side. No clock is read while the watchdog is awake: it keeps one in the shared memory. It is a
 * little behind the system's, and never ahead, so a limit may end late on a busy machine.
 */
export class Interrupts {
  readonly memory: WebAssembly.Memory;
  readonly #words: Int32Array;
  readonly #bell: Int32Array;
  readonly #clock: () => number;
  #top: Running | null = null;
  /** What generated code armed by itself, while something else has begun on top of it. */
  readonly #unspoken: Running = { stopAt: 0, below: null };

  constructor({ memory, bell, clock }: InterruptsEnv) {
    this.memory = memory;
    this.#words = new Int32Array(memory.buffer);
    this.#bell = bell;
    this.#clock = clock;
  }

  /** Now. */
  get tick(): number {
    if (this.#words[ASLEEP] !== 0) this.#wake();
    return this.#words[TICK] as number;
  }

  /** Blocks until somebody watches: the watchdog's thread may just be starting, and nothing that runs now would be stopped. */
  awaitWatch(): void {
    while (Atomics.load(this.#words, ASLEEP) !== 0) {
      this.#wake();
      Atomics.wait(this.#words, ASLEEP, 1, 1);
    }
  }

  /** Has what runs been told to stop? */
  get isStopped(): boolean {
    return (this.#words[RUN] as number) < 0;
  }

  /** What runs is stopped at its next check. */
  stop(): void {
    this.#words[RUN] = -1;
  }

  isPast(tick: number): boolean {
    return (((this.#words[TICK] as number) - tick) | 0) >= 0;
  }

  /** From now on `running` runs; what ran before goes on at its end. Its `stopAt` is set. */
  begin(running: Running): void {
    if (this.#top === null && this.#words[RUN] !== 0) {
      this.#unspoken.stopAt = this.#words[DEADLINE] as number;
      this.#top = this.#unspoken;
    }
    running.below = this.#top;
    this.#top = running;
    this.#arm(running);
  }

  /** Its `stopAt` has changed, or it goes on after something that began later. */
  again(running: Running): void {
    if (this.#top !== running) {
      this.#remove(running);
      running.below = this.#top;
      this.#top = running;
    }
    this.#arm(running);
  }

  /** What generated code armed by itself is `running` from here on. */
  adopt(running: Running): void {
    running.stopAt = this.#top === null ? (this.#words[DEADLINE] as number) : this.#unspoken.stopAt;
    this.#remove(this.#unspoken);
    running.below = this.#top;
    this.#top = running;
    this.#arm(running);
  }

  /** What generated code armed by itself is over, and others began meanwhile. */
  endUnspoken(): void {
    this.end(this.#unspoken);
  }

  end(running: Running): void {
    if (this.#top === running) {
      this.#top = running.below;
      running.below = null;
    } else this.#remove(running);
    if (this.#top === null) this.#words[RUN] = 0;
    else this.#arm(this.#top);
  }

  /** After a suspension the order of ends is not that of beginnings. */
  #remove(running: Running): void {
    if (this.#top === running) this.#top = running.below;
    else {
      let above = this.#top;
      while (above !== null && above.below !== running) above = above.below;
      if (above !== null) above.below = running.below;
    }
    running.below = null;
  }

  #arm({ stopAt }: Running): void {
    const words = this.#words;
    const number = ((words[NUMBER] as number) & NUMBER_MASK) + 1;
    words[NUMBER] = number;
    words[DEADLINE] = stopAt;
    words[RUN] = number;
    if (words[ASLEEP] !== 0) this.#wake();
  }

  /** The watchdog takes up its clock where it stood, and adds what has passed since WOKEN. */
  #wake(): void {
    const words = this.#words;
    const now = this.#clock();
    const passed = (now - (words[WOKEN] as number)) | 0;
    words[WOKEN] = now;
    words[TICK] = ((words[TICK] as number) + Math.max(0, passed)) | 0;
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }
}
