import type { DirectBinding, DirectEnd, DirectHost } from '../compartment/remote/direct.ts';
import { CofferdamError } from '../error.ts';
import type { Bound, GuestLinks } from './guest-links.ts';
import type { Instances, Slot } from './instances.ts';
import type { Kernel } from './kernel.ts';
import type { Monitor } from './monitor.ts';

export interface DirectEnv {
  readonly kernel: Kernel;
  readonly monitor: Monitor;
  readonly instances: Instances;
  readonly ends: Map<number, DirectEnd>;
}

/** What an instance in a thread may do by itself along links that were decided: see compartment/remote/direct.ts. */
export class Direct implements DirectHost {
  readonly kernel: WebAssembly.Memory;
  readonly cell: number;
  readonly ends: Map<number, DirectEnd>;
  readonly #env: DirectEnv;
  readonly #slot: Slot;
  readonly #links: GuestLinks;

  constructor(env: DirectEnv, slot: Slot, links: GuestLinks) {
    this.#env = env;
    this.#slot = slot;
    this.#links = links;
    this.kernel = env.kernel.memory;
    this.cell = slot.cell;
    this.ends = env.ends;
  }

  isInside(): boolean {
    return !this.#env.kernel.isFree(this.cell);
  }

  bound(index: number): DirectBinding | null {
    const { edges, policy } = this.#slot.compartment;
    const bound = edges.direct.has(index) ? this.#links.bound(index) : null;
    if (bound?.epoch !== this.#env.kernel.epoch) return null;
    const { epoch, target, port, index: served } = bound;
    const { messageBytes: maxReplyBytes } = target.compartment.policy.limits;
    const maxBytes = Math.min(policy.limits.messageBytes, maxReplyBytes);
    return { epoch, callee: target.cell, port, export: served, maxBytes, maxReplyBytes };
  }

  returned(index: number, replyBytes: number): void {
    const { kernel, instances } = this.#env;
    const { chain } = this.#slot;
    const bound = this.#under(index);
    if (chain?.failure) throw chain.failure;
    kernel.recordReply(bound.port, replyBytes);
    instances.leave(bound.target);
  }

  failed(index: number, error: unknown): unknown {
    const { chain } = this.#slot;
    const { target } = this.#under(index);
    return chain === null ? error : this.#env.monitor.failBound(chain, target, error);
  }

  fence(): void {
    this.#env.kernel.advance();
  }

  watch(isWriting: () => boolean): () => void {
    return this.#env.kernel.watch(isWriting);
  }

  /** The link over which its call is under way. */
  #under(index: number): Bound {
    const bound = this.#links.bound(index);
    const { chain, id } = this.#slot;
    if (bound && chain !== null && bound.target.chain === chain) return bound;
    throw new CofferdamError('COMPARTMENT_DIED', `${id} speaks of a call that it has not made - make it anew`);
  }
}
