import { forProgram, mapSources, returnSources } from '../compartment/source.ts';
import { CofferdamError, isCofferdamError } from '../error.ts';
import type { AllowedCall, Label, LabelSpace } from '../label/index.ts';
import { failureOf, timedEntry } from './call-limits.ts';
import type { Chain } from './chain.ts';
import {
  type Crossing,
  exportTarget,
  outcomeOf,
  type Reply,
  sizeOfResult,
  toCofferdamError,
  withLabel,
} from './crossing.ts';
import type { Decisions } from './decisions.ts';
import type { Compartment } from './edge.ts';
import type { Binding } from './fuse.ts';
import { gateUsesOf, reserveBudgets } from './gate-uses.ts';
import type { GateBudgets } from './gates.ts';
import type { Grants } from './grants.ts';
import type { Instances, Slot } from './instances.ts';
import type { Preparation } from './prepared.ts';
import type { Recorder } from './recorder.ts';
import { callResource } from './resource-call.ts';
import { type Carrier, Streams } from './streams.ts';
import type { TimedEntry } from './timing.ts';

/** A crossing that was let in. */
interface Entered {
  readonly verdict: AllowedCall;
  readonly slot: Slot;
  readonly message: number;
  /** Of the grants when it was let in. */
  readonly epoch: number;
  /** Gives back what the gates reserved and the reply did not use. */
  readonly settle: (replyBytes: number) => void;
}

/**
 * The reference monitor: every message between instances, from the host to an instance, and from an instance to a
 * resource passes `#admit` (decide, find the instance, record) before anything runs, and `#complete` or `#fail` before
 * anything is delivered. What generated Wasm does by itself was let in by `bind`.
 */
export class Monitor {
  readonly #space: LabelSpace;
  readonly #grants: Grants;
  readonly #decisions: Decisions;
  readonly #instances: Instances;
  readonly #budgets: GateBudgets;
  readonly #recorder: Recorder;
  readonly #streams: Streams;

  constructor(env: {
    space: LabelSpace;
    grants: Grants;
    decisions: Decisions;
    instances: Instances;
    budgets: GateBudgets;
    recorder: Recorder;
    compartments: () => ReadonlyMap<string, Compartment>;
  }) {
    this.#streams = new Streams(env);
    this.#space = env.space;
    this.#grants = env.grants;
    this.#decisions = env.decisions;
    this.#instances = env.instances;
    this.#budgets = env.budgets;
    this.#recorder = env.recorder;
  }

  /** What `#admit` does for one call is done here for all that follow, until the epoch changes. */
  bind(crossing: Crossing, slot: Slot, bound: Slot | null): Binding {
    const { edge, chain } = crossing;
    const verdict = this.#decide(crossing);
    const { compartment, index } = exportTarget(edge);
    const target = this.#instances.ensure(compartment, verdict.instance, chain);
    const port = target === bound ? null : this.#recorder.port(edge, slot, target, verdict);
    return { target, index, port };
  }

  /**
   * The same after a call that was let in, for a link of which not every call has to be decided by itself. Null for others, and
   * where things are no longer what they were.
   */
  bindAgain({ edge, fromLabel: from, request }: Crossing, slot: Slot, bound: Slot | null): Binding | null {
    const verdict = this.#decisions.standing(edge, { from, request });
    if (!verdict.allowed || verdict.linkGateUsed || verdict.exportGateUsed) return null;
    const { compartment, index } = exportTarget(edge);
    const target = this.#instances.find(compartment, verdict.instance);
    if (target === undefined) return null;
    return { target, index, port: target === bound ? null : this.#recorder.port(edge, slot, target, verdict) };
  }

  /** The same for calls of the host at one label. Null where each call has to be decided by itself. */
  prepare(crossing: Crossing, before: Preparation | null): Preparation | null {
    const { edge, chain, sender } = crossing;
    const verdict = this.#decide(crossing);
    const { compartment, index } = exportTarget(edge);
    const isPlain = !verdict.exportGateUsed && compartment.policy.instances === 'per-label';
    if (!isPlain) return null;
    const timed = timedEntry(compartment);
    const slot = this.#startIn(timed, () => this.#instances.ensure(compartment, verdict.instance, chain), chain);
    const port = before?.slot === slot ? before.port : this.#recorder.port(edge, sender, slot, verdict);
    return { slot, instance: instanceOf(slot), index, port, timed, reply: verdict.reply };
  }

  #startIn(timed: TimedEntry, start: () => Slot, { timing }: Chain): Slot {
    timing.enter(timed);
    try {
      return start();
    } finally {
      timing.leave();
    }
  }

