import { type Sizer, sizerOf } from '../../abi/index.ts';
import type { MessageCodec } from '../../abi/message.ts';
import { CofferdamError } from '../../error.ts';
import type { WorldFunction } from '../../wasm/types.ts';
import { Conversation } from './conversation.ts';
import { Crossing } from './crossing.ts';
import type { LinkMail } from './direct.ts';
import { ASK, encodeFailure, frameBytesFor, TELL } from './frame.ts';
import { SharedTransport } from './shared-channel.ts';

interface Link {
  readonly crossing: Crossing;
  readonly talk: Conversation<SharedTransport>;
  readonly codec: MessageCodec;
  readonly sizer: Sizer;
  readonly export: number;
  readonly maxBytes: number;
}

/** The caller's way to its own parent, or to whoever calls it directly. */
export interface Upstream {
  /** What is left of the time of the call that is inside, in milliseconds. */
  leftMs(): number;
  /** Tells, and waits for the answer. Throws when it is refused. */
  ask(kind: number, number: number, message: Uint8Array): void;
  /** Passes on what the callee asks for, and the answer to it. */
  relay(callee: Conversation): void;
}

export interface DirectCallsOptions {
  readonly imports: readonly WorldFunction[];
  /** Parallel to `imports`. */
  readonly codecs: readonly MessageCodec[];
  readonly maxMessageBytes: number;
  readonly bell: SharedArrayBuffer;
  readonly upstream: Upstream;
}

/** What is returned for a call that has to go through the parent. */
export const THROUGH_PARENT = Symbol('through parent');

const NOTHING = new Uint8Array(0);

/** The caller's side of direct calls: see direct.ts. */
export class DirectCalls {
  readonly #options: DirectCallsOptions;
  readonly #links: (Link | undefined)[] = [];
  readonly #lines = new Map<number, Conversation<SharedTransport>>();

  constructor(options: DirectCallsOptions) {
    this.#options = options;
  }

  take(mail: LinkMail): void {
    const { imports, codecs, bell } = this.#options;
    const [imported, codec] = [imports[mail.import], codecs[mail.import]];
    if (imported === undefined || codec === undefined) return;
    const { export: served, maxBytes } = mail;
    const sizer = sizerOf(imported.type);
    const link = { crossing: new Crossing(mail, bell), talk: this.#line(mail), codec, sizer, export: served, maxBytes };
    this.#links[mail.import] = link;
    this.#closeUnused();
  }

  /** The link of this import holds at this epoch. */
  decide(index: number, epoch: number): void {
    const link = this.#links[index];
    if (link) link.crossing.epoch = epoch;
  }

  /** For another instance. */
  clear(): void {
    this.#links.length = 0;
    this.#closeUnused();
  }

  call(index: number, args: readonly unknown[]): unknown {
    const link = this.#links[index];
    if (link === undefined) return THROUGH_PARENT;
    const { crossing, talk, codec, sizer } = link;
    const requestBytes = sizer.params(args);
    if (requestBytes > link.maxBytes) return THROUGH_PARENT;
    codec.writeParams(talk.writer.begin(), args);
    if (!crossing.enter(requestBytes)) return THROUGH_PARENT;
    const { upstream } = this.#options;
    talk.timeMs = upstream.leftMs();
    talk.say(ASK.CALL, link.export);
    const end = this.#converse(talk);
    if (end === TELL.STOPPED) throw this.#undone(TELL.OVERRUN, index, NOTHING);
    if (end !== TELL.DONE) throw this.#undone(TELL.UNDONE, index, end === TELL.FAILED ? talk.message() : NOTHING);
    let value: unknown;
    let replyBytes = 0;
    try {
      value = codec.readResult(talk.reader);
      replyBytes = sizer.result(value);
    } catch (error) {
      throw this.#undone(TELL.UNDONE, index, encodeFailure(error));
    }
    if (!crossing.leave(replyBytes)) upstream.ask(TELL.RETURNED, index, wordOf(replyBytes));
    return value;
  }

  /** Until the call is over: what it ended with, or 0 when the callee's thread is gone. */
  #converse(talk: Conversation<SharedTransport>): number {
    for (;;) {
      try {
        talk.hear(talk.transport.receive(Number.POSITIVE_INFINITY));
      } catch {
        return 0;
      }
      const { kind } = talk;
      if (kind === TELL.DONE || kind === TELL.FAILED || kind === TELL.STOPPED) return kind;
      this.#options.upstream.relay(talk);
    }
  }

  /** The parent ends the chain, and refuses this as anything that comes after it. */
  #undone(kind: number, index: number, message: Uint8Array): CofferdamError {
    this.#options.upstream.ask(kind, index, message);
    return new CofferdamError('INTERNAL', 'A call that failed was taken for one that had not.');
  }

  #line({ lineId, line, maxReplyBytes }: LinkMail): Conversation<SharedTransport> {
    const known = this.#lines.get(lineId);
    if (known) return known;
    const { maxMessageBytes } = this.#options;
    const maxBytes = frameBytesFor(Math.max(maxReplyBytes, maxMessageBytes));
    const transport = new SharedTransport(line, { side: 'parent', maxBytes });
    const talk = new Conversation(transport, maxMessageBytes);
    this.#lines.set(lineId, talk);
    return talk;
  }

  /** The other side listens to an open line. */
  #closeUnused(): void {
    for (const [id, talk] of this.#lines) {
      if (this.#links.some((link) => link?.talk === talk)) continue;
      talk.transport.close();
      this.#lines.delete(id);
    }
  }
}

function wordOf(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
