import { MAX_LIST_BYTES } from '../../abi/index.ts';
import { compileCodecs, MESSAGE_START, type MessageCodec } from '../../abi/message.ts';
import { CofferdamError, isCofferdamError } from '../../error.ts';
import type { World } from '../../wasm/types.ts';
import type { Instance, InstanceHost, SharedStart } from '../contract.ts';
import { guestTrap } from '../guest-error.ts';
import { type Interrupts, type Running, TICKS_PER_MS } from '../interrupts.ts';
import { Callers } from './callers.ts';
import { Conversation } from './conversation.ts';
import type { Mailbox } from './direct.ts';
import { DirectCalls, THROUGH_PARENT, type Upstream } from './direct-calls.ts';
import { ASK, encodeFailure, frameBytesFor, MAX_RANDOM_BYTES, TELL } from './frame.ts';
import { SharedTransport } from './shared-channel.ts';
import { assertStack } from './stack.ts';
import type { Transport } from './transport.ts';

export interface Guest {
  readonly world: World;
  readonly maxMessageBytes: number;
  /** Runs its start function. */
  readonly instantiate: (host: InstanceHost) => Instance;
  readonly start: SharedStart | null;
}

/** What this clock may be behind when a limit begins: it ends late rather than early. */
const SLACK_TICKS = 3;

/**
 * The child's side of a remote compartment: an instance, run by the inline runtime, that does what the parent asks. Returns
 * when its code cannot be made, and throws COMPARTMENT_DIED when the parent is gone. What the instance can reach is asked of
 * the parent, one frame for each.
 *
 * `guest` is made of the message with which the parent starts it. `interrupts` are those of this thread. One that has a
 * `mailbox` can be called directly by other threads, and call them.
 */
export function serve(
  transport: Transport,
  makeGuest: (start: Uint8Array) => Guest,
  interrupts: Interrupts,
  mailbox: Mailbox | null = null,
): void {
  const length = transport.receive(Number.POSITIVE_INFINITY);
  let child: Child;
  try {
    child = new Child(transport, makeGuest(transport.frame.slice(MESSAGE_START, length)), interrupts, mailbox);
  } catch (error) {
    new Conversation(transport, MAX_LIST_BYTES).tell(TELL.FAILED, 0, encodeFailure(error));
    return;
  }
  interrupts.awaitWatch();
  child.begin();
  for (;;) child.next();
}

const NOTHING = new Uint8Array(0);

class Child {
  readonly #parent: Conversation;
  /** Whoever called it: the parent, or another thread that does so directly. */
  #talk: Conversation;
  readonly #mailbox: Mailbox | null;
  readonly #callers: Callers | null;
  readonly #direct: DirectCalls | null;
  /** Its instance's, for those that it asks over another thread. */
  #number = 0;
  /** The call that is inside has been refused something, and ends whatever the guest makes of that. */
  #isRefused = false;
  readonly #exports: readonly MessageCodec[];
  readonly #imports: readonly MessageCodec[];
  readonly #guest: Guest;
  readonly #interrupts: Interrupts;
  readonly #running: Running = { stopAt: 0, below: null };
  /** The tick at which it began to run, where its time is bounded: a clock is looked at with each call. */
  #sinceTick: number | null = null;
  /** Counted down by code that was made for it, and filled up by the parent; null where it is not counted. */
  #fuel: WebAssembly.Global | null = null;
  #instance: Instance | null = null;

