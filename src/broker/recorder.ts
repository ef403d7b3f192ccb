import type { Journal } from '../audit/index.ts';
import { CofferdamError } from '../error.ts';
import {
  type AllowedCall,
  type Denied,
  type Explanation,
  explain,
  formatExplanation,
  type Label,
} from '../label/index.ts';
import { type Crossing, heldByHost } from './crossing.ts';
import type { Edge } from './edge.ts';
import type { GateUse } from './gate-uses.ts';
import type { GrantChange } from './grants.ts';
import type { Slot } from './instances.ts';

/** What a host tells its program about, as it happens. For operators: none of it goes to a guest. */
export interface HostEvents {
  denied: {
    readonly edge: string;
    readonly from: string;
    readonly to: string;
    readonly explanation: Explanation;
    /** The explanation as people read it, in several lines. */
    readonly text: string;
  };
  gate: { readonly gate: string; readonly before: Label; readonly after: Label; readonly message: number };
  trap: { readonly compartment: string; readonly instance: string; readonly error: CofferdamError };
  started: { readonly compartment: string; readonly instance: string; readonly label: Label };
  stopped: { readonly compartment: string; readonly instance: string; readonly label: Label };
  /** Bytes that a guest wrote to stdout or stderr, under the label of its instance. */
  output: {
    readonly compartment: string;
    readonly label: Label;
    readonly stream: 'stdout' | 'stderr';
    readonly bytes: Uint8Array;
  };
  /** A post that was accepted and could not be delivered. */
  undelivered: { readonly edge: string; readonly error: CofferdamError };
  limit: { readonly subject: string; readonly limit: string; readonly amount: number };
}

export type Emit = <K extends keyof HostEvents>(name: K, event: HostEvents[K]) => void;

const RULE_NAMES = ['', 'enter', 'call', 'reply', 'post', 'resource', 'failure', 'denial', 'grant', 'ambient'];

/** Writes what the broker does into the journal, before it takes effect, and tells the program. */
export class Recorder {
  #journal: Journal;
  #emit: Emit;
  #message = 0;

  constructor(journal: Journal, emit: Emit) {
    this.#journal = journal;
    this.#emit = emit;
  }

  nextMessage(): number {
    this.#message += 1;
    return this.#message;
  }

  started({ id: instance, compartment: { name: compartment }, label }: Slot): void {
    this.#journal.append({ kind: 'start', instance, compartment, label });
    this.#emit('started', { compartment, instance, label });
  }

  stopped({ id: instance, compartment: { name: compartment }, label }: Slot): void {
    this.#journal.append({ kind: 'stop', instance, compartment, label });
    this.#emit('stopped', { compartment, instance, label });
  }

