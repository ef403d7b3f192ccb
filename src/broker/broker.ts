import type { CoreFunction } from '../abi/index.ts';
import type { FusedEnd } from '../compartment/contract.ts';
import { CofferdamError } from '../error.ts';
import type { AllowedCall, Label, LabelSpace } from '../label/index.ts';
import type { HostLimits } from '../policy/policy.ts';
import type { Chain } from './chain.ts';
import {
  type Crossing,
  exportOf,
  guestCrossing,
  outcomeOf,
  type Reply,
  sizeOfResult,
  toCofferdamError,
  withLabel,
} from './crossing.ts';
import { Decisions } from './decisions.ts';
import type { Compartment, Edge } from './edge.ts';
import { type Binding, Fuser } from './fuse.ts';
import { gateUsesOf, reserveBudgets } from './gate-uses.ts';
import { GateBudgets } from './gates.ts';
import type { Grants } from './grants.ts';
import { makeInstanceHost, type Powers } from './instance-host.ts';
import { Instances, type Slot } from './instances.ts';
import type { Kernel } from './kernel.ts';
import { Posts } from './posts.ts';
import { asPresent, importOf } from './present.ts';
import type { Recorder } from './recorder.ts';
import { callResource } from './resource-call.ts';

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
 * anything is delivered.
 */
export class Broker {
  readonly space: LabelSpace;
  readonly grants: Grants;
  readonly posts = new Posts();
  /** Those in force. */
  compartments: ReadonlyMap<string, Compartment> = new Map();
  readonly instances: Instances;
  readonly decisions: Decisions;
  readonly #kernel: Kernel;
  readonly #fuser: Fuser;
  #budgets: GateBudgets;
  #recorder: Recorder;
  #limits: HostLimits;

