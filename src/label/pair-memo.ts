import type { Label } from './label.ts';

/** What is known about an ordered pair of labels. */
export interface Pair {
  readonly from: Label;
  readonly to: Label;
  readonly canFlow: boolean;
  join: Label | undefined;
}

/** 4,096 pairs, about 300 kB when full; a host with more pairs in use at once recomputes some of them. */
const SLOTS = 4096;

/**
 * A memo of fixed size: each pair has one slot, and a newer pair evicts the older. A growing map would let whoever can
 * bring in labels fill the memory of the host. A hit compares objects, not numbers, so a label of another space never hits.
 */
export class PairMemo {
  readonly #slots: (Pair | undefined)[] = new Array<Pair | undefined>(SLOTS).fill(undefined);

  get(from: Label, to: Label): Pair | undefined {
    const pair = this.#slots[slotOf(from, to)];
    return pair !== undefined && pair.from === from && pair.to === to ? pair : undefined;
  }

  set(pair: Pair): void {
    this.#slots[slotOf(pair.from, pair.to)] = pair;
  }
}

function slotOf(from: Label, to: Label): number {
  return (Math.imul(from.id, 61) + to.id) & (SLOTS - 1);
}
