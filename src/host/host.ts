import type { EventEmitter } from 'node:events';
import type { Journal } from '../audit/index.ts';
import type { Broker } from '../broker/broker.ts';
import type { GrantChange } from '../broker/grants.ts';
import type { HostEvents, Recorder } from '../broker/recorder.ts';
import type { Wiring } from '../broker/wiring.ts';
import type { Lease } from '../compartment/watchdog.ts';
import { CofferdamError } from '../error.ts';
import type { LabelInput } from '../label/index.ts';
import type { Policy } from '../policy/policy.ts';
import { listFiles, readLabelledFile } from '../services/files.ts';
import { controlledBy } from './control/controlled.ts';
import { ControlServer } from './control/server.ts';
import { withChanges, withCompartment, withoutCompartment } from './edit.ts';
import type { Enclaves } from './enclaves.ts';
import { type Explained, explainFlow } from './explain.ts';
import type { CallOptions, CompartmentStatus, HostFile, HostSession, PostOptions, Reply } from './held.ts';
import type { Loader } from './loader.ts';
import { Messages, PROGRAM } from './messages.ts';
import { openSession, type SessionOptions } from './open-session.ts';
import { Operator } from './operator.ts';
import { type PreparedCall, prepareCall } from './prepare.ts';
import { statusOf } from './status.ts';
import { unknownCompartment } from './target.ts';
import { typedCompartment } from './typed.ts';
import { type Watched, watch } from './watch.ts';
import { isDoneWithin } from './within.ts';

/** A running host: compartments under a policy, a broker between them, a journal of what crossed. See `createHost`. */
export class Host implements AsyncDisposable {
  #policy: Policy;
  #wiring: Wiring;
  readonly #broker: Broker;
  readonly #recorder: Recorder;
  readonly #journal: Journal;
  readonly #loader: Loader;
  readonly #enclaves: Enclaves;
  readonly #events: EventEmitter;
  readonly #run: number;
  readonly #lease: Lease;
  #edits: Promise<void> = Promise.resolve();
  readonly #messages: Messages;
  readonly #operator: Operator;
  #sessions = 0;
  #isClosed = false;
  #control: ControlServer | null = null;

