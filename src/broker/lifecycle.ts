import { CofferdamError } from '../error.ts';
import type { Label } from '../label/index.ts';
import type { Compartment } from './edge.ts';
import { Failures } from './failures.ts';
import type { Slot } from './instances.ts';
import type { LifecycleState, Transition } from './transition.ts';
import { Waiting } from './waiting.ts';

export interface LifecycleEnv {
  readonly nowMs: () => number;
  /** Calls that may wait for one suspended compartment, per label. */
  readonly maxWaiting: number;
  readonly format: (label: Label) => string;
  /** What was bound before is asked for anew. */
  readonly advance: () => void;
  readonly emit: (transition: Transition) => void;
}

/** `stopping`: what was accepted is still delivered. */
type Halt = 'suspended' | 'stopping' | 'stopped';

type Named = Pick<Compartment, 'name' | 'policy'>;

/**
 * Which compartments may be entered, and at which labels an instance may be started. Suspending and stopping are acts of the
 * operator, as public as grants are; failures are counted per label, so that no label feels another's.
 */
export class Lifecycle {
  readonly #env: LifecycleEnv;
  readonly #failures: Failures;
  readonly #halts = new Map<string, Halt>();
  readonly #waiting = new Waiting();
  /** Live instances by the name of their compartment; those of replaced code, too. */
  readonly #live = new Map<string, number>();
  #isClosed = false;

  constructor(env: LifecycleEnv) {
    this.#env = env;
    this.#failures = new Failures(env.nowMs);
  }

  stateOf(name: string): LifecycleState {
    const halt = this.#halts.get(name);
    if (halt === 'suspended' || halt === 'stopped') return halt;
    return this.#live.has(name) ? 'running' : 'loaded';
  }

  /** Labels at which nothing may be started now, and for how long; Infinity: until it is resumed. */
  failuresOf(compartment: Named): readonly { readonly label: Label; readonly waitMs: number }[] {
    return this.#failures.of(compartment);
  }

