import { Conversation } from './conversation.ts';
import { type SharedChannel, SharedTransport, waitForAny } from './shared-channel.ts';

type Line = Conversation<SharedTransport>;

/** Whoever may call the guest of this thread: its parent, and other threads that do so directly. */
export class Callers {
  readonly #parent: Conversation;
  readonly #own: SharedTransport;
  readonly #bell: Int32Array;
  readonly #limits: { readonly maxBytes: number; readonly maxMessageBytes: number };
  #lines: Line[] = [];
  #transports: readonly SharedTransport[];

  /** `own` is the parent's transport. */
  constructor(
    parent: Conversation,
    own: SharedTransport,
    bell: SharedArrayBuffer,
    limits: { readonly maxBytes: number; readonly maxMessageBytes: number },
  ) {
    this.#parent = parent;
    this.#own = own;
    this.#bell = new Int32Array(bell);
    this.#limits = limits;
    this.#transports = [own];
  }

  add(channel: SharedChannel): void {
    const { maxBytes, maxMessageBytes } = this.#limits;
    const transport = new SharedTransport(channel, { side: 'child', maxBytes });
    this.#set([...this.#lines, new Conversation(transport, maxMessageBytes)]);
  }

  /** Nobody but the parent. */
  clear(): void {
    this.#set([]);
  }

  /** Blocks until one of them has sent something. Throws COMPARTMENT_DIED when the parent is gone. */
  next(): Conversation {
    while (this.#lines.length > 0) {
      const ready = waitForAny(this.#transports, this.#bell);
      const line = this.#lines.find(({ transport }) => transport === ready);
      if (line === undefined) break;
      if (!line.transport.isPeerGone()) return line;
      this.#set(this.#lines.filter((other) => other !== line));
    }
    return this.#parent;
  }

  #set(lines: Line[]): void {
    this.#lines = lines;
    this.#transports = [this.#own, ...lines.map(({ transport }) => transport)];
  }
}
