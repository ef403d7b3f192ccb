import { type Sizer, sizerOf } from '../abi/index.ts';
import type { Instance } from '../compartment/contract.ts';
import { CofferdamError } from '../error.ts';
import { timedEntry } from './call-limits.ts';
import { type Crossing, guestCrossing } from './crossing.ts';
import type { Compartment } from './edge.ts';
import type { Instances, Slot } from './instances.ts';
import type { Kernel } from './kernel.ts';
import type { Monitor } from './monitor.ts';
import { importOf } from './present.ts';
import type { TimedEntry } from './timing.ts';

/** Who answers the calls of one import, as long as the epoch lasts. */
export interface Bound {
  epoch: number;
  readonly target: Slot;
  readonly instance: Instance;
  /** Position in the exports of its world. */
  readonly index: number;
  readonly port: number;
  readonly timed: TimedEntry;
  readonly sizer: Sizer;
}

export interface GuestLinksEnv {
  readonly kernel: Kernel;
  readonly monitor: Monitor;
  readonly instances: Instances;
  readonly compartments: () => ReadonlyMap<string, Compartment>;
  readonly post: (crossing: Crossing) => CofferdamError | null;
}

/**
 * The imports of one instance that come to the broker in JavaScript. The first call of each is decided and recorded in full;
 * those that follow are recorded in the ring, as generated crossings are, until the epoch changes. A link with a gate or to an
 * instance for each call is decided each time.
 */
export class GuestLinks {
  readonly #env: GuestLinksEnv;
  readonly #slot: Slot;
  readonly #bound: (Bound | undefined)[] = [];

  constructor(env: GuestLinksEnv, slot: Slot) {
    this.#env = env;
    this.#slot = slot;
  }

  /** The guest called its import number `index`. */
  call(index: number, args: readonly unknown[]): unknown {
    const bound = this.#bound[index];
    const { kernel } = this.#env;
    if (bound === undefined || bound.epoch !== kernel.epoch || !kernel.isFree(bound.target.cell)) {
      return this.#callInFull(index, args);
    }
    return this.#callBound(bound, args);
  }

  /** Who answered import `index` last, where that need not be decided each time. */
  bound(index: number): Bound | null {
    return this.#bound[index] ?? null;
  }

  #callInFull(index: number, args: readonly unknown[]): unknown {
    const { kernel, monitor, compartments, post } = this.#env;
    const slot = this.#slot;
    const { chain } = slot;
    const edge = importOf(compartments(), slot, index);
    if (chain === null || edge === undefined) throw outside(slot);
    chain.timing.takeOver();
    chain.assertGoing();
    kernel.drain(); // so that it is known in the course of which message this is sent
    const crossing = guestCrossing({ slot, chain, edge, args });
    if (edge.isPost) {
      post(crossing);
      return undefined;
    }
    if (edge.target.kind === 'resource') return monitor.callResource(crossing).then((reply) => reply.value);
    if (slot.compartment.edges.suspending.has(index))
      return monitor.callSuspending(crossing).then((reply) => reply.value);
    const { value } = monitor.callNow(crossing);
    this.#bound[index] = this.#bind(crossing, this.#bound[index]);
    return value;
  }

  #bind(crossing: Crossing, before: Bound | undefined): Bound | undefined {
    const { kernel, monitor } = this.#env;
    const slot = this.#slot;
    if (slot.compartment.policy.instances === 'per-call') return undefined;
    const { epoch } = kernel;
    const binding = monitor.bindAgain(crossing, slot, before?.target ?? null);
    if (binding === null) return undefined;
    const { target, index, port } = binding;
    if (before && port === null) {
      before.epoch = epoch;
      return before;
    }
    if (port === null || target.instance === null) return undefined;
    const sizer = sizerOf(crossing.edge.type);
    return { epoch, target, instance: target.instance, index, port, timed: timedEntry(target.compartment), sizer };
  }

  #callBound(bound: Bound, args: readonly unknown[]): unknown {
    const { kernel, monitor, instances } = this.#env;
    const { target, port, sizer } = bound;
    const { chain } = this.#slot;
    if (chain === null) throw outside(this.#slot);
    chain.timing.takeOver();
    chain.assertGoing();
    chain.assertRoom();
    kernel.record(port, sizer.params(args), 0);
    kernel.setChain(target.cell, chain);
    chain.depth += 1;
    chain.timing.enter(bound.timed);
    target.refuel();
    try {
      const value = bound.instance.call(bound.index, args);
      if (chain.failure) throw chain.failure; // a guest caught the exception: the chain has ended all the same
      kernel.recordReply(port, sizer.result(value));
      chain.timing.leave();
      chain.depth -= 1;
      // Whatever changed meanwhile may have been waiting for it to be free.
      if (bound.epoch === kernel.epoch) kernel.setChain(target.cell, null);
      else instances.leave(target);
      return value;
    } catch (error) {
      throw monitor.failBound(chain, target, error);
    }
  }
}

export function outside({ id }: Slot): CofferdamError {
  return new CofferdamError('CALL_OUTSIDE', `${id} called an import outside of any call.`);
}
