import type { Instance, InstanceHost } from '../compartment/contract.ts';
import { CofferdamError } from '../error.ts';
import type { Label } from '../label/index.ts';
import type { Blame } from './blame.ts';
import { failureOf, fuelOf } from './call-limits.ts';
import type { Chain } from './chain.ts';
import type { Compartment } from './edge.ts';
import type { Kernel } from './kernel.ts';
import type { Lifecycle } from './lifecycle.ts';

/** One instance q@L, and who is in it. */
export class Slot {
  /** `summarise@{customer:acme}#7`: unique for the life of the host; guests never see it. */
  readonly id: string;
  readonly compartment: Compartment;
  readonly label: Label;
  instance: Instance | null = null;
  /** Address of its state in the kernel's memory. */
  readonly cell: number;
  /** Ports of crossings that lead to it, or from it. */
  readonly ports = new Set<number>();
  /** Wasm may enter it without coming here. */
  isBound = false;
  /** It failed by its own fault. */
  isPoisoned = false;
  /** The message that is being handled, for provenance. */
  message = 0;
  /** Streams and futures with an end here, handed over in messages and not over yet. */
  streams = 0;
  /** Counted down by the guest; null where there is no limit. */
  readonly fuel: WebAssembly.Global | null;
  /** Bytes written to stdout and stderr in the chain that is, or was last, inside. */
  output: { chain: Chain | null; bytes: number } = { chain: null, bytes: 0 };
  readonly #kernel: Kernel;

  constructor(id: string, compartment: Compartment, label: Label, kernel: Kernel) {
    this.#kernel = kernel;
    this.cell = kernel.allocate();
    this.id = id;
    this.compartment = compartment;
    this.label = label;
    this.fuel = fuelOf(compartment);
  }

  /** The chain that is inside, or null when the instance is free. */
  get chain(): Chain | null {
    return this.#kernel.chainAt(this.cell);
  }

  set chain(chain: Chain | null) {
    this.#kernel.setChain(this.cell, chain);
  }

  /** For a call that begins. */
  refuel(): void {
    if (this.fuel !== null) this.fuel.value = BigInt(this.compartment.policy.limits.fuel ?? 0);
  }

  /** Of the call that was last inside; null where it is not counted. */
  get fuelUsed(): number | null {
    if (this.fuel === null) return null;
    return Number(BigInt(this.compartment.policy.limits.fuel ?? 0) - (this.fuel.value as bigint));
  }

  /** Nothing enters it any more, and what is left of it on a stack gets nowhere. */
  retire(): void {
    const { chain } = this;
    this.#kernel.kill(this.cell);
    if (chain === null) this.#kernel.release(this.cell);
    else chain.deadCells.push(this.cell);
  }
}

export interface InstancesEnv {
  readonly kernel: Kernel;
  readonly maxInstances: number;
  /** Of all instances together; null: unbounded. */
  readonly maxMemoryBytes: number | null;
  /** Instances of other kinds than inline. */
  readonly maxWorkers: number;
  readonly maxWaiting: number;
  readonly format: (label: Label) => string;
  /** What the instance may reach: made for this slot alone. */
  readonly hostOf: (slot: Slot) => InstanceHost;
  readonly onStart: (slot: Slot) => void;
  readonly onStop: (slot: Slot) => void;
  readonly lifecycle: Lifecycle;
  readonly blame: Blame;
}

/** All live instances, keyed by compartment and label. Data never changes a label; a label selects the instance. */
export class Instances {
  #byLabel = new Map<Compartment, Map<number, Slot>>();
  #perCompartment = new Map<Compartment, number>();
  #live = new Set<Slot>();
  #waiting = new Map<Slot, (() => void)[]>();
  /** How many there were of each compartment at each label: one count for all would let a label feel another's. */
  readonly #started = new Map<string, number>();
  #env: InstancesEnv;

  constructor(env: InstancesEnv) {
    this.#env = env;
  }

  get size(): number {
    return this.#live.size;
  }