  /** A request is about to run in `slot`. */
  entered(crossing: Crossing, slot: Slot, message: number, verdict: AllowedCall, isPosted: boolean): void {
    const { edge, sender, parent, request, bytes } = crossing;
    if (isPosted) this.#journal.append({ kind: 'deliver', message, to: slot.id, label: verdict.instance });
    else {
      this.#journal.append({
        kind: 'call',
        message,
        parent,
        edge: edgeName(edge),
        from: sender,
        to: slot.id,
        requestLabel: request,
        instanceLabel: verdict.instance,
        export: edge.name,
        bytes,
      });
    }
  }

  /** The call could not enter an instance: a limit, a busy instance, or a guest that fails to start. */
  notEntered({ edge }: Crossing, message: number, failure: CofferdamError): void {
    this.#journal.append({
      kind: 'trap',
      message,
      instance: edge.to,
      code: failure.code,
      detail: detailOf(failure),
    });
    this.#emit('trap', { compartment: edge.to, instance: edge.to, error: failure });
  }

  /** A gate is about to release. On disk before it does. */
  gateUsed(request: Label, message: number, { gate, direction, before, after, maxBytes }: GateUse): void {
    this.#journal.appendDurable({
      kind: 'gate',
      gate,
      message,
      direction,
      requestLabel: request,
      before,
      after,
      declassified: before.secrecy.filter((tag) => !after.secrecy.includes(tag)),
      endorsed: after.integrity.filter((tag) => !before.integrity.includes(tag)),
      bytes: maxBytes,
      calls: 1,
    });
    this.#emit('gate', { gate, before, after, message });
  }

  replied(
    { replyTo }: Crossing,
    { id: from }: Slot,
    message: number,
    { reply: label }: AllowedCall,
    bytes: number,
    outcome: string,
  ): void {
    const to = replyTo ?? heldByHost(message);
    this.#journal.append({ kind: 'reply', message, from, to, label, bytes, outcome });
  }

  posted({ edge, sender, parent, request, bytes }: Crossing, message: number): void {
    this.#journal.append({
      kind: 'post',
      message,
      parent,
      edge: edgeName(edge),
      from: sender,
      to: edge.to,
      requestLabel: request,
      export: edge.name,
      bytes,
    });
  }

  /**
   * On disk before the sender learns of it. A guest that repeats a denied post in one chain is recorded at its 1st, 2nd,
   * 4th, 8th … attempt: the verdict is the same each time, and the flood would be its way to fill the disk.
   */
  denied({ edge, sender, request, chain }: Crossing, verdict: Denied): CofferdamError<'FLOW_DENIED'> {
    const explanation = explainEdge(edge, verdict);
    const text = formatExplanation(explanation);
    const attempt = (chain.denied.get(edge.id) ?? 0) + 1;
    chain.denied.set(edge.id, attempt);
    if ((attempt & (attempt - 1)) === 0) {
      this.#journal.appendDurable({
        kind: 'denied',
        message: null,
        edge: edgeName(edge),
        from: sender,
        to: edge.to,
        requestLabel: request,
        targetLabel: verdict.to,
        rule: RULE_NAMES[verdict.rule] ?? String(verdict.rule),
        condition: verdict.condition,
        tags: [...verdict.secrecy, ...verdict.integrity],
      });
      this.#emit('denied', { edge: edgeName(edge), from: edge.from, to: edge.to, explanation, text });
    }
    return new CofferdamError('FLOW_DENIED', text, { details: { ...explanation } });
  }

  trapped({ id: instance, compartment }: Slot, message: number, error: CofferdamError): void {
    this.#journal.append({ kind: 'trap', message, instance, code: error.code, detail: detailOf(error) });
    this.#emit('trap', { compartment: compartment.name, instance, error });
  }

  undelivered({ edge }: Crossing, error: CofferdamError): void {
    this.#emit('undelivered', { edge: edgeName(edge), error });
  }

  /** Arguments are about to reach a host function. */
  written({ edge, sender: instance, bytes }: Crossing, message: number, { request: label }: AllowedCall): void {
    this.#journal.append({ kind: 'write', message, resource: edge.to, instance, label, bytes });
  }

  /** A host function's result is about to reach the guest. */
  read({ edge, sender: instance }: Crossing, message: number, label: Label, bytes: number): void {
    this.#journal.append({ kind: 'read', message, resource: edge.to, instance, label, bytes });
  }

  /** Trusted host code read a file of a resource; returns the number under which it holds it. */
  fileRead(resource: string, label: Label, bytes: number): number {
    const message = this.nextMessage();
    this.#journal.append({ kind: 'read', message, resource, instance: heldByHost(message), label, bytes });
    return message;
  }

  output(
    { id: instance, compartment: { name: compartment }, label }: Slot,
    stream: 'stdout' | 'stderr',
    bytes: Uint8Array,
  ): void {
    this.#journal.append({ kind: 'output', instance, stream, bytes: bytes.length });
    this.#emit('output', { compartment, label, stream, bytes });
  }

  limit(subject: string, limit: string, amount: number): void {
    this.#journal.append({ kind: 'limit', subject, limit, amount });
    this.#emit('limit', { subject, limit, amount });
  }

  /** A change of the privileges in force; on disk before it takes effect. */
  privilege({ kind, by: from, to, privilege }: GrantChange, epoch: number): void {
    this.#journal.appendDurable({ kind, from, to, privilege, epoch });
  }
}

/** As the operator knows an edge. */
export function edgeName(edge: Edge): string {
  return `${edge.from} -> ${edge.to}: ${edge.name}`;
}

export function explainEdge(edge: Edge, verdict: Denied): Explanation {
  return explain(verdict, {
    from: edge.from,
    to: edge.to,
    toKind: edge.target.kind === 'export' ? 'compartment' : 'resource',
    export: edge.name,
  });
}

/** For the journal: our own words and the engine's, never a guest's (an abort's message can hold what it was given). */
function detailOf({ message, cause }: CofferdamError): string {
  return cause instanceof WebAssembly.RuntimeError ? `${message}: ${cause.message}` : message;
}
