import { setTimeout as sleep } from 'node:timers/promises';
import { isCofferdamError } from '../../src/error.ts';
import type { Lab } from '../../src/suite/lab.ts';

/** An encoder and a decoder guest on one host, and how a bit goes from one to the other. */
export interface Line extends AsyncDisposable {
  /** Lets the encoder, at {customer:acme}, send one bit; what the decoder, without any secrecy, then sees. */
  send(bit: 0 | 1): Promise<number>;
}

/** One way to build the host: as an attacker would like it, or with a channel made narrower. */
export interface Setting {
  readonly name: string;
  readonly isMitigated: boolean;
  /** How hard the encoder works for a 1; the best is looked for. */
  readonly efforts: readonly number[];
  /** A budget: so many bits are let through in a time, and no more; the line is tried that often. */
  readonly budget?: { readonly uses: number; readonly seconds: number };
  open(lab: Lab, effort: number): Promise<Line>;
}

/** A setting where the encoder does a thing or not: there is nothing to do harder. */
export const yesOrNo = (name: string, isMitigated: boolean, open: (lab: Lab) => Promise<Line>): Setting => ({
  name,
  isMitigated,
  efforts: [1],
  open,
});

/** A way round the labels that is measured rather than denied. */
export interface Channel {
  /** Of the attack case. */
  readonly number: number;
  readonly name: string;
  readonly settings: readonly Setting[];
}

/** Core time of the guests: WAT of a loop that runs `(local.get 0)` times. */
export const BURN = `(loop $again
    (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
    (br_if $again (i32.gt_s (local.get 0) (i32.const 0))))`;

export const ACME = { label: { secrecy: ['customer:acme'] } };
export const PUBLIC = { label: {} };

/** Runs it again when a ceiling of failures is over: who sends by failing waits for it. */
export async function persist<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!isCofferdamError(error, 'COMPARTMENT_BACKOFF')) throw error;
      await sleep(1);
    }
  }
}
