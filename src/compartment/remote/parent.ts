import { MESSAGE_START, type MessageCodec } from '../../abi/message.ts';
import { CofferdamError, isCofferdamError } from '../../error.ts';
import type { Health, Instance, InstanceHost } from '../contract.ts';
import { guestTrap, unreadable } from '../guest-error.ts';
import { Turnstile } from '../turnstile.ts';
import { Asks } from './asks.ts';
import { Conversation } from './conversation.ts';
import { closed, died } from './died.ts';
import { DirectLinks } from './direct-links.ts';
import { ASK, decodeFailure, TELL } from './frame.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Peer, Peers } from './peers.ts';
import type { RemoteCode } from './remote-code.ts';
import type { ParentTransport } from './transport.ts';

/** How long a peer may take to be there. A process on a busy machine needs half a second. */
const START_MS = 30_000;
/** A guest that is past a limit has so long to be stopped by its own checks, before its thread or process is ended. */
const GRACE_MS = 20;
/** The clocks of two threads agree to within this. */
const CLOCKS_MS = 1;
/** How long whoever asks for its size waits for it. Later it is known, too. */
const SIZE_MS = 100;

/**
 * The parent's side of one instance. Whatever the child asks for is answered by the instance's own `InstanceHost`, with the
 * broker's checks and records; whatever it says is read as a stranger's.
 */
export class RemoteInstance implements Instance {
  readonly #code: RemoteCode;
  readonly #host: InstanceHost;
  readonly #peers: Peers;
  readonly #peer: Peer;
  readonly #talk: Conversation<ParentTransport>;
  readonly #turnstile = new Turnstile();
  readonly #asks: Asks;
  /** Over which it calls others by itself; null where it is no thread. */
  readonly #links: DirectLinks | null;
  readonly #heart: Heartbeat;
  /** Something was begun, and is not done. */
  #isBegun = false;
  /** Its last instance is over, and it can make another. */
  #isSpent = false;
  #isStopped = false;
  /** It runs, and this thread does other things until it says something. */
  #isAside = false;
  /** Since when it has had no time left. */
  #overMs: number | null = null;