  list(): readonly Slot[] {
    return [...this.#live];
  }

  /** The slot that a call at `label` would use, if it lives already. */
  find(compartment: Compartment, label: Label): Slot | undefined {
    return this.#byLabel.get(compartment)?.get(label.id);
  }

  /**
   * The instance of `compartment` at `label`, entered by `chain`. Throws CALL_REENTRANT when the chain is inside it
   * already, CALL_BUSY when another chain is (it is suspended there), COMPARTMENT_* where none may run or be started,
   * LIMIT_INSTANCES, or what instantiation throws.
   */
  enter(compartment: Compartment, label: Label, chain: Chain): Slot {
    this.#env.lifecycle.assertOpen(compartment);
    let slot = compartment.policy.instances === 'per-call' ? undefined : this.find(compartment, label);
    if (slot?.chain) {
      const [code, why] =
        slot.chain === chain
          ? (['CALL_REENTRANT', 'is already inside this call'] as const)
          : (['CALL_BUSY', 'is suspended in another call'] as const);
      throw new CofferdamError(code, `The instance ${slot.id} ${why}. Break the cycle of links, or wait.`);
    }
    slot ??= this.#start(compartment, label, chain);
    slot.chain = chain;
    return slot;
  }

  /** The instance that a fused link leads to, made if there is none; it is not entered. */
  ensure(compartment: Compartment, label: Label, chain: Chain): Slot {
    this.#env.lifecycle.assertOpen(compartment);
    const found = this.find(compartment, label);
    if (found) return found;
    const started = this.#start(compartment, label, chain);
    started.chain = null;
    return started;
  }

  /** The call is over: a per-call or replaced instance goes with its last stream, a per-label one is free. */
  leave(slot: Slot): void {
    slot.chain = null;
    if (this.find(slot.compartment, slot.label) === slot) this.#wake(slot);
    else if (slot.streams === 0) this.discard(slot);
  }

  closeStream(slot: Slot): void {
    slot.streams -= 1;
    if (slot.streams === 0 && this.#live.has(slot) && slot.chain === null) this.leave(slot);
  }

  /** Ends an instance; the next call at its label makes a fresh one. `why` is for the operator. */
  discard(slot: Slot, why = 'its call is over'): void {
    if (!this.#live.delete(slot)) return;
    const { compartment } = slot;
    const byLabel = this.#byLabel.get(compartment);
    if (byLabel?.get(slot.label.id) === slot) byLabel.delete(slot.label.id);
    if (byLabel?.size === 0) this.#byLabel.delete(compartment);
    const left = (this.#perCompartment.get(compartment) ?? 1) - 1;
    if (left > 0) this.#perCompartment.set(compartment, left);
    else this.#perCompartment.delete(compartment);
    try {
      this.#env.onStop(slot);
      this.#env.lifecycle.stopped(slot, why);
    } finally {
      // A journal that is full keeps nobody waiting.
      slot.instance?.stop();
      slot.retire();
      if (slot.isBound) this.#env.kernel.advance();
      this.#wake(slot);
    }
  }

  /** The chain has ended, with these instances inside: see blame.ts. */
  settle(chain: Chain, inside: readonly Slot[]): void {
    this.#env.blame.settle(chain, inside);
  }

  /** Ends all free instances of a compartment; those inside a call end with it. */
  discardAll(compartment: Compartment, why: string): void {
    for (const slot of this.#live) if (slot.compartment === compartment && slot.chain === null) this.discard(slot, why);
    // Busy ones are no longer found by label: nobody new enters them, and `leave` ends them when their call is over.
    this.#byLabel.delete(compartment);
  }

  /**
   * Resolves when the instance is free or gone, or the signal aborts. Throws LIMIT_WAITING; a post has its place in the queue,
   * which is bounded, and is not lost for want of another.
   */
  waitFor(slot: Slot, signal: AbortSignal | null, isPost: boolean): Promise<void> {
    const waiting = this.#waiting.get(slot) ?? [];
    if (!isPost && waiting.length >= this.#env.maxWaiting) {
      throw new CofferdamError(
        'LIMIT_WAITING',
        `${this.#env.maxWaiting} calls wait for ${slot.id} already. Wait for replies, or raise limits.waiting.`,
        { details: { limit: this.#env.maxWaiting } },
      );
    }
    this.#waiting.set(slot, waiting);
    return new Promise((resolve) => {
      const giveUp = () => {
        waiting.splice(waiting.indexOf(wake), 1);
        resolve();
      };
      const wake = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      waiting.push(wake);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  #wake(slot: Slot): void {
    const waiting = this.#waiting.get(slot);
    if (!waiting) return;
    this.#waiting.delete(slot);
    for (const wake of waiting) wake();
  }

  #start(compartment: Compartment, label: Label, chain: Chain): Slot {
    this.#env.lifecycle.assertMayStart(compartment, label);
    const count = this.#perCompartment.get(compartment) ?? 0;
    this.#assertRoom(compartment, count);
    const slot = new Slot(this.#newId(compartment, label), compartment, label, this.#env.kernel);
    slot.chain = chain; // its start function may already call imports
    this.#live.add(slot);
    this.#perCompartment.set(compartment, count + 1);
    if (compartment.policy.instances === 'per-label') this.#current(compartment).set(label.id, slot);
    try {
      this.#env.onStart(slot);
      this.#env.lifecycle.started(slot);
      slot.instance = compartment.code.instantiate(this.#env.hostOf(slot));
    } catch (thrown) {
      const error = failureOf(thrown, chain, [slot]);
      this.#env.blame.failedToStart(slot, chain, error);
      this.discard(slot, 'it did not start');
      throw error;
    }
    return slot;
  }

  #newId({ name }: Compartment, label: Label): string {
    const id = `${name}@${this.#env.format(label)}`;
    const number = (this.#started.get(id) ?? 0) + 1;
    this.#started.set(id, number);
    return `${id}#${number}`;
  }

  #current(compartment: Compartment): Map<number, Slot> {
    const byLabel = this.#byLabel.get(compartment) ?? new Map<number, Slot>();
    this.#byLabel.set(compartment, byLabel);
    return byLabel;
  }

  /** Counted when one is started, which takes far longer. */
  #isRemoteFull({ policy: { kind } }: Compartment): boolean {
    if (kind === 'inline') return false;
    const remote = this.list().filter(({ compartment }) => compartment.policy.kind !== 'inline');
    return remote.length >= this.#env.maxWorkers;
  }

  #assertRoom(compartment: Compartment, count: number): void {
    const { instances } = compartment.policy.limits;
    const [limit, key] =
      count >= instances
        ? [instances, `compartments.${compartment.name}.limits.instances`]
        : this.size >= this.#env.maxInstances
          ? [this.#env.maxInstances, 'limits.instances']
          : this.#isRemoteFull(compartment)
            ? [this.#env.maxWorkers, 'limits.workers']
            : [0, ''];
    if (key === '') {
      this.#assertMemory(compartment);
      return;
    }
    throw new CofferdamError(
      'LIMIT_INSTANCES',
      `A new instance of ${compartment.name} would be number ${limit + 1}. Raise ${key}, or unload what is idle.`,
      { details: { limit, key } },
    );
  }

  /**
   * By what instances may have, not by what they have: how much a guest has taken so far may depend on secrets, and must
   * not be felt at another label.
   */
  #assertMemory({ name, policy }: Compartment): void {
    const { maxMemoryBytes } = this.#env;
    if (maxMemoryBytes === null) return;
    const taken = this.list().reduce((sum, slot) => sum + slot.compartment.policy.limits.memoryBytes, 0);
    const wanted = policy.limits.memoryBytes;
    if (taken + wanted <= maxMemoryBytes) return;
    throw new CofferdamError(
      'LIMIT_HOST_MEMORY',
      `A new instance of ${name} may take ${wanted} bytes of memory, ${taken} of ${maxMemoryBytes} are taken. ` +
        `Raise limits.memory, lower compartments.${name}.limits.memory, or unload what is idle.`,
      { details: { compartment: name, wantedBytes: wanted, takenBytes: taken, limit: maxMemoryBytes } },
    );
  }
}
