import { MAX_LIST_BYTES } from '../../abi/index.ts';
import { compileCodecs, MESSAGE_START, type MessageCodec } from '../../abi/message.ts';
import { CofferdamError, isCofferdamError } from '../../error.ts';
import type { World } from '../../wasm/types.ts';
import type { Code, Instance, InstanceHost } from '../contract.ts';
import { guestTrap, unreadable } from '../guest-error.ts';
import { INTERRUPT_WORDS } from '../interrupts.ts';
import { Turnstile } from '../turnstile.ts';
import { Asks } from './asks.ts';
import { Conversation } from './conversation.ts';
import { died } from './died.ts';
import { ASK, decodeFailure, TELL } from './frame.ts';
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
  readonly #talk: Conversation<ParentTransport>;
  readonly #turnstile = new Turnstile();
  readonly #asks: Asks;
  /** Where the watchdog says that what runs must stop; null where nothing has limits in time. */
  readonly #interrupt: Int32Array | null;
  #memoryBytes = 0;

  constructor(code: RemoteCode, host: InstanceHost, peer: Peer) {
    this.#code = code;
    this.#host = host;
    this.#peer = peer;
    this.#talk = new Conversation(peer.transport, code.maxMessageBytes);
    this.#asks = new Asks(code, host, this.#turnstile);
    this.#interrupt = host.interrupt ? new Int32Array(host.interrupt.buffer) : null;
    try {
      this.#turnstile.pass(() => {
        this.#talk.tell(ASK.START, 0, peer.start, this.#fuel);
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
      this.#talk.say(ASK.CALL, index, this.#fuel);
      this.#converse(Number.POSITIVE_INFINITY);
      return this.#result(codec);
    });
  }

  async callSuspending(index: number, args: readonly unknown[]): Promise<unknown> {
    const codec = this.#begin(index, args);
    return this.#turnstile.passSuspending(async () => {
      this.#talk.say(ASK.CALL, index, this.#fuel);
      await this.#converseAsync();
      return this.#result(codec);
    });
  }

  /** As of now; while a call is inside, as of the last time that it was asked for. */
  memoryBytes(): number {
    if (!this.#turnstile.isFree) return this.#memoryBytes;
    return this.#turnstile.pass(() => {
      this.#talk.writer.begin();
      this.#talk.say(ASK.MEASURE, 0, this.#fuel);
      this.#converse(MEASURE_MS);
      this.#memoryBytes = this.#talk.reader.view.getFloat64(MESSAGE_START, true);
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
      codec.writeParams(this.#talk.writer.begin(), args);
    } catch (error) {
      throw error instanceof CofferdamError ? error : unreadable(error);
    }
    return codec;
  }

  #result(codec: MessageCodec): unknown {
    try {
      return codec.readResult(this.#talk.reader);
    } catch (error) {
      throw this.#endedBy(died('its result is not of its type', error));
    }
  }

  /** Until what was begun is done. Nothing that the guest asks for may wait. */
  #converse(timeoutMs: number): void {
    try {
      while (!this.#isDone(this.#receive(timeoutMs), timeoutMs)) this.#asks.serve(this.#talk);
    } catch (error) {
      throw this.#endedBy(error);
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
    try {
      while (!this.#isDone(await transport.receiveAsync(timeoutMs), timeoutMs)) await this.#asks.serveAsync(this.#talk);
    } catch (error) {
      throw this.#endedBy(error);
    }
  }

  /** Takes in a frame of this length. Throws what the child reports as its failure. */
  #isDone(length: number, timeoutMs: number): boolean {
    if (length < 0) throw died(`it did not answer within ${timeoutMs} ms`);
    this.#talk.hear(length);
    const { kind, fuelHeard } = this.#talk;
    if (this.#host.fuel) this.#host.fuel.value = fuelHeard;
    if (kind === TELL.FAILED) throw decodeFailure(this.#talk.message()) ?? died('its failure makes no sense');
    return kind === TELL.DONE;
  }

  get #fuel(): bigint | null {
    return (this.#host.fuel?.value as bigint | undefined) ?? null;
  }

  /** A peer that is lost is of no use any more, and gets no chance to do anything else. */
  #endedBy(error: unknown): unknown {
    if (isCofferdamError(error, 'COMPARTMENT_DIED')) this.#peer.end();
    return error;
  }
}