  constructor(code: RemoteCode, host: InstanceHost, peers: Peers) {
    this.#code = code;
    this.#host = host;
    this.#peers = peers;
    this.#peer = peers.take(host.sharing ?? null, code.state);
    this.#talk = new Conversation(this.#peer.transport, code.maxMessageBytes);
    this.#links = this.#makeLinks();
    this.#heart = new Heartbeat(this.#talk);
    this.#asks = new Asks(code, host, this.#turnstile, this.#links);
    try {
      this.#turnstile.pass(() => {
        this.#start();
        if (code.maxStateBytes !== null) code.state ??= this.#capture(code.maxStateBytes);
        this.#order(ASK.MAKE);
        this.#heart.hearSize();
      });
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  call(index: number, args: readonly unknown[]): unknown {
    const codec = this.#begin(index, args);
    return this.#turnstile.pass(() => {
      this.#say(ASK.CALL, index, false);
      this.#converse();
      return this.#result(codec);
    });
  }

  async callSuspending(index: number, args: readonly unknown[]): Promise<unknown> {
    const codec = this.#begin(index, args);
    return this.#turnstile.passSuspending(async () => {
      this.#say(ASK.CALL, index, true);
      await this.#converseAsync();
      return this.#result(codec);
    });
  }

  /** As of now; while a call is inside, or the peer is slow, as of the last time that it said so. */
  memoryBytes(): number {
    if (this.#isFree) this.#beat(SIZE_MS);
    return this.#isStopped ? 0 : this.#heart.memoryBytes;
  }

  health(patienceMs: number): Health {
    this.#heart.patienceMs = patienceMs;
    if (this.#peer.transport.isPeerGone()) return 'dead';
    if (!this.#isFree) return 'busy';
    if (!this.#beat(0)) return 'dead';
    return this.#heart.isOverdue ? 'silent' : 'idle';
  }

  /** False when what it says makes no sense: then it is ended, and whoever calls it next finds it dead. */
  #beat(waitMs: number): boolean {
    try {
      this.#heart.beat(waitMs);
      return true;
    } catch (error) {
      this.#endedBy(error);
      return false;
    }
  }

  stop(): void {
    this.#turnstile.stop();
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#links?.close();
    if (this.#isSpent) this.#peers.keep(this.#host.sharing ?? null, this.#peer);
    // Where its time is over it is being stopped just now, and `#converseAsync` sees to the rest.
    else if (!this.#isAside || this.#talk.leftMs > CLOCKS_MS) this.#peers.end(this.#peer);
  }

  /** Is no call inside, of whomever? */
  get #isFree(): boolean {
    return this.#turnstile.isFree && this.#host.direct?.isInside() !== true;
  }

  #makeLinks(): DirectLinks | null {
    const { direct } = this.#host;
    const { thread, transport } = this.#peer;
    if (!direct || !thread) return null;
    const readMail = () => {
      this.#turnstile.assertFree();
      if (this.#heart.isOwed) this.#settle();
      this.#turnstile.pass(() => {
        this.#talk.writer.begin();
        this.#say(ASK.MAIL, 0, false);
        this.#converse();
      });
    };
    const isGone = () => transport.isPeerGone();
    return new DirectLinks(direct, { peer: thread, asks: () => this.#asks, readMail }, isGone);
  }

  /** Starting a thread or process takes none of the guest's time, or one with a near deadline would never be there. */
  #start(): void {
    const peer = this.#peer;
    if (peer.isStarted) return;
    const start = () => {
      this.#talk.tell(ASK.START, 0, peer.start);
      const length = peer.transport.receive(START_MS);
      if (length < 0) throw died(`it was not there after ${START_MS} ms`);
      if (!this.#isDone(length)) throw died('it asked for something before it was begun');
    };
    try {
      if (this.#host.time) this.#host.time.exempt(start);
      else start();
    } finally {
      this.#isSpent = false; // its code was not made
    }
    peer.isStarted = true;
  }

  #order(kind: number): void {
    this.#talk.writer.begin();
    this.#say(kind, 0, false);
    this.#converse();
  }

  /** In a peer that has got no message of any label: there has been no instance before this state. */
  #capture(maxBytes: number): Uint8Array {
    const { transport } = this.#peer;
    const { maxBytes: usual } = transport;
    transport.maxBytes = Math.max(usual, MESSAGE_START + maxBytes);
    this.#order(ASK.CAPTURE);
    const state = this.#talk.message();
    transport.maxBytes = usual;
    return state;
  }

  /** Writes the arguments; nothing has been sent when it throws. */
  #begin(index: number, args: readonly unknown[]): MessageCodec {
    this.#turnstile.assertFree();
    if (this.#heart.isOwed) this.#settle();
    const codec = this.#code.exports[index];
    if (codec === undefined) throw new CofferdamError('ARGUMENT_TYPE', `There is no export ${index} - count them anew`);
    try {
      codec.writeParams(this.#talk.writer.begin(), args);
    } catch (error) {
      throw error instanceof CofferdamError ? error : unreadable(error);
    }
    return codec;
  }

  /** The peer takes one thing after the other. */
  #settle(): void {
    try {
      this.#heart.settle(this.#host.time?.leftMs(false) ?? Number.POSITIVE_INFINITY);
    } catch (error) {
      throw this.#endedBy(error);
    }
  }

  #result(codec: MessageCodec): unknown {
    try {
      return codec.readResult(this.#talk.reader);
    } catch (error) {
      throw this.#endedBy(died('its result is not of its type', error));
    }
  }

  #say(kind: number, number: number, isAside: boolean): void {
    this.#talk.timeMs = this.#host.time?.leftMs(isAside) ?? Number.POSITIVE_INFINITY;
    this.#isBegun = true;
    this.#overMs = null;
    this.#talk.say(kind, number, this.#fuel);
  }

  /** Until what was begun is done. Nothing that the guest asks for may wait. */
  #converse(): void {
    const { transport } = this.#peer;
    try {
      while (!this.#isDone(transport.receive(this.#talk.timeMs + GRACE_MS))) {
        const { route } = this.#talk;
        const asks = route === 0 ? this.#asks : this.#links?.asksOf(route);
        if (!asks) throw died('it speaks for an instance that is not there');
        asks.serve(this.#talk);
        this.#assertInTime();
      }
    } catch (error) {
      this.#links?.fence();
      throw this.#endedBy(error);
    }
  }

  async #converseAsync(): Promise<void> {
    const { transport } = this.#peer;
    try {
      for (;;) {
        this.#isAside = true;
        const length = await transport.receiveAsync(this.#talk.timeMs + GRACE_MS);
        this.#isAside = false;
        const isDone = this.#isDone(length);
        this.#host.time?.ran(this.#talk.ranMs);
        if (isDone) break;
        if (this.#isStopped) throw closed();
        await this.#asks.serveAsync(this.#talk);
        this.#assertInTime();
      }
    } catch (error) {
      throw this.#endedBy(error);
    } finally {
      if (this.#isStopped) this.#clear();
    }
  }

  /** One that goes on to ask for things is not waited for. */
  #assertInTime(): void {
    if (this.#talk.timeMs !== 0) return;
    this.#overMs ??= performance.now();
    if (performance.now() - this.#overMs > GRACE_MS) throw this.#host.time?.overdue() ?? died('it does not stop');
  }

  /** It was stopped while it was inside. */
  #clear(): void {
    if (this.#isBegun) this.#peers.end(this.#peer);
    else this.#peers.keep(this.#host.sharing ?? null, this.#peer);
  }

  /** Takes in a frame of this length. Throws what the child reports as its failure. */
  #isDone(length: number): boolean {
    const { time, fuel } = this.#host;
    if (length < 0) throw time?.overdue() ?? died('it does not answer');
    this.#talk.hear(length);
    const { kind, route, fuelHeard } = this.#talk;
    if (fuel && this.#isBegun && route === 0) fuel.value = fuelHeard;
    if (kind === TELL.DONE) this.#isBegun = false;
    if (kind !== TELL.FAILED && kind !== TELL.STOPPED) return kind === TELL.DONE;
    const failure = kind === TELL.FAILED ? decodeFailure(this.#talk.message()) : this.#timeOver();
    if (failure === null) throw died('its failure makes no sense');
    this.#isBegun = false;
    this.#isSpent = true;
    throw failure;
  }

  /** It says that its time is over, which it is or is not. */
  #timeOver(): CofferdamError {
    const trap = guestTrap('it was stopped');
    return this.#talk.leftMs > CLOCKS_MS ? trap : (this.#host.time?.overdue(trap) ?? trap);
  }

  get #fuel(): bigint | null {
    return (this.#host.fuel?.value as bigint | undefined) ?? null;
  }

  /** A peer that is lost is of no use any more, and gets no chance to do anything else. */
  #endedBy(error: unknown): unknown {
    if (isCofferdamError(error, 'COMPARTMENT_DIED') || this.#isBegun) this.#peer.end();
    return error;
  }
}
