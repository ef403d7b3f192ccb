import { BATCH_LIMITS, type EventInput, type EventInputOf, type Journal } from '../audit/index.ts';
import { CofferdamError } from '../error.ts';
import type { AllowedCall, Denied, Label } from '../label/index.ts';
import { type Explanation, explain, formatExplanation } from '../policy/explain.ts';
import { type Crossing, heldByHost } from './crossing.ts';
import { type Edge, isOpaque, resourceName } from './edge.ts';
import type { GateUse } from './gate-uses.ts';
import type { GrantChange } from './grants.ts';
import type { Slot } from './instances.ts';
import type { Kernel } from './kernel.ts';
import type { Transition } from './transition.ts';

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
  /** A compartment or an instance goes from one state to another; `Host.watch` has the same as an iterator. */
  state: Transition;
}

export type Emit = <K extends keyof HostEvents>(name: K, event: HostEvents[K]) => void;

const RULE_NAMES = ['', 'enter', 'call', 'reply', 'post', 'resource', 'failure', 'denial', 'grant', 'ambient'];

/** Writes what the broker does into the journal, before it takes effect, and tells the program. */
export class Recorder {
  readonly #journal: Journal;
  readonly #kernel: Kernel;
  readonly #emit: Emit;
  #message = 0;
  #port = 0;
  /** Whom a fused link leads to, by port. */
  readonly #ports = new Map<number, { readonly from: Slot | null; readonly to: Slot }>();

  constructor(journal: Journal, kernel: Kernel, emit: Emit) {
    this.#journal = journal;
    this.#kernel = kernel;
    this.#emit = emit;
    kernel.onDrain = (records) => this.#crossed(records);
    kernel.onFirst = () => this.#drainSoon();
  }

