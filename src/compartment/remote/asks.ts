import type { Context } from '../../abi/index.ts';
import type { MessageCodec } from '../../abi/message.ts';
import { CofferdamError } from '../../error.ts';
import type { InstanceHost } from '../contract.ts';
import { guestTrap } from '../guest-error.ts';
import type { Turnstile } from '../turnstile.ts';
import type { Conversation } from './conversation.ts';
import { died } from './died.ts';
import type { DirectLinks } from './direct-links.ts';
import { ASK, decodeFailure, MAX_RANDOM_BYTES, TELL } from './frame.ts';
import type { RemoteCode } from './remote-code.ts';

/** Writes an answer, when it is known. */
type Place = () => Context;

/**
 * What one instance elsewhere asks for while a call is inside it: each is answered by the instance's own `InstanceHost`, with
 * the broker's checks and records. Throws COMPARTMENT_DIED where what it says makes no sense.
 */
export class Asks {
  readonly #code: RemoteCode;
  readonly #host: InstanceHost;
  readonly #turnstile: Turnstile;
  readonly #links: DirectLinks | null;

  constructor(code: RemoteCode, host: InstanceHost, turnstile: Turnstile, links: DirectLinks | null) {
    this.#code = code;
    this.#host = host;
    this.#turnstile = turnstile;
    this.#links = links;
  }

  /** Nothing that it asks for may wait. */
  serve(from: Conversation): void {
    if (from.kind === TELL.IMPORT) this.#import(from);
    else this.#serve(from, false);
  }

  async serveAsync(from: Conversation): Promise<void> {
    if (from.kind === TELL.IMPORT) await this.#importAsync(from);
    else this.#serve(from, true);
  }

  #import(from: Conversation): void {
    const { codec, args } = this.#imported(from);
    const index = from.number;
    this.#answer(from, false, (place) => {
      if (this.#host.suspending.has(index)) throw this.#cannotWait(index);
      const value = this.#host.call(index, args);
      const epoch = this.#links?.offer(index) ?? null;
      codec.writeResult(place(), value);
      return epoch;
    });
  }

  async #importAsync(from: Conversation): Promise<void> {
    const { codec, args } = this.#imported(from);
    const index = from.number;
    let value: unknown;
    try {
      value = await this.#turnstile.out(() => this.#host.call(index, args));
    } catch (error) {
      this.#turnstile.fail(error);
    }
    this.#answer(from, true, (place) => {
      codec.writeResult(place(), value);
      return null;
    });
  }

  #imported(from: Conversation): { codec: MessageCodec; args: unknown[] } {
    const codec = this.#code.imports[from.number];
    if (codec === undefined) throw died('it called an import that is not there');
    try {
      return { codec, args: codec.readParams(from.reader) };
    } catch (error) {
      throw died('the arguments of an import are not of their types', error);
    }
  }

  #cannotWait(index: number): CofferdamError {
    const id = this.#code.world.imports[index]?.id;
    const message = `The guest called ${id}, which must wait, from a call that cannot wait - use callSuspending`;
    return new CofferdamError('SUSPENSION_SYNC', message);
  }

  /** What the small WASI asks for. */
  #serve(from: Conversation, isAside: boolean): void {
    const { kind, number } = from;
    if (kind === TELL.OUTPUT) {
      const bytes = from.message();
      this.#answer(from, isAside, (place) => {
        this.#host.output(number === 1 ? 'stdout' : 'stderr', bytes);
        place();
        return null;
      });
    } else if (kind === TELL.NOW) {
      this.#answer(from, isAside, (place) => {
        const now = this.#host.nowNs();
        const to = place();
        const at = to.allocate(8, 8);
        to.view.setBigUint64(at, now, true);
        return null;
      });
    } else if (kind === TELL.RANDOM) {
      if (number > MAX_RANDOM_BYTES) throw died(`it wants ${number} random bytes at once`);
      this.#answer(from, isAside, (place) => {
        const bytes = new Uint8Array(number);
        this.#host.random(bytes);
        const to = place();
        const at = to.allocate(1, number);
        to.bytes.set(bytes, at);
        return null;
      });
    } else if (!this.#directEnd(from, this.#links)) {
      throw died(`it said ${kind}, which means nothing here`);
    }
  }

  /** What it failed of, when another thread had called it: `message` is what it said then, empty where it is gone. */
  failure(message: Uint8Array, isOverrun: boolean): unknown {
    const { time } = this.#host;
    const trap = guestTrap('it was stopped');
    if (isOverrun) return time?.overdue(trap) ?? trap;
    if (this.#turnstile.failure !== null) return this.#turnstile.failure.error;
    return message.length === 0
      ? died('its thread ended')
      : (decodeFailure(message) ?? died('its failure makes no sense'));
  }

  /** A call that it made directly is over, and it cannot end it by itself. */
  #directEnd(from: Conversation, links: DirectLinks | null): boolean {
    const { kind, number } = from;
    if (links === null || (kind !== TELL.RETURNED && kind !== TELL.UNDONE && kind !== TELL.OVERRUN)) return false;
    const message = from.message();
    this.#answer(from, false, (place) => {
      if (kind !== TELL.RETURNED) throw links.failed(number, message, kind === TELL.OVERRUN);
      if (message.length !== 4) throw died('it does not say how long a result was');
      links.returned(number, new DataView(message.buffer).getUint32(0, true));
      place();
      return null;
    });
    return true;
  }

  /**
   * Sends what `body` writes into the frame that it begins; it may give the epoch at which the import is linked. Once anything
   * has failed the child gets nothing any more.
   */
  #answer(from: Conversation, isAside: boolean, body: (place: Place) => number | null): void {
    let kind: number = ASK.ANSWER;
    let number = 0;
    try {
      const epoch = this.#turnstile.out(() => body(() => from.writer.begin()));
      if (epoch !== null) [kind, number] = [ASK.LINKED, epoch];
    } catch {
      // `out` keeps the error, and the call will end with it.
      from.writer.begin();
      kind = ASK.REFUSE;
    }
    from.timeMs = this.#host.time?.leftMs(isAside) ?? Number.POSITIVE_INFINITY;
    from.say(kind, number, (this.#host.fuel?.value as bigint | undefined) ?? null);
  }
}
