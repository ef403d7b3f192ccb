import type { CoreFunction } from '../abi/index.ts';
import type { FusedEnd } from '../compartment/contract.ts';
import { CofferdamError } from '../error.ts';
import type { Label, LabelSpace } from '../label/index.ts';
import type { HostLimits } from '../policy/policy.ts';
import { Blame } from './blame.ts';
import { failureOf, timedEntry } from './call-limits.ts';
import type { Chain } from './chain.ts';
import { type Crossing, guestCrossing, type Reply, toCofferdamError, withLabel } from './crossing.ts';
import { Decisions } from './decisions.ts';
import { Direct, type DirectEnv } from './direct.ts';
import { type Compartment, type Edge, mayWait } from './edge.ts';
import { Entries } from './entries.ts';
import { type Binding, Fuser } from './fuse.ts';
import { GateBudgets } from './gates.ts';
import type { Grants } from './grants.ts';
import { GuestLinks, type GuestLinksEnv, outside } from './guest-links.ts';
import { makeInstanceHost, type Powers } from './instance-host.ts';
import { Instances, type Slot } from './instances.ts';
import type { Kernel } from './kernel.ts';
import { Lifecycle } from './lifecycle.ts';
import { Monitor } from './monitor.ts';
import { orEnded } from './or-ended.ts';
import { Posts } from './posts.ts';
import { Prepared } from './prepared.ts';
import { asPresent, importOf } from './present.ts';
import type { Recorder } from './recorder.ts';
import { TimedEntry } from './timing.ts';

/**
 * Where messages come from and when they go: calls of the host, calls of guests, posts and their queue, waiting for an
 * instance that is suspended. What may happen to a message is the monitor's.
 */
