import type { Outcome } from './trial.ts';

/* What the fuzzer and its thread have in common. */

export interface Start {
  readonly shared: SharedArrayBuffer;
  readonly seed: number;
}

export type Report =
  | { readonly kind: 'finding'; readonly name: string; readonly bytes: Uint8Array; readonly message: string }
  | { readonly kind: 'progress'; readonly outcomes: Readonly<Record<Outcome, number>>; readonly heapBytes: number };

/** Where the state stands in the shared memory, in 32-bit words, and where the bytes of the input begin. */
export const WORDS = { phase: 0, trials: 1, length: 2 } as const;
export const INPUT_AT = 64;