  /** @internal Use `createHost`. */
  constructor(parts: {
    policy: Policy;
    wiring: Wiring;
    broker: Broker;
    recorder: Recorder;
    journal: Journal;
    loader: Loader;
    enclaves: Enclaves;
    events: EventEmitter;
    run: number;
    lease: Lease;
  }) {
    this.#policy = parts.policy;
    this.#wiring = parts.wiring;
    this.#broker = parts.broker;
    this.#recorder = parts.recorder;
    this.#journal = parts.journal;
    this.#loader = parts.loader;
    this.#enclaves = parts.enclaves;
    this.#events = parts.events;
    this.#run = parts.run;
    this.#lease = parts.lease;
    this.#messages = new Messages(parts.broker, () => this.#inForce());
    this.#operator = new Operator(parts.broker, parts.recorder, () => this.#inForce().wiring);
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** Where the journal stands: keep it elsewhere, and a later `audit verify --head` finds a cut. Also flushes. */
  checkpoint(): { readonly seq: number; readonly hash: string } {
    this.#recorder.catchUp();
    this.#journal.flush();
    return this.#journal.head();
  }

  /** The journal's file, or null when it is kept in memory. */
  get journalPath(): string | null {
    return this.#journal.path;
  }

  /** Path of the control socket, or null. */
  get controlPath(): string | null {
    return this.#control?.path ?? null;
  }

  /** @internal See `HostOptions.control`. */
  async control(where: string | true): Promise<void> {
    this.#control = await ControlServer.open(where, controlledBy(this, this.#operator));
  }

  /** Number of this run in the journal: that of its first event. */
  get run(): number {
    return this.#run;
  }

  /** A label as people read it: `{customer:acme}`, `public`. */
  format(label: LabelInput): string {
    return this.#broker.space.format(this.#broker.space.label(label));
  }

  on<K extends keyof HostEvents>(name: K, listener: (event: HostEvents[K]) => void): this {
    this.#events.on(name, listener);
    return this;
  }

  off<K extends keyof HostEvents>(name: K, listener: (event: HostEvents[K]) => void): this {
    this.#events.off(name, listener);
    return this;
  }

  /**
   * Calls `compartment.export` with arguments at a label and resolves to the result and its label. Throws FLOW_DENIED
   * (with the explanation in `details`), GUEST_TRAP, GUEST_ERROR (the guest answered `err`), ARGUMENT_TYPE, …; an error
   * that tells something of the arguments has its label in `details.label`.
   */
  call<T = unknown>(target: string, args: readonly unknown[] = [], options: CallOptions = {}): Promise<Reply<T>> {
    return this.#messages.call<T>(PROGRAM, target, args, options);
  }

  /**
   * The same call at one label, many times and at once: decided when it is prepared and again after each change of grants
   * or links, recorded each time. Throws OPTION_UNENFORCEABLE for a compartment that may have to wait for a host function.
   */
  prepare<T = unknown>(target: string, options: PostOptions): PreparedCall<T> {
    return prepareCall<T>(this.#broker, this.#messages, target, options);
  }

  /** One way: resolves when the message is accepted. Throws FLOW_DENIED or LIMIT_QUEUE when it is not. */
  async post(target: string, args: readonly unknown[] = [], options: PostOptions = {}): Promise<void> {
    this.#messages.post(PROGRAM, target, args, options);
  }

  /** Trusted state whose label floats as replies come in. */
  session(options: SessionOptions): HostSession {
    this.#sessions += 1;
    return openSession(`session#${this.#sessions}`, this.#broker.space, this.#messages, options);
  }

  /** A compartment's exports as methods, `(…args, options?) => Promise<Reply>`; `cofferdam types` writes the type T. */
  compartment<T extends object>(name: string): T {
    const compartment = this.#wiring.compartments.get(name);
    if (!compartment) throw unknownCompartment(this.#wiring, name);
    return typedCompartment(this, name, compartment.code.world) as T;
  }

  /** Would it flow, and if not, why not, and what is the smallest change that would allow it? Changes nothing. */
  explain(question: { from: string; to: string; label: LabelInput; export?: string }): Explained {
    return explainFlow(this.#wiring, this.#broker, question);
  }

  /** A file of an `fs` resource, with the label that its path gives it. Throws FILE_*, RESOURCE_UNKNOWN, LABEL_TAG_SYNTAX. */
  async read(resource: string, path: string): Promise<HostFile> {
    const file = await readLabelledFile(this.#policy, this.#broker.space, resource, path);
    return { ...file, message: this.#recorder.fileRead(resource, file.label, Buffer.byteLength(file.value)) };
  }

  /** The paths that `read` takes, sorted. */
  list(resource: string): Promise<readonly string[]> {
    return listFiles(this.#policy, resource);
  }

  /** The owner `by` of a tag gives `to` a privilege such as `customer:*-`. From the next message on. */
  grant(change: { by: string; to: string; privilege: string }): void {
    this.#change({ kind: 'grant', ...change });
  }

  /** The compartment `by` passes on what it holds, or less. */
  delegate(change: { by: string; to: string; privilege: string }): void {
    this.#change({ kind: 'delegate', ...change });
  }

  /** The owner `by` takes a privilege of `to` back, with all that was delegated from it. */
  revoke(change: { by: string; to: string; privilege: string }): void {
    this.#change({ kind: 'revoke', ...change });
  }

  /**
   * Adds a compartment (and links of it) while others run. The manifest that results is checked as a whole; when it is
   * refused nothing has changed.
   */
  load(name: string, compartment: object, links: readonly object[] = []): Promise<void> {
    return this.#edit((policy) => withCompartment(policy, name, compartment, links), name);
  }

  /**
   * Changes keys of a compartment's entry (`{ wasm, sha256 }` for new code; `{}` reads the same file anew). Calls that are
   * inside finish on the old code, messages that wait get the new. Grants in force stay.
   */
  replace(name: string, changes: object = {}): Promise<void> {
    return this.#edit((policy) => withChanges(policy, name, changes), name);
  }

  /** Removes a compartment with all links from and to it. */
  unload(name: string): Promise<void> {
    return this.#edit((policy) => withoutCompartment(policy, name), null);
  }

  /** Nothing enters it until it is resumed: calls of the host and posts wait; others get COMPARTMENT_SUSPENDED. */
  suspend(name: string): void {
    this.#operator.suspend(name, 'program');
  }

  /** Ends a suspension or a stop, and forgets its failures: what waited goes on. */
  resume(name: string): void {
    this.#operator.resume(name, 'program');
  }

  /** Accepts nothing more until it is resumed or replaced, and ends what runs: what is inside a call after `graceMs`. */
  stop(name: string, { graceMs = 5_000 }: { graceMs?: number } = {}): Promise<void> {
    return this.#operator.stop(name, 'program', graceMs);
  }

  /** Who goes from which state to which, from now on; a watcher that is slow is told how many it lost. */
  watch(): AsyncIterableIterator<Watched> {
    return watch(this.#events);
  }

  /**
   * Evidence of these compartments, or of all enclaves: an Entity Attestation Token (RFC 9711) as a signed JWT, for who drew
   * the nonce (8 to 88 characters) and checks it with `verifyEvidence`. Throws ENCLAVE_UNKNOWN, EVIDENCE_NONCE.
   */
  async evidence({ nonce, compartments }: { nonce: string; compartments?: readonly string[] }): Promise<string> {
    this.#inForce();
    return await this.#enclaves.evidence(nonce, compartments);
  }

  /** The public key (JWK) that evidence is verified with. Throws ENCLAVE_UNKNOWN where there is no enclave. */
  attestationKey(): Readonly<Record<string, string>> {
    return this.#enclaves.attestationKey();
  }

  /**
   * Passes on what a relying party sealed to the present launch of an enclave (`sealTo`); no other can open it. Throws
   * ENCLAVE_UNKNOWN, PROVISION_REFUSED, PROVISION_EXISTS, LABEL_TAG_UNDECLARED.
   */
  async provision(compartment: string, sealed: string): Promise<void> {
    this.#inForce();
    await this.#enclaves.provision(compartment, sealed);
  }

  /** Resolves when no post waits or is being delivered. */
  drained(): Promise<void> {
    return this.#broker.posts.idle();
  }

  /** The compartments, their types and their live instances. */
  compartments(): readonly CompartmentStatus[] {
    return statusOf(this.#wiring, this.#broker);
  }

  /**
   * Delivers what was accepted, stops all instances, closes the journal. A host function that does not answer is waited for
   * no longer than `graceMs`; that it was given up is in the journal.
   */
  async close({ graceMs = 5_000 }: { graceMs?: number } = {}): Promise<void> {
    if (this.#isClosed) return;
    this.#control?.close();
    this.#broker.posts.isClosed = true;
    this.#broker.lifecycle.close();
    const isDrained = await isDoneWithin(this.drained(), graceMs);
    this.#isClosed = true;
    if (!isDrained) this.#recorder.limit('host', 'grace', graceMs);
    this.#broker.lifecycle.giveUp();
    try {
      for (const slot of this.#broker.instances.list()) this.#broker.instances.discard(slot, 'the host closed');
      this.#broker.abandon();
      this.#lease.release();
      this.#recorder.catchUp();
      this.#journal.append({ kind: 'host', phase: 'stop', versions: {}, manifestSha256: null });
    } finally {
      this.#enclaves.close();
      this.#journal.close();
      this.#events.emit('closed');
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #inForce(): { policy: Policy; wiring: Wiring } {
    if (this.#isClosed) throw new CofferdamError('HOST_CLOSED', 'The host is closed. Create another.');
    return { policy: this.#policy, wiring: this.#wiring };
  }

  #change(change: GrantChange): void {
    if (!this.#wiring.compartments.has(change.to)) throw unknownCompartment(this.#wiring, change.to);
    if (change.kind !== 'revoke') this.#enclaves.assertGrantable(this.#policy, change);
    const { grants } = this.#broker;
    const commit = grants.prepare(change);
    this.#recorder.privilege(change, grants.epoch + 1); // on disk before it takes effect
    commit();
  }

  /** One change at a time: each is checked against what the one before it left. */
  #edit(edit: (policy: Policy) => Policy, reload: string | null): Promise<void> {
    const done = this.#edits.then(async () => {
      const policy = edit(this.#inForce().policy);
      this.#wiring = await this.#loader.adopt(policy, this.#wiring, reload);
      this.#policy = policy;
    });
    this.#edits = done.catch(() => undefined); // the caller gets the error; the next edit goes on
    return done;
  }
}