  /** What Wasm recorded comes first, in the order of the journal and in the numbers of messages. */
  #append(event: EventInput): void {
    this.#kernel.drain();
    this.#journal.append(event);
  }

  /** On disk when it returns. */
  #appendDurable(event: EventInput): void {
    this.#kernel.drain();
    this.#journal.appendDurable(event);
  }

  /** Declares what the ring's records with the number that it returns mean. */
  port(edge: Edge, from: Slot | string, to: Slot, { request, instance, reply }: AllowedCall): number {
    this.#port += 1;
    const port = this.#port;
    this.#append({
      kind: 'port',
      port,
      edge: edge.text,
      from: typeof from === 'string' ? from : from.id,
      to: to.id,
      requestLabel: request,
      instanceLabel: instance,
      replyLabel: reply,
      export: edge.name,
    });
    const ends = { from: typeof from === 'string' ? null : from, to };
    this.#ports.set(port, ends);
    ends.from?.ports.add(port);
    to.ports.add(port);
    to.isBound = true;
    return port;
  }

  /** Prepared calls may be followed by nothing that would drain the ring. */
  #drainSoon(): void {
    const drain = () => {
      try {
        this.#kernel.drain();
      } catch {
        // The journal throws the same at the next event, to somebody who can act on it.
      }
    };
    setTimeout(drain, BATCH_LIMITS.maxDelayMs / 2).unref();
  }

  /** Records of fused crossings: `[port, count, requestBytes, replyBytes]`, see abi/fused/kernel.ts. */
  #crossed(records: Uint8Array): void {
    const words = new Uint32Array(records.buffer, records.byteOffset, records.byteLength / 4);
    const message = this.#message + 1;
    for (let i = 0; i < words.length; i += 4) {
      const slot = this.#ports.get(words[i] ?? 0)?.to; // a reply's record has a bit more, and takes no number
      if (slot === undefined) continue;
      this.#message += words[i + 1] ?? 0;
      slot.message = this.#message;
    }
    this.#journal.append({ kind: 'crossings', message, records });
  }

  /** What Wasm recorded by itself is in the journal, and in the slots' `message`. */
  catchUp(): void {
    this.#kernel.drain();
  }

  nextMessage(): number {
    this.#kernel.drain();
    this.#message += 1;
    return this.#message;
  }

  started({ id: instance, compartment: { name: compartment }, label }: Slot): void {
    this.#append({ kind: 'start', instance, compartment, label });
    this.#emit('started', { compartment, instance, label });
  }

  stopped({ id: instance, compartment: { name: compartment }, label, ports }: Slot): void {
    this.#append({ kind: 'stop', instance, compartment, label });
    for (const port of ports) {
      const ends = this.#ports.get(port);
      this.#ports.delete(port);
      ends?.from?.ports.delete(port);
      ends?.to.ports.delete(port);
    }
    this.#emit('stopped', { compartment, instance, label });
  }

  /** A request is about to run in `slot`. */
  entered(crossing: Crossing, slot: Slot, message: number, verdict: AllowedCall, isPosted: boolean): void {
    const { edge, sender, parent, request, bytes } = crossing;
    if (isPosted) this.#append({ kind: 'deliver', message, to: slot.id, label: verdict.instance });
    else {
      this.#append({
        kind: 'call',
        message,
        parent,
        edge: edge.text,
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
    this.#append({
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
    this.#appendDurable({
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
    label: Label,
    bytes: number,
    outcome: string,
  ): void {
    const to = replyTo ?? 'host#'; // short for heldByHost(message): readers spell it out
    this.#append({ kind: 'reply', message, from, to, label, bytes, outcome });
  }

  posted({ edge, sender, parent, request, bytes }: Crossing, message: number): void {
    this.#append({
      kind: 'post',
      message,
      parent,
      edge: edge.text,
      from: sender,
      to: edge.to,
      requestLabel: request,
      export: edge.name,
      bytes,
    });
  }

  /** On disk before the sender learns of it; what a guest repeats in one chain not each time. */
  denied({ edge, sender, request, chain }: Crossing, verdict: Denied): CofferdamError<'FLOW_DENIED'> {
    const explanation = explainEdge(edge, verdict);
    const text = formatExplanation(explanation);
    if (chain.isNews(`denied ${edge.id}`)) {
      this.#appendDurable({
        kind: 'denied',
        message: null,
        edge: edge.text,
        from: sender,
        to: edge.to,
        requestLabel: request,
        targetLabel: verdict.to,
        rule: RULE_NAMES[verdict.rule] ?? String(verdict.rule),
        condition: verdict.condition,
        tags: [...verdict.secrecy, ...verdict.integrity],
      });
      this.#emit('denied', { edge: edge.text, from: edge.from, to: edge.to, explanation, text });
    }
    return new CofferdamError('FLOW_DENIED', text, { details: { ...explanation } });
  }

  trapped({ id: instance, compartment }: Slot, message: number, error: CofferdamError): void {
    this.#append({ kind: 'trap', message, instance, code: error.code, detail: detailOf(error) });
    this.#emit('trap', { compartment: compartment.name, instance, error });
  }

  undelivered({ edge }: Crossing, error: CofferdamError): void {
    this.#emit('undelivered', { edge: edge.text, error });
  }

  /** Arguments are about to reach a host function. */
  written({ edge, sender: instance, bytes }: Crossing, message: number, { request: label }: AllowedCall): void {
    this.#append({ kind: 'write', message, resource: resourceName(edge, label), instance, label, bytes });
  }

  /** A host function's result is about to reach the guest. */
  read({ edge, sender: instance }: Crossing, message: number, label: Label, bytes: number): void {
    this.#append({ kind: 'read', message, resource: resourceName(edge, label), instance, label, bytes });
  }

  /** Trusted host code read a file of a resource; returns the number under which it holds it. */
  fileRead(resource: string, label: Label, bytes: number): number {
    const message = this.nextMessage();
    this.#append({ kind: 'read', message, resource, instance: heldByHost(message), label, bytes });
    return message;
  }

  output({ id: instance, compartment, label }: Slot, stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    this.#append({ kind: 'output', instance, stream, bytes: bytes.length });
    if (isOpaque(compartment)) return; // counted, and not shown
    this.#emit('output', { compartment: compartment.name, label, stream, bytes });
  }

  limit(subject: string, limit: string, amount: number): void {
    this.#append({ kind: 'limit', subject, limit, amount });
    this.#emit('limit', { subject, limit, amount });
  }

  moved(transition: Transition): void {
    this.#emit('state', transition);
  }

  /** Somebody acts on a compartment; on disk before it takes effect. */
  operated(act: EventInputOf<'operate'>['act'], compartment: string, by: string): void {
    this.#appendDurable({ kind: 'operate', act, compartment, by });
  }

  /** A change of the privileges in force; on disk before it takes effect. */
  privilege({ kind, by: from, to, privilege }: GrantChange, epoch: number): void {
    this.#appendDurable({ kind, from, to, privilege, epoch });
  }
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
