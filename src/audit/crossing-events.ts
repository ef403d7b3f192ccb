import type { MessageId, Participant, Recorded, StoredLabel } from './events.ts';

/**
 * What the records of a `crossings` event with this port number mean: one importing instance, one import, one instance
 * that serves it. Recorded before the first of them in one run; a number may be declared anew, and then means the new from there on.
 */
export interface PortEvent extends Crossing {
  readonly kind: 'port';
  /** At most LIMITS.maxPortNumber; LIMITS.maxPorts of them while their instances run. */
  readonly port: number;
}

/** What all crossings of one port have in common. */
interface Crossing {
  readonly edge: string;
  readonly from: Participant;
  readonly to: Participant;
  readonly requestLabel: StoredLabel;
  readonly instanceLabel: StoredLabel;
  readonly replyLabel: StoredLabel;
  readonly export: string;
}

/**
 * Crossings that Wasm recorded by itself, as they stood in the ring: see crossings.ts. To be appended before any event of what
 * came after them. Readers see them as `calls`.
 */
export interface CrossingsEvent {
  readonly kind: 'crossings';
  /** Number of the first message. */
  readonly message: MessageId;
  /** Whole records, at least one, at most LIMITS.maxCrossingsBytes; copied by the journal. */
  readonly records: Uint8Array;
}

/** What readers see of one record of a `crossings` event; all of one event have its `seq`. */
export interface CallsEvent extends Crossing {
  readonly kind: 'calls';
  /**
   * The first of `count` messages, each a call and its reply, one after the other. Null for what belongs to calls of earlier
   * records and came after whatever is recorded in between: `count` replies, or, with a count of 0, more bytes.
   */
  readonly message: MessageId | null;
  readonly count: number;
  /** Sums over all of them, without what a later event of the same port adds. */
  readonly requestBytes: number;
  readonly replyBytes: number;
}

/** A `crossings` event with the meaning of its ports, as decoded. */
export interface StoredCrossings extends Recorded {
  readonly kind: 'crossings';
  readonly message: MessageId;
  readonly records: CrossingRecords;
}

export interface CrossingRecords {
  /** By number; every port of the records is in it. */
  readonly ports: ReadonlyMap<number, PortEvent>;
  readonly bytes: Uint8Array;
  /** How many messages they stand for. */
  readonly messages: number;
}
