/**
 * One end of a conversation in which the two sides take turns: whoever has sent a frame waits for one. The side that hosts
 * (the parent) begins. A frame is bytes; what they mean is `frame.ts`.
 *
 * Frames start at offset 0 of their buffer, so that typed arrays can be laid over them. What `frame` shows must not change
 * under its reader: it is a private copy, unless the peer is the same program in another thread.
 */
export interface Transport {
  /**
   * Room for the next frame, at least `bytes` long; more may be asked for until it is sent, and what was given before stays
   * readable until then. The same object each time as long as it suffices, so that views of it can be kept.
   */
  reserve(bytes: number): Uint8Array;
  /** Sends the first `bytes` of what was reserved last, in pieces where the channel is smaller. Throws COMPARTMENT_DIED. */
  send(bytes: number): void;
  /**
   * Blocks until the peer's frame is there: it begins `frame`. Gives its length, or -1 when `timeoutMs` have passed first
   * (and then may be called again). Throws COMPARTMENT_DIED when the peer has gone, or sends more than `maxBytes`.
   */
  receive(timeoutMs: number): number;
  /** Holds the frame received last until the next `receive` or `reserve`; the same object as long as it suffices. */
  readonly frame: Uint8Array;
  /** Lets go of what the channel is made of. The peer is not told: ending it is the business of whoever started it. */
  close(): void;
}

/** The end of the side that hosts: it can also wait without blocking its thread. */
export interface ParentTransport extends Transport {
  /** The longest frame that is taken. */
  maxBytes: number;
  /** Has the peer ended? */
  isPeerGone(): boolean;
  /** As `receive`; the event loop goes on meanwhile, and the process stays alive. */
  receiveAsync(timeoutMs: number): Promise<number>;
}
