import type { Context } from '../../abi/index.ts';
import { FrameWriter, MESSAGE_START, makeReader, showIn } from '../../abi/message.ts';
import { died } from './died.ts';
import { HEADER } from './frame.ts';
import type { Transport } from './transport.ts';

/** The lowest bits of a frame's first word are its kind; those above say on whose behalf it is sent. */
const ROUTE_SHIFT = 8;

/** Frames with one peer: what was received last, and what is being written. */
export class Conversation<T extends Transport = Transport> {
  readonly transport: T;
  readonly writer: FrameWriter;
  readonly reader: Context;
  /** Of the frame received last. */
  kind = 0;
  number = 0;
  /** On whose behalf it was sent: 0 the peer itself, else an instance that it has called directly, by its number. */
  route = 0;
  /** Goes out with each frame: to a child how long it may run now, in milliseconds, to a parent how long it ran. */
  timeMs = Number.POSITIVE_INFINITY;
  #length = 0;
  #saidMs = 0;

  constructor(transport: T, maxMessageBytes: number) {
    this.transport = transport;
    this.writer = new FrameWriter(transport, maxMessageBytes);
    this.reader = makeReader(maxMessageBytes);
  }

  /** Takes in a frame of this length. */
  hear(length: number): void {
    if (length < MESSAGE_START) throw died('it sent a frame without a header');
    this.#length = length;
    showIn(this.reader, this.transport.frame);
    const first = this.reader.view.getUint32(HEADER.KIND, true);
    this.kind = first & (2 ** ROUTE_SHIFT - 1);
    this.route = first >>> ROUTE_SHIFT;
    this.number = this.reader.view.getUint32(HEADER.NUMBER, true);
  }

  /** A copy of the message in the frame received last. */
  message(): Uint8Array {
    return this.reader.bytes.slice(MESSAGE_START, this.#length);
  }

  get fuelHeard(): bigint {
    return this.reader.view.getBigInt64(HEADER.FUEL, true);
  }

  get timeHeardMs(): number {
    return this.reader.view.getFloat64(HEADER.TIME, true);
  }

  /** What is left of the time that was said last. */
  get leftMs(): number {
    return this.timeMs - (performance.now() - this.#saidMs);
  }

  /** How long the peer says that it ran: no longer than it can have. */
  get ranMs(): number {
    const sinceMs = performance.now() - this.#saidMs;
    const heardMs = this.timeHeardMs;
    return heardMs >= 0 && heardMs <= sinceMs ? heardMs : sinceMs;
  }

  /** Sends what was written. */
  say(kind: number, number: number, fuel: bigint | null = null, route = 0): void {
    const { view } = this.writer.place;
    view.setUint32(HEADER.KIND, kind | (route << ROUTE_SHIFT), true);
    view.setUint32(HEADER.NUMBER, number, true);
    if (fuel !== null) view.setBigInt64(HEADER.FUEL, fuel, true);
    view.setFloat64(HEADER.TIME, this.timeMs, true);
    if (this.timeMs !== Number.POSITIVE_INFINITY) this.#saidMs = performance.now();
    this.transport.send(this.writer.length);
  }

  /** A frame without values. */
  tell(kind: number, number: number, message: Uint8Array, fuel: bigint | null = null, route = 0): void {
    const to = this.writer.begin();
    const at = to.allocate(1, message.length);
    to.bytes.set(message, at);
    this.say(kind, number, fuel, route);
  }

  /** Hands the frame received last on to another peer as it is. */
  forward(to: Conversation): void {
    to.transport.reserve(this.#length).set(this.transport.frame.subarray(0, this.#length));
    to.transport.send(this.#length);
  }
}