export class Broker {
  readonly space: LabelSpace;
  readonly grants: Grants;
  readonly posts = new Posts();
  /** Those in force. */
  compartments: ReadonlyMap<string, Compartment> = new Map();
  readonly instances: Instances;
  readonly lifecycle: Lifecycle;
  readonly decisions: Decisions;
  readonly #kernel: Kernel;
  readonly #fuser: Fuser;
  readonly #entries: Entries;
  readonly #monitor: Monitor;
  readonly #guestLinks: GuestLinksEnv;
  readonly #direct: DirectEnv;
  readonly #powers: Powers;
  readonly #blame: Blame;
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
    this.#powers = env.powers;
    this.#fuser = new Fuser({
      kernel: env.kernel,
      bind: (slot, index, bound) => this.#bind(slot, index, bound),
      fail: (slot, error, culprit) => slot.chain?.fail(toCofferdamError(error), culprit) ?? error,
    });
    this.#entries = new Entries(env.kernel, env.powers.interrupts);
    const budgets = new GateBudgets(env.powers.nowMs);
    this.decisions = new Decisions(this.space, this.grants, budgets);
    this.lifecycle = new Lifecycle({
      nowMs: env.powers.nowMs,
      maxWaiting: env.limits.waiting,
      format: (label) => this.space.format(label),
      advance: () => env.kernel.advance(),
      emit: (transition) => this.#recorder.moved(transition),
    });
    this.#blame = new Blame(this.lifecycle);
    this.instances = new Instances({
      kernel: env.kernel,
      lifecycle: this.lifecycle,
      blame: this.#blame,
      maxInstances: env.limits.instances,
      maxMemoryBytes: env.limits.memoryBytes,
      maxWorkers: env.limits.workers,
      maxWaiting: env.limits.waiting,
      format: (label) => this.space.format(label),
      hostOf: (slot) => {
        const links = new GuestLinks(this.#guestLinks, slot);
        return makeInstanceHost(slot, this.#recorder, env.powers, {
          call: (index, args) => links.call(index, args),
          fuse: (index, end) => this.#fuse(slot, index, end),
          leave: env.kernel.leaveOf(slot.cell),
          ended: (error) => this.#ended(slot, error),
          bounded: (body) => this.#bounded(slot, body),
          ...(slot.compartment.policy.kind === 'worker' ? { direct: new Direct(this.#direct, slot, links) } : {}),
        });
      },
      onStart: (slot) => this.#recorder.started(slot),
      onStop: (slot) => this.#recorder.stopped(slot),
    });
    const compartments = () => this.compartments;
    const { decisions, instances } = this;
    this.#monitor = new Monitor({ ...env, decisions, instances, budgets, compartments });
    const common = { kernel: env.kernel, monitor: this.#monitor, instances };
    this.#guestLinks = { ...common, compartments, post: (crossing) => this.post(crossing) };
    this.#direct = { ...common, ends: new Map() };
  }

  makeChain(signal: AbortSignal | null = null): Chain {
    return this.#kernel.begin({ signal, maxDepth: this.#limits.callDepth, timing: this.#powers });
  }

  /** One export at one label, decided once: for host code that calls it often. */
  prepare(crossing: Omit<Crossing, 'chain' | 'args' | 'bytes'>): Prepared {
    let chain = this.makeChain();
    return new Prepared(
      {
        kernel: this.#kernel,
        chain: () => {
          if (chain.failure === null) return chain;
          this.finish(chain);
          chain = this.makeChain();
          return chain;
        },
        prepare: (asked, before) =>
          isSuspending(asked.edge) ? null : this.#monitor.prepare(asPresent(this.compartments, asked), before),
        callNow: (asked) => this.#monitor.callNow(asPresent(this.compartments, asked)),
        fail: (asked, preparation, error) => this.#monitor.failPrepared(asked, preparation, error),
        entries: this.#entries,
      },
      crossing,
    );
  }

  /** Every chain that was made is to be finished, when no frame of it can be on a stack any more. */
  finish(chain: Chain): void {
    this.#kernel.finish(chain);
  }

  /** A call by trusted host code: it waits for a busy instance, and gets the result with its label. */
  call(crossing: Crossing, deadlineMs: number | null = null): Promise<Reply> {
    const { chain, edge } = crossing;
    // From here on, and not from when it enters: it may have to wait for that.
    if (deadlineMs !== null) chain.timing.enter(new TimedEntry(edge.to, { deadlineMs, cpuMs: null }, true));
    const reply = this.#run(crossing).finally(() => this.finish(chain));
    return isSuspending(edge) ? this.#orEnded(reply, crossing) : reply;
  }

  /** The host closes: nothing that waits is waited for any longer. */
  abandon(): void {
    this.#kernel.abandon();
  }

  /** The host's own messages wait for an instance that is suspended in another call. */
  async #run(sent: Crossing, posted?: number): Promise<Reply> {
    const { chain } = sent;
    let crossing = asPresent(this.compartments, sent);
    // Nothing may come between finding the instance free and entering it.
    const isPost = posted !== undefined;
    chain.assertGoing();
    for (let wait = this.#obstacle(crossing, isPost); wait; wait = this.#obstacle(crossing, isPost)) {
      chain.timing.pause();
      await wait;
      chain.assertGoing();
      crossing = asPresent(this.compartments, sent);
    }
    if (crossing.edge.target.kind === 'resource') return this.#monitor.callResource(crossing, posted);
    return isSuspending(crossing.edge)
      ? this.#monitor.callSuspending(crossing, posted)
      : this.#monitor.callNow(crossing, posted);
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
    if (edge.target.kind === 'export') {
      try {
        this.lifecycle.assertTakes(edge.to);
      } catch (error) {
        return toCofferdamError(error);
      }
    }
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
      const crossing = { ...sent, from: null, chain };
      const run = this.#run(crossing, message);
      await (isSuspending(sent.edge) ? this.#orEnded(run, crossing) : run);
    } catch (error) {
      // Nobody waits for it: what happened is in the journal. An error of our own is not to be lost with it.
      this.#recorder.undelivered(sent, toCofferdamError(error));
    } finally {
      this.finish(chain);
    }
  }

  /** A gate of generated Wasm for an import whose link is fused, or null: see fuse.ts. */
  #fuse(slot: Slot, index: number, end: () => FusedEnd): CoreFunction | null {
    const type = slot.compartment.edges.imports[index]?.type;
    if (!type || !slot.compartment.edges.fused.has(index)) return null;
    return this.#fuser.gate(slot, index, type, end);
  }

  /** Outside any call, and so nobody else's failure. */
  #ended(slot: Slot, error: unknown): void {
    if (slot.chain !== null) return;
    this.#recorder.trapped(slot, slot.message, toCofferdamError(error));
    this.#blame.failedAfterCall(slot, error);
    this.instances.discard(slot, slot.isPoisoned ? 'failed' : 'it failed after its call');
  }

  /** A destructor that the program asks for: no call, and so without reach, but with the limits of one. */
  #bounded<T>(slot: Slot, body: () => T): T {
    const chain = this.makeChain();
    chain.timing.enter(timedEntry(slot.compartment));
    slot.refuel();
    try {
      return body();
    } catch (error) {
      const failure = failureOf(error, chain, [slot]);
      this.#ended(slot, failure);
      throw failure;
    } finally {
      this.finish(chain);
    }
  }

  #bind(slot: Slot, index: number, bound: Slot | null): Binding {
    const { chain } = slot;
    const edge = importOf(this.compartments, slot, index);
    if (chain === null || edge === undefined) throw outside(slot);
    return this.#monitor.bind(guestCrossing({ slot, chain, edge, args: null }), slot, bound);
  }

  /**
   * What a message of the host is to wait for: a compartment that is suspended or has failed, or the instance it would enter,
   * if another call is suspended there. With `busy: refuse` a call does not wait; a post does, since nobody would learn that
   * it was lost.
   */
  #obstacle({ edge, request, fromLabel, bytes, chain: { signal } }: Crossing, isPost: boolean): Promise<void> | null {
    if (edge.target.kind !== 'export') return null;
    const { compartment } = edge.target;
    const target = (): Label | null => {
      const verdict = this.decisions.decide(edge, { from: fromLabel, request }, bytes);
      return verdict.allowed ? verdict.instance : null; // otherwise `#admit` says so
    };
    const obstacle = this.lifecycle.obstacle({ compartment, request, target, isPost, signal });
    if (obstacle !== null || !mayWait(compartment) || (!isPost && compartment.policy.busy === 'refuse'))
      return obstacle;
    const label = target();
    const slot = label === null ? undefined : this.instances.find(compartment, label);
    return slot?.chain ? this.instances.waitFor(slot, signal, isPost) : null;
  }

  /** What a call that its caller aborted, or that waited too long, leaves behind. */
  #orEnded(reply: Promise<Reply>, { chain, edge, request }: Crossing): Promise<Reply> {
    return orEnded(reply, chain, {
      end: (why) => {
        for (const slot of this.instances.list()) if (slot.chain === chain) this.instances.discard(slot, why);
      },
      overdue: (error) => {
        const { compartment, limitMs } = error.details;
        // An operator can end it in the same way.
        if (limitMs !== undefined) this.#recorder.limit(String(compartment), 'deadline', Number(limitMs));
        const verdict = this.decisions.standing(edge, { from: null, request });
        return withLabel(error, verdict.allowed ? verdict.reply : request);
      },
    });
  }
}

/** A host function has no limits in the manifest; this many messages may wait for it, per label. */
const RESOURCE_LIMITS = { queue: 1024 };

/** Does somebody behind this edge wait for a host function? */
function isSuspending({ target }: Edge): boolean {
  return target.kind === 'export' && mayWait(target.compartment);
}
