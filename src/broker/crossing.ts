import { sizerOf } from '../abi/index.ts';
import { CofferdamError, isCofferdamError } from '../error.ts';
import type { Label } from '../label/index.ts';
import type { Chain } from './chain.ts';
import type { Edge, Target } from './edge.ts';
import type { Slot } from './instances.ts';

/** One message about to cross one edge. */
export interface Crossing {
  readonly edge: Edge;
  readonly args: readonly unknown[];
  /** Of the arguments. */
  readonly bytes: number;
  /** The calling instance; null for trusted host code. */
  readonly from: Slot | null;
  /** `from`'s label for a guest, the message's own for a host. Kept beside `from`, which may be gone when a post arrives. */
  readonly fromLabel: Label | null;
  readonly request: Label;
  /** Who sends it, in the journal: an instance, a session, `host`, or what the host holds of an earlier message. */
  readonly sender: string;
  /** Who gets the reply, in the journal; null: the host, under the number of the message. */
  readonly replyTo: string | null;
  /** The message in whose course it is sent, in the journal. */
  readonly parent: number | null;
  readonly chain: Chain;
}

/** What the guest in `slot` sends; without arguments where they are Wasm's own business. */
export function guestCrossing(sent: {
  readonly slot: Slot;
  readonly chain: Chain;
  readonly edge: Edge;
  readonly args: readonly unknown[] | null;
}): Crossing {
  const { slot, chain, edge, args } = sent;
  return {
    edge,
    args: args ?? [],
    bytes: args === null ? 0 : sizerOf(edge.type).params(args),
    from: slot,
    fromLabel: slot.label,
    request: slot.label,
    sender: slot.id,
    replyTo: slot.id,
    parent: slot.message,
    chain,
  };
}

export interface Reply {
  readonly value: unknown;
  readonly label: Label;
  readonly message: number;
  /** Steps that the call took in its compartment, where they are counted. As secret as the instance: absent where a gate released the value. */
  readonly fuel?: number;
}

/**
 * What trusted host code got with a message, in the journal. Each reply is a place of its own, so that a trace follows the
 * data that the program says it passed on (`{ from: reply }`), instead of taking the program for one big pot.
 */
export function heldByHost(message: number): string {
  return `host#${message}`;
}

/** Throws CALL_TARGET for an edge that leads to a resource. */
export function exportTarget({ target, to }: Edge): Extract<Target, { kind: 'export' }> {
  if (target.kind === 'export') return target;
  throw new CofferdamError('CALL_TARGET', `${to} is not a compartment. Call what has exports.`);
}

export function outcomeOf(value: unknown, edge: Edge): 'ok' | 'err' {
  const isErr = edge.type.result?.kind === 'result' && (value as { tag?: unknown } | undefined)?.tag === 'err';
  return isErr ? 'err' : 'ok';
}

export function toCofferdamError(error: unknown): CofferdamError {
  if (isCofferdamError(error)) return error;
  return new CofferdamError('INTERNAL', 'Something inside the host failed; the cause has more.', { cause: error });
}

/** A failure is a reply: the host gets it, too, with its label (rule 6). */
export function withLabel(failure: CofferdamError, label: Label): CofferdamError {
  return new CofferdamError(failure.code, failure.message, { cause: failure, details: { ...failure.details, label } });
}

export function sizeOfResult({ type }: Edge, value: unknown): number {
  return sizerOf(type).result(value);
}