  constructor(env: {
    space: LabelSpace;
    grants: Grants;
    kernel: Kernel;
    recorder: Recorder;
    limits: HostLimits;
    powers: Powers;
  }) {
    this.#kernel = env.kernel;
    this.space = env.space;
    this.grants = env.grants;
    this.#recorder = env.recorder;
    this.#limits = env.limits;
    this.#budgets = new GateBudgets(env.powers.nowMs);
    this.#fuser = new Fuser({
      kernel: env.kernel,
      bind: (slot, index, bound) => this.#bind(slot, index, bound),
      fail: (slot, error, culprit) => slot.chain?.fail(toCofferdamError(error), culprit) ?? error,
    });
    this.decisions = new Decisions(this.space, this.grants, this.#budgets);
    this.instances = new Instances({
      kernel: env.kernel,
      maxInstances: env.limits.instances,
      maxWaiting: env.limits.waiting,
      format: (label) => this.space.format(label),
      hostOf: (slot) =>
        makeInstanceHost(slot, this.#recorder, env.powers, {
          call: (index, args) => this.#fromGuest(slot, index, args),
          fuse: (index, end) => this.#fuse(slot, index, end),
          leave: env.kernel.leaveOf(slot.cell),
        }),
      onStart: (slot) => this.#recorder.started(slot),
      onStop: (slot) => this.#recorder.stopped(slot),
    });
  }

  makeChain(signal: AbortSignal | null = null): Chain {
    return this.#kernel.begin({ signal, maxDepth: this.#limits.callDepth });
  }

  /** Every chain that was made is to be finished, when no frame of it can be on a stack any more. */
  finish(chain: Chain): void {
    this.#kernel.finish(chain);
  }

  /** A call by trusted host code: it waits for a busy instance, and gets the result with its label. */
  call(crossing: Crossing): Promise<Reply> {
    const { chain, edge } = crossing;
    const reply = this.#run(crossing).finally(() => this.finish(chain));
    return chain.signal && isSuspending(edge) ? this.#orAborted(reply, chain, chain.signal) : reply;
  }

  /** The host's own messages wait for an instance that is suspended in another call. */
  async #run(sent: Crossing, posted?: number): Promise<Reply> {
    const { chain } = sent;
    let crossing = asPresent(this.compartments, sent);
    // Nothing may come between finding the instance free and entering it.
    for (let slot = this.#busySlot(crossing); slot; slot = this.#busySlot(crossing)) {
      await this.instances.waitFor(slot, chain.signal);
      chain.assertGoing();
      crossing = asPresent(this.compartments, sent);
    }
    if (crossing.edge.target.kind === 'resource') return this.#callResource(crossing, posted);
    return isSuspending(crossing.edge) ? this.#callSuspending(crossing, posted) : this.#callNow(crossing, posted);
  }

  /**
   * A one-way message. Returns why it was refused, or null when it was accepted; that is for the operator's eyes, a guest
   * never sees it (rule 4). What was accepted is decided again when it is delivered: a grant may be revoked in between.
   */
  post(crossing: Crossing): CofferdamError | null {
    const { edge, request, bytes } = crossing;
    if (this.posts.isClosed) return new CofferdamError('HOST_CLOSED', 'The host is closing. Create another.');
    const verdict = this.decisions.decide(edge, { from: crossing.fromLabel, request }, bytes);
    if (!verdict.allowed) return this.#recorder.denied(crossing, verdict);
    const { queue: limit } = edge.target.kind === 'export' ? edge.target.compartment.policy.limits : RESOURCE_LIMITS;
    if (!this.posts.hasRoom(edge.to, request.id, limit)) {
      if (crossing.chain.isNews(`queue ${edge.id}`)) this.#recorder.limit(edge.to, 'queue', limit);
      return new CofferdamError(
        'LIMIT_QUEUE',
        `${limit} messages at this label wait for ${edge.to} already. Wait for host.drained(), or raise its limits.queue.`,
        { details: { to: edge.to, limit } },
      );
    }
    const message = this.#recorder.nextMessage();
    this.#recorder.posted(crossing, message);
    const deliver = () => this.#deliver(crossing, message);
    this.posts.add({ to: edge.to, label: request.id, deliver });
    return null;
  }

  async #deliver(sent: Crossing, message: number): Promise<void> {
    const chain = this.makeChain();
    try {
      await this.#run({ ...sent, from: null, chain }, message);
    } catch (error) {
      // Nobody waits for it: what happened is in the journal. An error of our own is not to be lost with it.
      this.#recorder.undelivered(sent, toCofferdamError(error));
    } finally {
      this.finish(chain);
    }
  }

  /** The guest in `slot` called its import number `index`. */
  #fromGuest(slot: Slot, index: number, args: readonly unknown[]): unknown {
    const { chain } = slot;
    const edge = importOf(this.compartments, slot, index);
    if (chain === null || edge === undefined) {
      throw new CofferdamError('CALL_OUTSIDE', `${slot.id} called an import outside of any call.`);
    }
    chain.assertGoing();
    const crossing = guestCrossing({ slot, chain, edge, args });
    if (edge.isPost) {
      this.post(crossing);
      return undefined;
    }
    if (edge.target.kind === 'resource') return this.#callResource(crossing).then((reply) => reply.value);
    if (slot.compartment.edges.suspending.has(index))
      return this.#callSuspending(crossing).then((reply) => reply.value);
    return this.#callNow(crossing).value;
  }

  /** A gate of generated Wasm for an import whose link is fused, or null: see fuse.ts. */
  #fuse(slot: Slot, index: number, end: () => FusedEnd): CoreFunction | null {
    const type = slot.compartment.edges.imports[index]?.type;
    if (!type || !slot.compartment.edges.fused.has(index)) return null;
    return this.#fuser.gate(slot, index, type, end);
  }

  /** What `#admit` does for one call is done here for all that follow, until the epoch changes. */
  #bind(slot: Slot, index: number, bound: Slot | null): Binding {
    const { chain } = slot;
    const edge = importOf(this.compartments, slot, index);
    if (chain === null || edge?.target.kind !== 'export') {
      throw new CofferdamError('CALL_OUTSIDE', `${slot.id} called an import outside of any call.`);
    }
    const { compartment, index: served } = edge.target;
    const verdict = this.#decide(guestCrossing({ slot, chain, edge, args: null }));
    const target = this.instances.ensure(compartment, verdict.instance, chain);
    const port = target === bound ? null : this.#recorder.port(edge, slot, target, verdict);
    return { target, index: served, port };
  }

  #callNow(crossing: Crossing, message?: number): Reply {
    const entered = this.#admit(crossing, message);
    try {
      return this.#complete(crossing, entered, instanceOf(entered.slot).call(exportOf(crossing.edge), crossing.args));
    } catch (error) {
      throw this.#fail(crossing, entered, error);
    }
  }

  async #callSuspending(crossing: Crossing, message?: number): Promise<Reply> {
    const entered = this.#admit(crossing, message);
    try {
      const value = await instanceOf(entered.slot).callSuspending(exportOf(crossing.edge), crossing.args);
      return this.#complete(crossing, entered, value);
    } catch (error) {
      throw this.#fail(crossing, entered, error);
    }
  }

  /** Decide, open the gates, enter the instance, record: all of it before anything of the callee runs. */
  #admit(crossing: Crossing, posted?: number): Entered {
    const { edge, chain } = crossing;
    const verdict = this.#decide(crossing);
    if (edge.target.kind !== 'export') throw new CofferdamError('CALL_TARGET', `${edge.to} is not a compartment.`);
    chain.assertRoom();
    const message = posted ?? this.#recorder.nextMessage();
    const settle = this.#release(crossing, verdict, message);
    let slot: Slot | undefined;
    try {
      slot = this.instances.enter(edge.target.compartment, verdict.instance, chain);
      slot.message = message;
      this.#recorder.entered(crossing, slot, message, verdict, posted !== undefined);
    } catch (error) {
      const failure = chain.fail(toCofferdamError(error));
      if (slot) this.instances.discard(slot);
      settle(0);
      this.#recorder.notEntered(crossing, message, failure);
      throw crossing.from === null ? withLabel(failure, verdict.reply) : failure;
    }
    chain.depth += 1;
    return { verdict, slot, message, epoch: this.grants.epoch, settle };
  }

  /** Throws FLOW_DENIED, after it is on disk. */
  #decide(crossing: Crossing): AllowedCall {
    const { edge, chain, fromLabel: from, request, bytes } = crossing;
    chain.assertGoing();
    const verdict = this.decisions.decide(edge, { from, request }, bytes);
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
    this.instances.leave(slot);
    return { value, label, message };
  }

  /** A reply is a message, too: a privilege that was revoked while the callee ran releases nothing any more (rule 8). */
  #replyLabel(crossing: Crossing, { verdict, epoch }: Entered): Label {
    if (!verdict.exportGateUsed || epoch === this.grants.epoch) return verdict.reply;
    const { edge, from, fromLabel, request } = crossing;
    const now = this.decisions.standing(edge, { from: fromLabel, request });
    if (now.allowed && now.exportGateUsed) return verdict.reply;
    if (from === null || this.space.canFlow(verdict.instance, from.label)) return verdict.instance;
    if (!now.allowed) throw this.#recorder.denied(crossing, now);
    throw new CofferdamError('FLOW_DENIED', `The gate of ${edge.to}.${edge.name} was closed during the call.`);
  }

  /** Ends the chain: this instance is discarded, and so is every other one on the way out. */
  #fail(crossing: Crossing, entered: Entered, error: unknown): CofferdamError {
    const { slot, message, settle } = entered;
    const { chain, from } = crossing;
    const label = from === null ? this.#replyLabel(crossing, entered) : entered.verdict.reply;
    const cause = toCofferdamError(error);
    chain.depth -= 1;
    settle(0);
    const isCallersFault = cause.code === 'ARGUMENT_TYPE' && from === null && chain.failure === null;
    const inside = isCallersFault ? [] : this.#insideSince(chain, message);
    const failure = isCallersFault ? cause : chain.fail(cause, inside.at(-1) ?? slot);
    if (isCallersFault) this.instances.leave(slot); // nothing of the guest ran
    for (const other of inside) this.#discard(other, chain);
    this.#recorder.replied(crossing, slot, message, label, 0, failure.code);
    return from === null ? withLabel(failure, label) : failure;
  }

  /** The instances that the chain has entered with this message and after it, also by fused links: the outermost first. */
  #insideSince(chain: Chain, message: number): readonly Slot[] {
    this.#recorder.catchUp();
    const inside = this.instances.list().filter((slot) => slot.chain === chain && slot.message >= message);
    return inside.sort((one, other) => one.message - other.message);
  }

  #discard(slot: Slot, chain: Chain): void {
    if (chain.culprit === slot && chain.failure) this.#recorder.trapped(slot, slot.message, chain.failure);
    this.instances.discard(slot);
  }

  async #callResource(crossing: Crossing, posted?: number): Promise<Reply> {
    const { edge, chain } = crossing;
    if (edge.target.kind !== 'resource') throw new CofferdamError('CALL_TARGET', `${edge.to} is not a resource.`);
    const verdict = this.#decide(crossing);
    const message = posted ?? this.#recorder.nextMessage();
    const settle = this.#release(crossing, verdict, message);
    this.#recorder.written(crossing, message, verdict);
    try {
      const { request: label, reply } = verdict;
      const context = { resource: edge.to, compartment: edge.from, label, signal: chain.signal };
      const value = await callResource(edge, crossing.args, context);
      settle(crossing.bytes);
      if (!edge.isPost) this.#recorder.read(crossing, message, reply, sizeOfResult(edge, value));
      chain.assertGoing();
      return { value, label: reply, message };
    } catch (error) {
      throw chain.fail(toCofferdamError(error));
    }
  }

  /** The instance that this call would enter, if another call is suspended in it: the host's own calls and posts wait. */
  #busySlot({ edge, request, fromLabel, bytes }: Crossing): Slot | undefined {
    if (edge.target.kind !== 'export' || edge.target.compartment.edges.suspending.size === 0) return undefined;
    const verdict = this.decisions.decide(edge, { from: fromLabel, request }, bytes);
    if (!verdict.allowed) return undefined; // `#admit` says so
    const slot = this.instances.find(edge.target.compartment, verdict.instance);
    return slot?.chain ? slot : undefined;
  }

  /** The caller goes on at once; instances that are suspended in the chain are ended, whatever they wait for. */
  #orAborted(reply: Promise<Reply>, chain: Chain, signal: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        reject(
          chain.fail(
            new CofferdamError('CALL_ABORTED', 'The call was aborted by its caller.', { cause: signal.reason }),
          ),
        );
        for (const slot of this.instances.list()) if (slot.chain === chain) this.instances.discard(slot);
      };
      signal.addEventListener('abort', abort, { once: true });
      reply.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }
}

/** A host function has no limits in the manifest; this many messages may wait for it, per label. */
const RESOURCE_LIMITS = { queue: 1024 };

/** Does somebody behind this edge wait for a host function? */
function isSuspending({ target }: Edge): boolean {
  return target.kind === 'export' && target.compartment.edges.suspending.size > 0;
}

function instanceOf(slot: Slot) {
  if (slot.instance) return slot.instance;
  throw new CofferdamError('CALL_REENTRANT', `${slot.id} is still starting. Its start function cannot call itself.`);
}