  /** A prepared call failed in its instance. */
  failPrepared(crossing: Crossing, { slot, reply }: Preparation, error: unknown): CofferdamError {
    const { chain } = crossing;
    if (isCofferdamError(error, 'ARGUMENT_TYPE') && chain.failure === null) {
      chain.timing.leave();
      this.#instances.leave(slot);
      return withLabel(error, reply);
    }
    const inside = this.#insideSince(chain, 0);
    const failure = chain.fail(failureOf(error, chain, inside), inside.at(-1) ?? slot);
    chain.timing.leave();
    this.#instances.settle(chain, inside);
    for (const other of inside) this.#discard(other, chain);
    return withLabel(failure, reply);
  }

  /** A call along a bound link failed in its instance: the chain ends, and whoever began it discards what is inside. */
  failBound(chain: Chain, target: Slot, error: unknown): CofferdamError {
    this.#recorder.catchUp();
    const inside = this.#insideSince(chain, target.message);
    return chain.fail(failureOf(error, chain, inside), inside.at(-1) ?? target);
  }

  callNow(crossing: Crossing, message?: number): Reply {
    const entered = this.#admit(crossing, message);
    try {
      return this.#complete(
        crossing,
        entered,
        instanceOf(entered.slot).call(exportTarget(crossing.edge).index, crossing.args),
      );
    } catch (error) {
      throw this.#fail(crossing, entered, error);
    }
  }

  async callSuspending(crossing: Crossing, message?: number): Promise<Reply> {
    const entered = this.#admit(crossing, message);
    const { type } = crossing.edge;
    const request: Carrier = { ...entered, crossing, side: 'request' };
    const args = type.params.map((param, i) => this.#streams.carry(request, param.type, crossing.args[i]));
    try {
      const answer = instanceOf(entered.slot).callSuspending(exportTarget(crossing.edge).index, args);
      crossing.chain.timing.pause();
      const value = await answer;
      // Before the instance is left: what it gives a stream of does not go with its call.
      return this.#complete(crossing, entered, this.#streams.carry({ ...request, side: 'reply' }, type.result, value));
    } catch (error) {
      for (const [i, arg] of args.entries()) returnSources(type.params[i]?.type ?? null, arg);
      throw this.#fail(crossing, entered, error);
    }
  }

  /** Decide, open the gates, enter the instance, record: all of it before anything of the callee runs. */
  #admit(crossing: Crossing, posted?: number): Entered {
    const { edge, chain } = crossing;
    const verdict = this.#decide(crossing);
    const { compartment } = exportTarget(edge);
    chain.assertRoom();
    const message = posted ?? this.#recorder.nextMessage();
    const settle = this.#release(crossing, verdict, message);
    let slot: Slot | undefined;
    chain.timing.enter(timedEntry(compartment)); // to start an instance takes of its time
    try {
      slot = this.#instances.enter(compartment, verdict.instance, chain);
      slot.message = message;
      this.#recorder.entered(crossing, slot, message, verdict, posted !== undefined);
    } catch (error) {
      const failure = chain.fail(toCofferdamError(error));
      chain.timing.leave();
      if (slot) this.#instances.discard(slot, 'its call could not be recorded');
      settle(0);
      this.#recorder.notEntered(crossing, message, failure);
      throw crossing.from === null ? withLabel(failure, verdict.reply) : failure;
    }
    slot.refuel();
    chain.depth += 1;
    return { verdict, slot, message, epoch: this.#grants.epoch, settle };
  }

  /** Throws FLOW_DENIED, after it is on disk. */
  #decide(crossing: Crossing): AllowedCall {
    const { edge, chain, fromLabel: from, request, bytes } = crossing;
    chain.assertGoing();
    const verdict = this.#decisions.decide(edge, { from, request }, bytes);
    if (!verdict.allowed) throw chain.fail(this.#recorder.denied(crossing, verdict));
    return verdict;
  }

  /** Takes from the budgets and records each use, on disk, before anything is released. */
  #release({ edge, request, bytes }: Crossing, verdict: AllowedCall, message: number) {
    const uses = gateUsesOf(edge, request, verdict, bytes);
    const settle = reserveBudgets(edge, request, uses, this.#budgets);
    for (const use of uses) this.#recorder.gateUsed(request, message, use);
    return settle;
  }

  #complete(crossing: Crossing, entered: Entered, value: unknown): Reply {
    const { slot, message, settle } = entered;
    const { chain, edge } = crossing;
    if (chain.failure) throw chain.failure; // a guest caught the exception: the chain has ended all the same
    const label = this.#replyLabel(crossing, entered);
    const bytes = sizeOfResult(edge, value);
    settle(bytes);
    this.#recorder.replied(crossing, slot, message, label, bytes, outcomeOf(value, edge));
    chain.depth -= 1;
    chain.timing.leave();
    const fuel = label === slot.label ? slot.fuelUsed : null; // a gate releases the value, not what it took to make it
    this.#instances.leave(slot);
    return { value, label, message, ...(fuel === null ? {} : { fuel }) };
  }

  /** A reply is a message, too: a privilege that was revoked while the callee ran releases nothing any more (rule 8). */
  #replyLabel(crossing: Crossing, { verdict, epoch }: Entered): Label {
    if (!verdict.exportGateUsed || epoch === this.#grants.epoch) return verdict.reply;
    const { edge, from, fromLabel, request } = crossing;
    const now = this.#decisions.standing(edge, { from: fromLabel, request });
    if (now.allowed && now.exportGateUsed) return verdict.reply;
    if (from === null || this.#space.canFlow(verdict.instance, from.label)) return verdict.instance;
    if (!now.allowed) throw this.#recorder.denied(crossing, now);
    throw new CofferdamError('FLOW_DENIED', `The gate of ${edge.to}.${edge.name} was closed during the call.`);
  }

  /** Ends the chain: this instance is discarded, and so is every other one on the way out. */
  #fail(crossing: Crossing, entered: Entered, error: unknown): CofferdamError {
    const { slot, message, settle } = entered;
    const { chain, from } = crossing;
    const label = from === null ? this.#replyLabel(crossing, entered) : entered.verdict.reply;
    chain.depth -= 1;
    settle(0);
    const isCallersFault = isCofferdamError(error, 'ARGUMENT_TYPE') && from === null && chain.failure === null;
    const inside = isCallersFault ? [] : this.#insideSince(chain, message);
    const failure = isCallersFault ? error : chain.fail(failureOf(error, chain, inside), inside.at(-1) ?? slot);
    chain.timing.leave();
    // Where it is the caller's fault, nothing of the guest ran.
    if (isCallersFault) this.#instances.leave(slot);
    else this.#instances.settle(chain, inside);
    for (const other of inside) this.#discard(other, chain);
    this.#recorder.replied(crossing, slot, message, label, 0, failure.code);
    return from === null ? withLabel(failure, label) : failure;
  }

  /** The instances that the chain has entered with this message and after it, also by fused links: the outermost first. */
  #insideSince(chain: Chain, message: number): readonly Slot[] {
    this.#recorder.catchUp();
    const inside = this.#instances.list().filter((slot) => slot.chain === chain && slot.message >= message);
    return inside.sort((one, other) => one.message - other.message);
  }

  #discard(slot: Slot, chain: Chain): void {
    if (chain.culprit === slot && chain.failure) this.#recorder.trapped(slot, slot.message, chain.failure);
    this.#instances.discard(slot, slot.isPoisoned ? 'failed' : 'its call failed');
  }

  async callResource(crossing: Crossing, posted?: number): Promise<Reply> {
    const { edge, chain } = crossing;
    if (edge.target.kind !== 'resource') throw new CofferdamError('CALL_TARGET', `${edge.to} is not a resource.`);
    const verdict = this.#decide(crossing);
    const message = posted ?? this.#recorder.nextMessage();
    const settle = this.#release(crossing, verdict, message);
    this.#recorder.written(crossing, message, verdict);
    const { type } = edge;
    const carrier: Carrier = { crossing, verdict, slot: null, message, side: 'request' };
    try {
      const { request: label, reply } = verdict;
      const context = { resource: edge.to, compartment: edge.from, label, signal: chain.signal };
      const args = type.params.map((param, i) => {
        const carried = this.#streams.carry(carrier, param.type, crossing.args[i]);
        return mapSources(param.type, carried, forProgram);
      });
      const answer = callResource(edge, args, context);
      chain.timing.pause();
      const value = await answer;
      settle(crossing.bytes);
      if (!edge.isPost) this.#recorder.read(crossing, message, reply, sizeOfResult(edge, value));
      chain.assertGoing();
      return { value: this.#streams.carry({ ...carrier, side: 'reply' }, type.result, value), label: reply, message };
    } catch (error) {
      throw chain.fail(toCofferdamError(error));
    }
  }
}

function instanceOf(slot: Slot) {
  if (slot.instance) return slot.instance;
  throw new CofferdamError('CALL_REENTRANT', `${slot.id} is still starting. Its start function cannot call itself.`);
}
