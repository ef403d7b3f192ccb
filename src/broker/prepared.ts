import { type EntryCall, isPlainFunction, makeEntryCall, type Sizer, sizerOf } from '../abi/index.ts';
import type { Instance } from '../compartment/contract.ts';
import { toGuestError } from '../compartment/guest-error.ts';
import type { Label } from '../label/index.ts';
import type { Chain } from './chain.ts';
import type { Crossing } from './crossing.ts';
import { type Entries, type Entry, isLater } from './entries.ts';
import type { Slot } from './instances.ts';
import type { Kernel } from './kernel.ts';
import type { TimedEntry } from './timing.ts';

/** What a prepared call was decided to be, for as long as the epoch lasts. */
export interface Preparation {
  readonly slot: Slot;
  readonly instance: Instance;
  readonly index: number;
  readonly port: number;
  readonly timed: TimedEntry;
  readonly reply: Label;
}

export interface PreparedEnv {
  readonly kernel: Kernel;
  /** Decides, finds or makes the instance, declares the port. Null where each call has to be decided: a gate, `per-call`. */
  readonly prepare: (crossing: Crossing, before: Preparation | null) => Preparation | null;
  /** One call in full. */
  readonly callNow: (crossing: Crossing) => { readonly value: unknown; readonly label: Label };
  /** Ends the chain and all that it was inside of; gives the error to throw. */
  readonly fail: (crossing: Crossing, preparation: Preparation, error: unknown) => unknown;
  /** The chain of all prepared calls: they start and end at once, so no two of them are under way. */
  readonly chain: () => Chain;
  readonly entries: Entries;
}

/**
 * One export at one label, for host code that calls it often and at once: decided once per epoch, recorded in the ring as
 * generated crossings are. What is left for each call is a comparison, a record, and lift and lower; where the type is
 * plain, all of that but lift and lower is generated Wasm (`direct`).
 */
export class Prepared {
  readonly #env: PreparedEnv;
  readonly #crossing: Omit<Crossing, 'chain' | 'args' | 'bytes'>;
  readonly #sizer: Sizer;
  #epoch = -1;
  #preparation: Preparation | null = null;
  #direct: EntryCall | null = null;
  #entry: Entry | null = null;
  /** That the entry is bound to. */
  #chain: Chain | null = null;
  /** Of the replies. */
  label: Label;

  constructor(env: PreparedEnv, crossing: Omit<Crossing, 'chain' | 'args' | 'bytes'>) {
    this.#env = env;
    this.#crossing = crossing;
    this.#sizer = sizerOf(crossing.edge.type);
    this.label = crossing.request;
  }

  /** A function that calls at once, and comes to `otherwise` with whatever is no ordinary call; null: all of them are such. */
  direct(otherwise: (args: ArrayLike<unknown>) => unknown): EntryCall['call'] | null {
    const { type } = this.#crossing.edge;
    if (!isPlainFunction(type)) return null;
    const failed = (error: unknown, args: ArrayLike<unknown>): unknown => {
      if (isLater(error)) return otherwise(args);
      throw this.#failed(error, args);
    };
    this.#direct = makeEntryCall(type, { otherwise, failed });
    return this.#direct.call;
  }

  #failed(thrown: unknown, args: ArrayLike<unknown>): unknown {
    const [preparation, chain] = [this.#preparation, this.#chain];
    if (preparation === null || chain === null) return thrown;
    chain.timing.takeOver();
    const crossing = { ...this.#crossing, args: Array.from(args), bytes: 0, chain };
    return this.#env.fail(crossing, preparation, toGuestError(thrown));
  }

  call(args: readonly unknown[], bytes: number): unknown {
    const { kernel } = this.#env;
    const chain = this.#env.chain();
    if (this.#epoch !== kernel.epoch) this.#prepare();
    const preparation = this.#preparation;
    if (preparation === null) return this.#callInFull(args, bytes);
    const { slot, instance, index, port, timed } = preparation;
    if (!kernel.isFree(slot.cell)) return this.#callInFull(args, bytes); // says who is inside
    kernel.setChain(slot.cell, chain);
    kernel.record(port, bytes, 0);
    chain.timing.enter(timed);
    slot.refuel();
    try {
      const value = instance.call(index, args);
      if (chain.failure) throw chain.failure;
      kernel.recordReply(port, this.#sizer.result(value));
      chain.timing.leave();
      kernel.setChain(slot.cell, null);
      return value;
    } catch (error) {
      throw this.#env.fail({ ...this.#crossing, args, bytes, chain }, preparation, error);
    }
  }

  #prepare(): void {
    const { epoch } = this.#env.kernel;
    const crossing = { ...this.#crossing, args: [], bytes: 0, chain: this.#env.chain() };
    this.#preparation = this.#env.prepare(crossing, this.#preparation);
    if (this.#preparation) this.label = this.#preparation.reply;
    this.#epoch = epoch;
    this.#bind(epoch, crossing.chain);
  }

  #bind(epoch: number, chain: Chain): void {
    if (this.#direct === null) return;
    this.#entry =
      this.#preparation && this.#env.entries.entry(this.#crossing.edge.type, this.#preparation, this.#entry);
    this.#entry?.bind(epoch, chain);
    this.#chain = chain;
    this.#direct.bind(this.#entry?.call ?? null);
  }

  #callInFull(args: readonly unknown[], bytes: number): unknown {
    const { value, label } = this.#env.callNow({ ...this.#crossing, args, bytes, chain: this.#env.chain() });
    this.label = label;
    return value;
  }
}
