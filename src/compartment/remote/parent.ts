import { type Context, MAX_LIST_BYTES } from '../../abi/index.ts';
import { compileCodecs, FrameWriter, MESSAGE_START, type MessageCodec, makeReader, showIn } from '../../abi/message.ts';
import { CofferdamError } from '../../error.ts';
import type { World } from '../../wasm/types.ts';
import type { Code, Instance, InstanceHost } from '../contract.ts';
import { guestTrap, unreadable } from '../guest-error.ts';
import { INTERRUPT_WORDS } from '../interrupts.ts';
import { Turnstile } from '../turnstile.ts';
import { died } from './died.ts';
import { ASK, decodeFailure, MAX_RANDOM_BYTES, TELL } from './frame.ts';
import type { ParentTransport } from './transport.ts';

/** Somebody who serves one instance elsewhere (`child.ts`). */
export interface Peer {
  readonly transport: ParentTransport;
  /** Message of the first frame. */
  readonly start: Uint8Array;
  /** Ends the peer now, whatever it does; a second time does nothing. */
  end(): void;
}

export interface RemoteOptions {
  /** For messages: 'worker' or 'process'. */
  readonly kind: string;
  readonly world: World;
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  /** A fresh peer for one instance. */
  readonly launch: () => Peer;
}

/** Code whose instances run elsewhere, each with a thread or a process of its own. Throws ABI_UNSUPPORTED or ABI_TYPE_LIMIT. */
export class RemoteCode implements Code {
  readonly world: World;
  readonly sha256: string;
  readonly kind: string;
  readonly maxMessageBytes: number;
  readonly exports: readonly MessageCodec[];
  readonly imports: readonly MessageCodec[];
  readonly #launch: () => Peer;

  constructor({ kind, world, sha256, limits, launch }: RemoteOptions) {
    this.kind = kind;
    this.world = world;
    this.sha256 = sha256;
    this.maxMessageBytes = Math.min(limits.messageBytes, MAX_LIST_BYTES);
    const { exports, imports } = world;
    const codecs = compileCodecs([...exports, ...imports], { maxMessageBytes: this.maxMessageBytes, isChecked: true });
    this.exports = codecs.slice(0, exports.length);
    this.imports = codecs.slice(exports.length);
    this.#launch = launch;
  }

  whyNotFused(): string {
    return `it runs in a ${this.kind} of its own`;
  }

  instantiate(host: InstanceHost): Instance {
    return new RemoteInstance(this, host, this.#launch());
  }
}

/** How long a peer may take to be there. A process on a busy machine needs half a second. */
const START_MS = 30_000;
/** How often a parent that waits looks whether time is up: only a peer that has not answered for that long is waited for so. */
const LOOK_MS = 4;
/** How long it may take to say how large it is, which needs no guest. */
const MEASURE_MS = 5_000;

/**
 * The parent's side of one instance. Whatever the child asks for is answered by the instance's own `InstanceHost`, with the
 * broker's checks and records; whatever it says is read as a stranger's.
 */
class RemoteInstance implements Instance {
  readonly #code: RemoteCode;
  readonly #host: InstanceHost;
  readonly #peer: Peer;
  readonly #writer: FrameWriter;
  readonly #reader: Context;
  readonly #turnstile = new Turnstile();
  /** Where the watchdog says that what runs must stop; null where nothing has limits in time. */
  readonly #interrupt: Int32Array | null;
  #memoryBytes = 0;
  /** Of the frame received last. */
  #length = 0;
  #number = 0;

