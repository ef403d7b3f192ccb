import { CofferdamError } from '../error.ts';
import type { Slot } from './instances.ts';

/**
 * A call and all the calls nested in it. A trap or a denial ends the whole chain (rule 6): once `failure` is set
 * nothing in the chain can go on, even if a guest catches the exception.
 */
export class Chain {
  failure: CofferdamError | null = null;
  depth = 0;
  /** The instance whose own fault ended the chain; null when it was a denial, a limit or the caller's wish. */
  culprit: Slot | null = null;
  /** Denials already recorded in this chain, by edge; a guest that repeats itself does not flood the journal. */
  readonly denied = new Map<number, number>();
  readonly signal: AbortSignal | null;
  readonly maxDepth: number;

  constructor({ signal = null, maxDepth }: { signal?: AbortSignal | null; maxDepth: number }) {
    this.signal = signal;
    this.maxDepth = maxDepth;
  }

  /** Throws what already ended this chain, or CALL_ABORTED, or LIMIT_CALL_DEPTH. */
  assertGoing(): void {
    if (this.failure) throw this.failure;
    if (this.signal?.aborted) {
      throw this.fail(
        new CofferdamError('CALL_ABORTED', 'The call was aborted by its caller.', { cause: this.signal.reason }),
      );
    }
    if (this.depth >= this.maxDepth) {
      throw this.fail(
        new CofferdamError(
          'LIMIT_CALL_DEPTH',
          `More than ${this.maxDepth} calls are nested in one another. Raise limits.callDepth, or break the cycle.`,
          { details: { limit: this.maxDepth } },
        ),
      );
    }
  }

  /** Ends the chain, if nothing else did before; returns what ended it. */
  fail(error: CofferdamError, culprit: Slot | null = null): CofferdamError {
    if (this.failure === null) {
      this.failure = error;
      this.culprit = culprit;
    }
    return this.failure;
  }
}
