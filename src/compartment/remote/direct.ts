import type { Asks } from './asks.ts';
import type { Decided } from './crossing.ts';
import type { SharedChannel } from './shared-channel.ts';

/*
 * Calls from one thread to another without the main thread in between. The first call along a link goes through the main
 * thread, which decides it; its answer says at which epoch (LINKED), and a message beside it holds the link. From then on the
 * caller's thread enters the callee by itself (crossing.ts) and sends the call over a line that only the two threads share,
 * as long as the epoch stays. The main thread waits for the caller meanwhile, so whatever the callee asks for goes back
 * over the line to the caller, and from there to the main thread, with the callee's number on it.
 */

/** What a thread is told beside the frames. */
export type Mail = LinkMail | LineMail;

/** To a caller: import `import` may be called directly, at the epochs that are said. */
export interface LinkMail extends Decided {
  readonly kind: 'link';
  readonly import: number;
  /** Position in the callee's exports. */
  readonly export: number;
  /** One for all links between two instances. */
  readonly line: SharedChannel;
  readonly lineId: number;
  /** Larger requests go through the main thread, which says what is wrong with them. */
  readonly maxBytes: number;
  /** What the callee may answer: perhaps more than the caller takes. */
  readonly maxReplyBytes: number;
}

/** To a callee: from now on it is called over this line, too. */
export interface LineMail {
  readonly kind: 'line';
  readonly line: SharedChannel;
  /** Of its own instance: what it says over the line has it on it. */
  readonly number: number;
}

/** How a thread gets its mail. */
export interface Mailbox {
  readonly bell: SharedArrayBuffer;
  next(): Mail | null;
}

/** A thread, for whoever makes lines. */
export interface DirectPeer {
  readonly bell: SharedArrayBuffer;
  post(mail: Mail): void;
  /** Over which this thread calls the other; it ends with either of them. */
  lineTo(callee: DirectPeer): SharedChannel;
}

/** An instance in a thread, for those that call it directly. */
export interface DirectEnd {
  readonly peer: DirectPeer;
  readonly asks: () => Asks;
  /** Lets it read its mail. Throws COMPARTMENT_DIED. */
  readonly readMail: () => void;
}

/** A link as it was decided. */
export interface DirectBinding {
  readonly epoch: number;
  readonly callee: number;
  readonly port: number;
  readonly export: number;
  readonly maxBytes: number;
  readonly maxReplyBytes: number;
}

/** What the broker lets an instance in a thread do by itself. */
export interface DirectHost {
  readonly kernel: WebAssembly.Memory;
  /** Address of its state cell. */
  readonly cell: number;
  /** All instances in threads, by the number that `numberOf` gives their cell. */
  readonly ends: Map<number, DirectEnd>;
  /** Is a call inside, of whomever? */
  isInside(): boolean;
  /** Null where each call of this import has to come through the main thread. */
  bound(index: number): DirectBinding | null;
  /** A direct call is over, and could not be ended there. Throws what ended the chain. */
  returned(index: number, replyBytes: number): void;
  /** A direct call failed: its chain ends. Gives the error to throw. */
  failed(index: number, error: unknown): unknown;
  /** Returns when no thread is crossing at what was decided before. */
  fence(): void;
  /** `isWriting` is asked at each fence, until what this returns is called. */
  watch(isWriting: () => boolean): () => void;
}

/** In frames. */
export function numberOf(cell: number): number {
  return cell >> 2;
}
