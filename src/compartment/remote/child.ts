import type { Context } from '../../abi/index.ts';
import { compileCodecs, FrameWriter, MESSAGE_START, type MessageCodec, makeReader, showIn } from '../../abi/message.ts';
import { CofferdamError } from '../../error.ts';
import type { World } from '../../wasm/types.ts';
import type { Instance, InstanceHost } from '../contract.ts';
import { ASK, encodeFailure, MAX_RANDOM_BYTES, TELL } from './frame.ts';
import type { Transport } from './transport.ts';

/** Counted down by code that was made for it, and filled up by the parent; null where it is not counted. */
type Fuel = WebAssembly.Global | null;

export interface Guest {
  readonly world: World;
  readonly maxMessageBytes: number;
  /** Runs its start function. */
  readonly instantiate: (host: InstanceHost) => Instance;
}

/**
 * The child's side of a remote compartment: one instance, run by the inline runtime, that does what the parent asks. Returns
 * when it cannot be made, and throws COMPARTMENT_DIED when the parent is gone. What the instance can reach is asked of the parent, one frame for each.
 *
 * `guest` is made of the message with which the parent starts it.
 */
export function serve(transport: Transport, makeGuest: (start: Uint8Array) => Guest): void {
  const length = transport.receive(Number.POSITIVE_INFINITY);
  const start = transport.frame.slice(MESSAGE_START, length);
  const left = new DataView(transport.frame.buffer).getBigInt64(8, true);
  const fuel = left > 0n ? new WebAssembly.Global({ value: 'i64', mutable: true }, left) : null;
  let child: Child;
  try {
    child = new Child(transport, makeGuest(start), fuel);
  } catch (error) {
    tellFailure(transport, fuel, error);
    return;
  }
  for (;;) child.next();
}

class Child {
  readonly #transport: Transport;
  readonly #writer: FrameWriter;
  readonly #reader: Context;
  readonly #exports: readonly MessageCodec[];
  readonly #imports: readonly MessageCodec[];
  readonly #fuel: Fuel;
  readonly #instance: Instance;

  constructor(transport: Transport, { world, maxMessageBytes, instantiate }: Guest, fuel: Fuel) {
    const { exports, imports } = world;
    this.#transport = transport;
    this.#fuel = fuel;
    this.#writer = new FrameWriter(transport, maxMessageBytes);
    this.#reader = makeReader(maxMessageBytes);
    // What is written here was lifted and checked just before; the parent checks whatever it reads.
    const codecs = compileCodecs([...exports, ...imports], { maxMessageBytes, isChecked: false });
    this.#exports = codecs.slice(0, exports.length);
    this.#imports = codecs.slice(exports.length);
    this.#instance = instantiate(this.#host());
    this.#writer.begin();
    this.#send(TELL.DONE, 0);
  }

  /** Does one thing that the parent asks for. */
  next(): void {
    const kind = this.#receive();
    const { view } = this.#reader;
    const number = view.getUint32(4, true);
    try {
      if (kind === ASK.CALL) this.#call(number);
      else if (kind === ASK.MEASURE) this.#measure();
      else throw new CofferdamError('INTERNAL', `The parent asked for ${kind}, which nobody can do now.`);
    } catch (error) {
      tellFailure(this.#transport, this.#fuel, error);
    }
  }

  #call(index: number): void {
    const codec = this.#exports[index];
    if (codec === undefined)
      throw new CofferdamError('INTERNAL', `The parent called export ${index}, which is not there.`);
    const value = this.#instance.call(index, codec.readParams(this.#reader));
    codec.writeResult(this.#writer.begin(), value);
    this.#send(TELL.DONE, 0);
  }

  #measure(): void {
    const place = this.#writer.begin();
    const at = place.allocate(8, 8);
    place.view.setFloat64(at, this.#instance.memoryBytes(), true);
    this.#send(TELL.DONE, 0);
  }

  #host(): InstanceHost {
    return {
      // A thread of its own may simply wait.
      suspending: new Set(),
      ...(this.#fuel ? { fuel: this.#fuel } : {}),
      call: (index, args) => {
        const codec = this.#imports[index];
        if (codec === undefined) throw new CofferdamError('INTERNAL', `There is no import ${index}.`);
        codec.writeParams(this.#writer.begin(), args);
        this.#ask(TELL.IMPORT, index);
        return codec.readResult(this.#reader);
      },
      output: (stream, bytes) => {
        const place = this.#writer.begin();
        const at = place.allocate(1, bytes.length);
        place.bytes.set(bytes, at);
        this.#ask(TELL.OUTPUT, stream === 'stdout' ? 1 : 2);
      },
      nowNs: () => {
        this.#writer.begin();
        this.#ask(TELL.NOW, 0);
        return this.#reader.view.getBigUint64(MESSAGE_START, true);
      },
      random: (bytes) => {
        for (let done = 0; done < bytes.length; done += MAX_RANDOM_BYTES) {
          const count = Math.min(MAX_RANDOM_BYTES, bytes.length - done);
          this.#writer.begin();
          this.#ask(TELL.RANDOM, count);
          bytes.set(this.#reader.bytes.subarray(MESSAGE_START, MESSAGE_START + count), done);
        }
      },
    };
  }

  /** Sends what was written, and waits for the answer. */
  #ask(kind: number, number: number): void {
    this.#send(kind, number);
    const answer = this.#receive();
    if (answer === ASK.ANSWER) return;
    throw new CofferdamError('CALL_ABORTED', 'The parent refused what the guest asked for.');
  }

  #send(kind: number, number: number): void {
    const { view } = this.#writer.place;
    view.setUint32(0, kind, true);
    view.setUint32(4, number, true);
    if (this.#fuel) view.setBigInt64(8, this.#fuel.value as bigint, true);
    this.#transport.send(this.#writer.length);
  }

  #receive(): number {
    this.#transport.receive(Number.POSITIVE_INFINITY);
    showIn(this.#reader, this.#transport.frame);
    const { view } = this.#reader;
    if (this.#fuel) this.#fuel.value = view.getBigInt64(8, true);
    return view.getUint32(0, true);
  }
}

function tellFailure(transport: Transport, fuel: Fuel, error: unknown): void {
  const text = encodeFailure(error);
  const length = MESSAGE_START + text.length;
  const bytes = transport.reserve(length);
  bytes.set(text, MESSAGE_START);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, TELL.FAILED, true);
  if (fuel) view.setBigInt64(8, fuel.value as bigint, true);
  transport.send(length);
}