  /** Nobody enters a suspended or stopped compartment. Throws COMPARTMENT_SUSPENDED, COMPARTMENT_STOPPED. */
  assertOpen({ name }: Named): void {
    if (this.#halts.size === 0) return;
    const halt = this.#halts.get(name);
    if (halt === 'suspended') throw suspended(name);
    if (halt === 'stopped') throw stopped(name);
  }

  /** Throws COMPARTMENT_STOPPED for a compartment that takes no new messages. */
  assertTakes(name: string): void {
    const halt = this.#halts.get(name);
    if (halt === 'stopping' || halt === 'stopped') throw stopped(name);
  }

  /** Throws COMPARTMENT_FAILED, COMPARTMENT_BACKOFF where an instance has failed. */
  assertMayStart(compartment: Named, label: Label): void {
    if (!this.#failures.has(compartment.name)) return;
    const waitMs = this.#failures.waitMs(compartment, label);
    if (waitMs > 0) throw this.#refusal(compartment.name, label, waitMs);
  }

  /**
   * What a message of the host waits for before it may enter; null when nothing is in its way. Throws COMPARTMENT_* where it
   * may not wait, LIMIT_WAITING, HOST_CLOSED.
   */
  obstacle(message: {
    readonly compartment: Compartment;
    readonly request: Label;
    /** Where it would run; asked for only where something has failed. */
    readonly target: () => Label | null;
    readonly isPost: boolean;
    readonly signal: AbortSignal | null;
  }): Promise<void> | null {
    const { compartment, request, isPost, signal } = message;
    const { name } = compartment;
    const halt = this.#halts.get(name);
    if (halt === 'stopped' || (halt === 'stopping' && !isPost)) throw stopped(name);
    if (halt === 'suspended') {
      if (this.#isClosed) throw closed(name);
      if (!isPost) this.#assertMayWait(compartment, request);
      return this.#waiting.wait(name, request.id, signal);
    }
    if (!isPost || !this.#failures.has(name)) return null;
    const label = message.target();
    const waitMs = label === null ? 0 : this.#failures.waitMs(compartment, label);
    if (waitMs === 0 || waitMs === Number.POSITIVE_INFINITY) return null; // whoever enters learns of it
    if (this.#isClosed) throw closed(name);
    return this.#waiting.wait(name, request.id, signal, waitMs);
  }

  suspend(name: string): void {
    this.#halt(name, 'suspended', 'suspended');
  }

  /** From now on nothing new is accepted; what was is delivered until `stop`. */
  drain(name: string): void {
    this.#halts.set(name, 'stopping');
    this.#wake(name);
  }

  isDraining(name: string): boolean {
    return this.#halts.get(name) === 'stopping';
  }

  stop(name: string): void {
    this.#halt(name, 'stopped', 'stopped');
  }

  /** Also forgets its failures, at all labels. */
  resume(name: string): void {
    const from = this.stateOf(name);
    this.#halts.delete(name);
    this.#failures.forget(name);
    const to = this.stateOf(name);
    if (from !== to) this.#tell(name, from, to, 'resumed');
    this.#wake(name);
  }

  /** Is there anything to resume? */
  isHeld(compartment: Named): boolean {
    return this.#halts.has(compartment.name) || this.#failures.of(compartment).length > 0;
  }

  /** Other compartments are in force. What was stopped or had failed goes on with new code; what is suspended stays so. */
  adopt(present: ReadonlyMap<string, Compartment>, previous: ReadonlyMap<string, Compartment> | null): void {
    for (const [name, compartment] of present) {
      const old = previous?.get(name);
      if (old === undefined) this.#tell(name, 'declared', this.stateOf(name), 'loaded');
      else if (old !== compartment) {
        const from = this.stateOf(name);
        this.#failures.forget(name);
        if (this.#halts.get(name) !== 'suspended') this.#halts.delete(name);
        this.#tell(name, from, this.stateOf(name), 'replaced');
        this.#wake(name);
      }
    }
    for (const name of previous?.keys() ?? []) {
      if (present.has(name)) continue;
      const from = this.stateOf(name);
      this.#halts.delete(name);
      this.#failures.forget(name);
      this.#tell(name, from, 'stopped', 'unloaded');
      this.#wake(name);
    }
  }

  started({ id, label, compartment: { name } }: Slot): void {
    const count = this.#live.get(name) ?? 0;
    this.#live.set(name, count + 1);
    if (count === 0 && !this.#halts.has(name)) this.#tell(name, 'loaded', 'running', 'first instance');
    this.#tellOf(name, id, label, 'loaded', 'running', 'started');
  }

  /** It failed by its own fault, and is never entered again. */
  failed(slot: Slot, code: string): void {
    const { id, label, compartment } = slot;
    slot.isPoisoned = true;
    this.#tellOf(compartment.name, id, label, 'running', 'poisoned', code);
    if (this.#failures.add(compartment, label) === 0) return;
    this.#tellOf(compartment.name, null, label, 'running', 'poisoned', code);
  }

  stopped({ id, label, compartment: { name }, isPoisoned }: Slot, why: string): void {
    this.#tellOf(name, id, label, isPoisoned ? 'poisoned' : 'running', 'stopped', why);
    const left = (this.#live.get(name) ?? 1) - 1;
    if (left > 0) this.#live.set(name, left);
    else {
      this.#live.delete(name);
      if (!this.#halts.has(name)) this.#tell(name, 'running', 'loaded', 'no instance is left');
    }
  }

  /** Nothing is resumed any more: what waits for a suspended compartment gets HOST_CLOSED. */
  close(): void {
    this.#isClosed = true;
    for (const [name, halt] of this.#halts) if (halt === 'suspended') this.#wake(name);
  }

  /** Nothing is waited for any more. */
  giveUp(): void {
    this.#isClosed = true;
    this.#env.advance();
    this.#waiting.wakeAll();
  }

  #halt(name: string, halt: Halt, why: string): void {
    const from = this.stateOf(name);
    this.#halts.set(name, halt);
    this.#tell(name, from, this.stateOf(name), why);
    this.#wake(name);
  }

  #wake(name: string): void {
    this.#env.advance();
    this.#waiting.wake(name);
  }

  #assertMayWait({ name, policy }: Compartment, { id }: Label): void {
    if (policy.busy === 'refuse') throw suspended(name);
    const { maxWaiting } = this.#env;
    if (this.#waiting.count(name, id) < maxWaiting) return;
    throw new CofferdamError(
      'LIMIT_WAITING',
      `${maxWaiting} calls wait for ${name}, which is suspended. Resume it, or raise limits.waiting.`,
      { details: { limit: maxWaiting } },
    );
  }

  #refusal(compartment: string, label: Label, waitMs: number): CofferdamError {
    const where = `${compartment} at ${this.#env.format(label)}`;
    if (waitMs === Number.POSITIVE_INFINITY) {
      return new CofferdamError(
        'COMPARTMENT_FAILED',
        `${where} has failed, and its manifest says \`restart: fail\`. Resume or replace ${compartment}.`,
        { details: { compartment } },
      );
    }
    const wait = Math.ceil(waitMs);
    return new CofferdamError(
      'COMPARTMENT_BACKOFF',
      `${where} has failed too often, and is not started for ${wait} ms. Wait, or resume or replace ${compartment}.`,
      { details: { compartment, waitMs: wait } },
    );
  }

  #tell(compartment: string, from: LifecycleState, to: LifecycleState, why: string): void {
    this.#env.emit({ compartment, instance: null, label: null, from, to, why, at: this.#env.nowMs() });
  }

  #tellOf(
    compartment: string,
    instance: string | null,
    label: Label,
    from: LifecycleState,
    to: LifecycleState,
    why: string,
  ): void {
    this.#env.emit({ compartment, instance, label, from, to, why, at: this.#env.nowMs() });
  }
}

function suspended(compartment: string): CofferdamError {
  return new CofferdamError('COMPARTMENT_SUSPENDED', `${compartment} is suspended. Resume it, or call later.`, {
    details: { compartment },
  });
}

function stopped(compartment: string): CofferdamError {
  return new CofferdamError('COMPARTMENT_STOPPED', `${compartment} is stopped. Resume or replace it.`, {
    details: { compartment },
  });
}

function closed(compartment: string): CofferdamError {
  return new CofferdamError('HOST_CLOSED', `The host closed while a message waited for ${compartment}.`);
}
