/** What the worker is asked: to run once, or to make a fresh instance. */
export type Request = 'run' | 'fresh';

export interface Answer {
  /** Null after a trap. */
  readonly output: string | null;
  readonly error: string | null;
  /** Of this thread, in microseconds. */
  readonly cpu: number;
  /** When the run ended, as `process.hrtime.bigint()` tells it in every thread. */
  readonly ended: bigint;
  readonly fuel: bigint;
}

/** In words of the interrupt memory: what the runtime keeps, and whether a run has begun. */
export const RUN = 0;
export const BEGUN = 8;
