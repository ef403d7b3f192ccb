import type { Code } from '../codes.ts';
import type { Chain } from './chain.ts';
import { toCofferdamError } from './crossing.ts';
import type { Slot } from './instances.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What ends a chain through no fault of the guests in it. */
const NO_GUESTS_FAULT: ReadonlySet<Code> = new Set<Code>([
  'AUDIT_WRITE',
  'CALL_ABORTED',
  'CALL_BUSY',
  'COMPARTMENT_BACKOFF',
  'COMPARTMENT_FAILED',
  'COMPARTMENT_STOPPED',
  'COMPARTMENT_SUSPENDED',
  'HOST_CLOSED',
  'INTERNAL',
  'LIMIT_HOST_MEMORY',
  'LIMIT_INSTANCES',
  'RESOURCE_FAILED',
  'RESULT_TYPE',
  'TARGET_UNKNOWN',
]);

/** What an instance is refused when it sends: it did so itself, although nothing of it trapped. */
const SENDERS_FAULT: ReadonlySet<Code> = new Set<Code>(['FLOW_DENIED', 'LIMIT_CALL_DEPTH']);

/**
 * Says which one instance of a chain that ended has failed by its own fault. The others only were on the way, and are
 * replaced without a count: a callee cannot bring its callers down by failing for them.
 */
export class Blame {
  readonly #lifecycle: Lifecycle;
  readonly #settled = new WeakSet<Chain>();

  constructor(lifecycle: Lifecycle) {
    this.#lifecycle = lifecycle;
  }

  /** The chain has ended, with these instances still inside: the outermost first. Once per chain. */
  settle(chain: Chain, inside: readonly Slot[]): void {
    const { failure, culprit } = chain;
    if (failure === null || this.#settled.has(chain)) return;
    this.#settled.add(chain);
    if (NO_GUESTS_FAULT.has(failure.code)) return;
    const faulty = culprit ?? (SENDERS_FAULT.has(failure.code) ? inside.at(-1) : undefined);
    if (faulty && inside.includes(faulty)) this.#lifecycle.failed(faulty, failure.code);
  }

  /** The instance in `slot` failed outside of any call: in what it goes on with for a stream. */
  failedAfterCall(slot: Slot, error: unknown): void {
    const { code } = toCofferdamError(error);
    if (!NO_GUESTS_FAULT.has(code)) this.#lifecycle.failed(slot, code);
  }

  /** The instance in `slot` did not start. */
  failedToStart(slot: Slot, chain: Chain, error: unknown): void {
    const { code } = toCofferdamError(error);
    if (NO_GUESTS_FAULT.has(code) || this.#settled.has(chain)) return;
    this.#settled.add(chain);
    this.#lifecycle.failed(slot, code);
  }
}
