import type { Label } from '../label/index.ts';
import type { Compartment } from './edge.ts';

/** One compartment at one label, which has failed there lately. */
interface Failing {
  readonly label: Label;
  /** When, oldest first; no more than the ceiling counts. */
  readonly timesMs: number[];
  /** `restart: fail`: nothing runs there until it is resumed or replaced. */
  readonly isFinal: boolean;
}

/** Past this many labels, those that are over are swept out. */
const SWEEP_AT = 1_024;

/**
 * Who has failed by its own fault, and when the next instance may be started there. Counted per compartment and label: a
 * count that labels share would let one feel another's failures.
 */
export class Failures {
  readonly #byCompartment = new Map<string, Map<number, Failing>>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Returns the wait that it leads to, in milliseconds; Infinity for one that only an operator ends. */
  add({ name, policy }: Compartment, label: Label): number {
    const { policy: word, ceiling } = policy.restart;
    const nowMs = this.#nowMs();
    const byLabel = this.#byCompartment.get(name) ?? new Map<number, Failing>();
    this.#byCompartment.set(name, byLabel);
    if (byLabel.size >= SWEEP_AT) this.#sweep(byLabel, nowMs - ceiling.perMs);
    const before = byLabel.get(label.id)?.timesMs ?? [];
    const timesMs = [...before.filter((timeMs) => nowMs - timeMs < ceiling.perMs), nowMs].slice(-ceiling.amount);
    byLabel.set(label.id, { label, timesMs, isFinal: word === 'fail' });
    return this.waitMs({ name, policy }, label);
  }

  /** How long nothing may be started there; 0: it may be now, Infinity: not before somebody resumes it. */
  waitMs({ name, policy }: Pick<Compartment, 'name' | 'policy'>, label: Label): number {
    const failing = this.#byCompartment.get(name)?.get(label.id);
    if (failing === undefined) return 0;
    if (failing.isFinal) return Number.POSITIVE_INFINITY;
    const { backoffMs, ceiling } = policy.restart;
    const nowMs = this.#nowMs();
    const recent = failing.timesMs.filter((timeMs) => nowMs - timeMs < ceiling.perMs);
    const last = recent.at(-1);
    if (last === undefined) return 0;
    const untilNextMs = last + Math.min(backoffMs * 2 ** (recent.length - 1), ceiling.perMs) - nowMs;
    const oldest = recent.length < ceiling.amount ? undefined : recent.at(-ceiling.amount);
    const untilRoomMs = oldest === undefined ? 0 : oldest + ceiling.perMs - nowMs;
    // No longer than the ceiling's time, even when the clock was set back.
    return Math.min(Math.max(untilNextMs, untilRoomMs, 0), ceiling.perMs);
  }

  /** The labels at which nothing may be started now. */
  of(compartment: Pick<Compartment, 'name' | 'policy'>): { readonly label: Label; readonly waitMs: number }[] {
    return [...(this.#byCompartment.get(compartment.name)?.values() ?? [])]
      .map(({ label }) => ({ label, waitMs: this.waitMs(compartment, label) }))
      .filter(({ waitMs }) => waitMs > 0);
  }

  has(name: string): boolean {
    return this.#byCompartment.has(name);
  }

  /** It starts with a clean record: it was resumed, or has new code. */
  forget(name: string): void {
    this.#byCompartment.delete(name);
  }

  #sweep(byLabel: Map<number, Failing>, beforeMs: number): void {
    for (const [id, { timesMs, isFinal }] of byLabel) {
      if (!isFinal && (timesMs.at(-1) ?? 0) < beforeMs) byLabel.delete(id);
    }
  }
}