  constructor(code: RemoteCode, host: InstanceHost, peer: Peer) {
    this.#code = code;
    this.#host = host;
    this.#peer = peer;
    this.#writer = new FrameWriter(peer.transport, code.maxMessageBytes);
    this.#reader = makeReader(code.maxMessageBytes);
    this.#interrupt = host.interrupt ? new Int32Array(host.interrupt.buffer) : null;
    try {
      this.#turnstile.pass(() => {
        const place = this.#writer.begin();
        const at = place.allocate(1, peer.start.length);
        place.bytes.set(peer.start, at);
        this.#send(ASK.START, 0);
        this.#converse(START_MS);
      });
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  call(index: number, args: readonly unknown[]): unknown {
    const codec = this.#begin(index, args);
    return this.#turnstile.pass(() => {
      this.#send(ASK.CALL, index);
      this.#converse(Number.POSITIVE_INFINITY);
      return this.#result(codec);
    });
  }

  async callSuspending(index: number, args: readonly unknown[]): Promise<unknown> {
    const codec = this.#begin(index, args);
    return this.#turnstile.passSuspending(async () => {
      this.#send(ASK.CALL, index);
      await this.#converseAsync();
      return this.#result(codec);
    });
  }

  /** As of now; while a call is inside, as of the last time that it was asked for. */
  memoryBytes(): number {
    if (!this.#turnstile.isFree) return this.#memoryBytes;
    return this.#turnstile.pass(() => {
      this.#writer.begin();
      this.#send(ASK.MEASURE, 0);
      this.#converse(MEASURE_MS);
      this.#memoryBytes = this.#reader.view.getFloat64(MESSAGE_START, true);
      return this.#memoryBytes;
    });
  }

  health(): 'idle' | 'busy' | 'dead' {
    if (this.#peer.transport.isPeerGone()) return 'dead';
    return this.#turnstile.isFree ? 'idle' : 'busy';
  }

  stop(): void {
    this.#memoryBytes = 0;
    this.#turnstile.stop();
    this.#peer.end();
    this.#peer.transport.close();
  }

  /** Writes the arguments; nothing has been sent when it throws. */
  #begin(index: number, args: readonly unknown[]): MessageCodec {
    this.#turnstile.assertFree();
    const codec = this.#code.exports[index];
    if (codec === undefined) throw new CofferdamError('ARGUMENT_TYPE', `There is no export ${index} - count them anew`);
    try {
      codec.writeParams(this.#writer.begin(), args);
    } catch (error) {
      throw error instanceof CofferdamError ? error : unreadable(error);
    }
    return codec;
  }

  #result(codec: MessageCodec): unknown {
    try {
      return codec.readResult(this.#reader);
    } catch (error) {
      throw this.#died('its result is not of its type', error);
    }
  }

  /** Until what was begun is done. Nothing that the guest asks for may wait. */
  #converse(timeoutMs: number): void {
    for (;;) {
      const kind = this.#heard(this.#receive(timeoutMs), timeoutMs);
      if (kind === TELL.DONE) return;
      if (kind === TELL.IMPORT) this.#import();
      else this.#serve(kind);
    }
  }

  /** A peer that runs past a limit is ended, whatever it does: its guest needs no checks of its own. */
  #receive(timeoutMs: number): number {
    const { transport } = this.#peer;
    if (this.#interrupt === null) return transport.receive(timeoutMs);
    for (let waited = 0; waited < timeoutMs; waited += LOOK_MS) {
      const length = transport.receive(LOOK_MS);
      if (length >= 0) return length;
      if (Atomics.load(this.#interrupt, INTERRUPT_WORDS.RUN) >= 0) continue;
      this.#peer.end();
      throw guestTrap('it ran past a limit in time');
    }
    return -1;
  }

  async #converseAsync(): Promise<void> {
    const { transport } = this.#peer;
    const timeoutMs = Number.POSITIVE_INFINITY;
    for (;;) {
      const kind = this.#heard(await transport.receiveAsync(timeoutMs), timeoutMs);
      if (kind === TELL.DONE) return;
      if (kind === TELL.IMPORT) await this.#importAsync();
      else this.#serve(kind);
    }
  }

  /** Takes in a frame of this length; gives its kind. Throws what the child reports as its failure. */
  #heard(length: number, timeoutMs: number): number {
    if (length < 0) throw this.#died(`it did not answer within ${timeoutMs} ms`);
    if (length < MESSAGE_START) throw this.#died('it sent a frame without a header');
    this.#length = length;
    showIn(this.#reader, this.#peer.transport.frame);
    const kind = this.#reader.view.getUint32(0, true);
    this.#number = this.#reader.view.getUint32(4, true);
    if (this.#host.fuel) this.#host.fuel.value = this.#reader.view.getBigInt64(8, true);
    if (kind === TELL.FAILED) throw decodeFailure(this.#message()) ?? this.#died('its failure makes no sense');
    return kind;
  }

  /** A copy of the message in the frame received last. */
  #message(): Uint8Array {
    return this.#reader.bytes.slice(MESSAGE_START, this.#length);
  }

  #import(): void {
    const { codec, args } = this.#imported();
    const index = this.#number;
    this.#answer((place) => {
      if (this.#host.suspending.has(index)) throw this.#cannotWait(index);
      const value = this.#host.call(index, args);
      codec.writeResult(place(), value);
    });
  }

  async #importAsync(): Promise<void> {
    const { codec, args } = this.#imported();
    const index = this.#number;
    let value: unknown;
    try {
      value = await this.#turnstile.out(() => this.#host.call(index, args));
    } catch (error) {
      this.#turnstile.fail(error);
    }
    this.#answer((place) => codec.writeResult(place(), value));
  }

  #imported(): { codec: MessageCodec; args: unknown[] } {
    const codec = this.#code.imports[this.#number];
    if (codec === undefined) throw this.#died('it called an import that is not there');
    try {
      return { codec, args: codec.readParams(this.#reader) };
    } catch (error) {
      throw this.#died('the arguments of an import are not of their types', error);
    }
  }

  #cannotWait(index: number): CofferdamError {
    const id = this.#code.world.imports[index]?.id;
    const message = `The guest called ${id}, which must wait, from a call that cannot wait - use callSuspending`;
    return new CofferdamError('SUSPENSION_SYNC', message);
  }

  /** What the small WASI asks for. */
  #serve(kind: number): void {
    const number = this.#number;
    if (kind === TELL.OUTPUT) {
      const bytes = this.#message();
      this.#answer((place) => {
        this.#host.output(number === 1 ? 'stdout' : 'stderr', bytes);
        place();
      });
    } else if (kind === TELL.NOW) {
      this.#answer((place) => {
        const now = this.#host.nowNs();
        const to = place();
        const at = to.allocate(8, 8);
        to.view.setBigUint64(at, now, true);
      });
    } else if (kind === TELL.RANDOM) {
      if (number > MAX_RANDOM_BYTES) throw this.#died(`it wants ${number} random bytes at once`);
      this.#answer((place) => {
        const bytes = new Uint8Array(number);
        this.#host.random(bytes);
        const to = place();
        const at = to.allocate(1, number);
        to.bytes.set(bytes, at);
      });
    } else {
      throw this.#died(`it said ${kind}, which means nothing here`);
    }
  }

  /** Sends what `body` writes into the frame that it begins. Once anything has failed the child gets nothing any more. */
  #answer(body: (place: () => Context) => void): void {
    let kind: number = ASK.ANSWER;
    try {
      this.#turnstile.out(() => body(() => this.#writer.begin()));
    } catch {
      // `out` keeps the error, and the call will end with it.
      this.#writer.begin();
      kind = ASK.REFUSE;
    }
    this.#send(kind, 0);
  }

  #send(kind: number, number: number): void {
    const { view } = this.#writer.place;
    view.setUint32(0, kind, true);
    view.setUint32(4, number, true);
    if (this.#host.fuel) view.setBigInt64(8, this.#host.fuel.value as bigint, true);
    this.#peer.transport.send(this.#writer.length);
  }

  /** It is of no use any more, and gets no chance to do anything else. */
  #died(reason: string, cause?: unknown): CofferdamError {
    this.#peer.end();
    return died(reason, cause);
  }
}