  constructor(transport: Transport, guest: Guest, interrupts: Interrupts, mailbox: Mailbox | null) {
    const { maxMessageBytes } = guest;
    const { exports, imports } = guest.world;
    this.#parent = new Conversation(transport, maxMessageBytes);
    this.#talk = this.#parent;
    this.#mailbox = mailbox;
    this.#guest = guest;
    this.#interrupts = interrupts;
    // What is written here was lifted and checked just before; the parent checks whatever it reads.
    const codecs = compileCodecs([...exports, ...imports], { maxMessageBytes, isChecked: false });
    this.#exports = codecs.slice(0, exports.length);
    this.#imports = codecs.slice(exports.length);
    if (mailbox === null || !(transport instanceof SharedTransport)) {
      this.#callers = null;
      this.#direct = null;
    } else {
      const limits = { maxBytes: frameBytesFor(maxMessageBytes), maxMessageBytes };
      const { bell } = mailbox;
      this.#callers = new Callers(this.#parent, transport, bell, limits);
      this.#direct = new DirectCalls({
        imports,
        codecs: this.#imports,
        bell,
        maxMessageBytes,
        upstream: this.#upstream(),
      });
    }
  }

  /** Its code is ready. */
  begin(): void {
    this.#talk.tell(TELL.DONE, 0, NOTHING);
  }

  /** Does one thing that the parent asks for. */
  next(): void {
    this.#talk = this.#callers?.next() ?? this.#parent;
    this.#receive();
    const { kind, number } = this.#talk;
    try {
      if (kind === ASK.CALL) this.#call(number);
      else if (kind === ASK.BEAT) this.#beat();
      else if (kind === ASK.MAKE) this.#make();
      else if (kind === ASK.CAPTURE) this.#capture();
      else if (kind === ASK.MAIL) this.#readMail(true);
      else throw new CofferdamError('INTERNAL', `The parent asked for ${kind}, which nobody can do now.`);
    } catch (error) {
      this.#fail(error);
    }
  }

  #make(): void {
    this.#instance?.stop();
    this.#isRefused = false;
    this.#callers?.clear();
    this.#direct?.clear();
    this.#takeFuel();
    this.#instance = this.#guest.instantiate(this.#host());
    this.#beat();
  }

  #capture(): void {
    this.#takeFuel();
    const state = this.#guest.start?.capture(this.#host()) ?? NOTHING;
    const place = this.#talk.writer.begin();
    const at = place.allocate(1, state.length);
    place.bytes.set(state, at);
    this.#send(TELL.DONE, 0);
  }

  #takeFuel(): void {
    const fuel = this.#talk.fuelHeard;
    this.#fuel = fuel > 0n ? new WebAssembly.Global({ value: 'i64', mutable: true }, fuel) : null;
  }

  #call(index: number): void {
    const codec = this.#exports[index];
    if (codec === undefined || this.#instance === null)
      throw new CofferdamError('INTERNAL', `The parent called export ${index}, which is not there.`);
    const value = this.#instance.call(index, codec.readParams(this.#talk.reader));
    if (this.#isRefused) throw refused();
    codec.writeResult(this.#talk.writer.begin(), value);
    this.#send(TELL.DONE, 0);
  }

  #beat(): void {
    const place = this.#talk.writer.begin();
    const at = place.allocate(8, 8);
    place.view.setFloat64(at, this.#instance?.memoryBytes() ?? 0, true);
    this.#send(TELL.DONE, 0);
  }

  #fail(error: unknown): void {
    const isTimeUp = this.#sinceTick !== null && this.#interrupts.isStopped && isCofferdamError(error, 'GUEST_TRAP');
    this.#instance?.stop();
    this.#instance = null;
    const place = this.#talk.writer.begin();
    const text = isTimeUp ? NOTHING : encodeFailure(error);
    const at = place.allocate(1, text.length);
    place.bytes.set(text, at);
    this.#send(isTimeUp ? TELL.STOPPED : TELL.FAILED, 0);
  }

  #host(): InstanceHost {
    return {
      // A thread of its own may simply wait.
      suspending: new Set(),
      interrupt: this.#interrupts.memory,
      ...(this.#fuel ? { fuel: this.#fuel } : {}),
      call: (index, args) => {
        const codec = this.#imports[index];
        if (codec === undefined) throw new CofferdamError('INTERNAL', `There is no import ${index}.`);
        if (this.#direct !== null) assertStack();
        const direct = this.#direct === null ? THROUGH_PARENT : this.#direct.call(index, args);
        if (direct !== THROUGH_PARENT) return direct;
        codec.writeParams(this.#talk.writer.begin(), args);
        this.#ask(TELL.IMPORT, index);
        const value = codec.readResult(this.#talk.reader);
        if (this.#talk.kind === ASK.LINKED) this.#linked(index, this.#talk.number);
        return value;
      },
      output: (stream, bytes) => {
        const place = this.#talk.writer.begin();
        const at = place.allocate(1, bytes.length);
        place.bytes.set(bytes, at);
        this.#ask(TELL.OUTPUT, stream === 'stdout' ? 1 : 2);
      },
      nowNs: () => {
        this.#talk.writer.begin();
        this.#ask(TELL.NOW, 0);
        return this.#talk.reader.view.getBigUint64(MESSAGE_START, true);
      },
      random: (bytes) => {
        for (let done = 0; done < bytes.length; done += MAX_RANDOM_BYTES) {
          const count = Math.min(MAX_RANDOM_BYTES, bytes.length - done);
          this.#talk.writer.begin();
          this.#ask(TELL.RANDOM, count);
          bytes.set(this.#talk.reader.bytes.subarray(MESSAGE_START, MESSAGE_START + count), done);
        }
      },
    };
  }

  /** Sends what was written, and waits for the answer. */
  #ask(kind: number, number: number): void {
    assertStack();
    this.#send(kind, number);
    this.#receive();
    const { kind: answer } = this.#talk;
    if (answer === ASK.ANSWER || answer === ASK.LINKED) return;
    this.#isRefused = true;
    throw refused();
  }

  #linked(index: number, epoch: number): void {
    this.#readMail(false);
    this.#direct?.decide(index, epoch);
  }

  #readMail(isAsked: boolean): void {
    for (let mail = this.#mailbox?.next() ?? null; mail !== null; mail = this.#mailbox?.next() ?? null) {
      if (mail.kind === 'link') this.#direct?.take(mail);
      else {
        this.#number = mail.number;
        this.#callers?.add(mail.line);
      }
    }
    if (!isAsked) return;
    this.#talk.writer.begin();
    this.#send(TELL.DONE, 0);
  }

  #upstream(): Upstream {
    return {
      leftMs: () => {
        if (this.#sinceTick === null) return Number.POSITIVE_INFINITY;
        return Math.max(0, (this.#running.stopAt - this.#interrupts.tick) | 0) / TICKS_PER_MS;
      },
      ask: (kind, number, message) => {
        const to = this.#talk.writer.begin();
        const at = to.allocate(1, message.length);
        to.bytes.set(message, at);
        this.#ask(kind, number);
      },
      relay: (callee) => {
        const { transport } = this.#talk;
        callee.forward(this.#talk);
        this.#talk.hear(transport.receive(Number.POSITIVE_INFINITY));
        this.#talk.forward(callee);
      },
    };
  }

  /** Its time stands still until the next frame comes. */
  #send(kind: number, number: number): void {
    this.#talk.timeMs = 0;
    if (this.#sinceTick !== null) {
      this.#interrupts.end(this.#running);
      this.#talk.timeMs = ((this.#interrupts.tick - this.#sinceTick) | 0) / TICKS_PER_MS;
      this.#sinceTick = null;
    }
    const route = this.#talk === this.#parent ? 0 : this.#number;
    this.#talk.say(kind, number, (this.#fuel?.value as bigint | undefined) ?? null, route);
  }

  #receive(): void {
    const { transport } = this.#talk;
    this.#talk.hear(transport.receive(Number.POSITIVE_INFINITY));
    if (this.#fuel && this.#talk === this.#parent) this.#fuel.value = this.#talk.fuelHeard;
    const leftMs = this.#talk.timeHeardMs;
    if (leftMs === Number.POSITIVE_INFINITY) return;
    const { tick } = this.#interrupts;
    this.#sinceTick = tick;
    this.#running.stopAt = (tick + Math.ceil(leftMs * TICKS_PER_MS) + SLACK_TICKS) | 0;
    this.#interrupts.begin(this.#running);
    // A guest that only asks for things, and ignores that it gets nothing, is never past a tick of its own.
    if (leftMs === 0) this.#interrupts.stop();
  }
}

function refused(): CofferdamError {
  return guestTrap('what it asked for was refused');
}
