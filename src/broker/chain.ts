import { CofferdamError } from '../error.ts';
import type { Slot } from './instances.ts';
import { Timing, type TimingEnv } from './timing.ts';

export interface ChainOptions {
  readonly signal: AbortSignal | null;
  readonly maxDepth: number;
  readonly timing: TimingEnv;
}

/**
 * A call and all the calls nested in it. A trap or a denial ends the whole chain (rule 6): once `failure` is set
 * nothing in the chain can go on, even if a guest catches the exception.
 */
export class Chain {
  failure: CofferdamError | null = null;
  depth = 0;
  /** The instance whose own fault ended the chain; null when it was a denial, a limit or the caller's wish. */
  culprit: Slot | null = null;
  readonly #refusals = new Map<string, number>();
  /** In the kernel's state cells. */
  readonly id: number;
  /** Cells of instances that ended while a frame of theirs may still be on a stack: free when the chain is over. */
  readonly deadCells: number[] = [];
  readonly signal: AbortSignal | null;
  readonly maxDepth: number;
  readonly timing: Timing;
  /** Its time is over while it waits: whoever waits for it is told, and its instances are ended. */
  onOverdue: (error: CofferdamError) => void = (error) => void this.fail(error);

  readonly #onFail: () => void;

  constructor({ id, signal, maxDepth, timing, onFail }: ChainOptions & { id: number; onFail: () => void }) {
    this.id = id;
    this.#onFail = onFail;
    this.signal = signal;
    this.maxDepth = maxDepth;
    this.timing = new Timing(timing, (error) => this.onOverdue(error));
  }

  /** Throws what already ended this chain, LIMIT_DEADLINE or LIMIT_CPU when its time is over, or CALL_ABORTED. */
  assertGoing(): void {
    if (this.failure) throw this.failure;
    const exceeded = this.timing.exceeded();
    if (exceeded !== null) throw this.fail(exceeded);
    if (this.signal?.aborted) {
      throw this.fail(
        new CofferdamError('CALL_ABORTED', 'The call was aborted by its caller.', { cause: this.signal.reason }),
      );
    }
  }

  /** Throws LIMIT_CALL_DEPTH when one more call would be nested too deep; a post or a resource nests nothing. */
  assertRoom(): void {
    if (this.depth < this.maxDepth) return;
    throw this.fail(
      new CofferdamError(
        'LIMIT_CALL_DEPTH',
        `More than ${this.maxDepth} calls are nested in one another. Raise limits.callDepth, or break the cycle.`,
        { details: { limit: this.maxDepth } },
      ),
    );
  }

  /**
   * Counts a refusal; true at the 1st, 2nd, 4th, 8th … of its kind. It is the same each time, and to repeat it would be a
   * guest's way to fill the disk.
   */
  isNews(refusal: string): boolean {
    const times = (this.#refusals.get(refusal) ?? 0) + 1;
    this.#refusals.set(refusal, times);
    return (times & (times - 1)) === 0;
  }

  /** Ends the chain, if nothing else did before; returns what ended it. */
  fail(error: CofferdamError, culprit: Slot | null = null): CofferdamError {
    if (this.failure === null) {
      this.failure = error;
      this.#onFail();
      this.culprit = culprit;
    }
    return this.failure;
  }
}
