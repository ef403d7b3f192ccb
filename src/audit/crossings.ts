import type { CallsEvent, StoredCrossings } from './crossing-events.ts';

/**
 * One record: port, count, request bytes and reply bytes, 32 bits each, little endian. It stands for `count` calls
 * through the port, one after the other, each with its reply. A count of 0 adds bytes to a call of an earlier record. With REPLY_BIT in
 * the port it stands for replies whose calls are in earlier records, since other crossings were recorded before they came; such a
 * record takes no message numbers.
 */
export const RECORD_BYTES = 16;
const REPLY_BIT = 0x8000_0000;
const PORT_BITS = 0x7fff_ffff;

/** How many messages the records stand for; null where one has a port that isn't known, or stands for no reply. */
export function countMessages(records: Uint8Array, isKnown: (port: number) => boolean): number | null {
  const view = viewOf(records);
  let messages = 0;
  let last = -1;
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    const port = view.getUint32(at, true);
    const count = view.getUint32(at + 4, true);
    // Mostly the port of the record before, or the same as before that.
    if (port !== last && !isKnown(port & PORT_BITS)) return null;
    last = port;
    if (port < REPLY_BIT) messages += count;
    else if (count === 0) return null;
  }
  return messages;
}

type RecordedCalls = CallsEvent & { readonly seq: number; readonly timeMs: number };

/** The records as events, first to last. Made one at a time: a block has thousands. */
export function* callsForward(crossings: StoredCrossings): Generator<RecordedCalls> {
  const { bytes } = crossings.records;
  const view = viewOf(bytes);
  let { message } = crossings;
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    const calls = callsAt(crossings, view, at, message);
    if (calls.message !== null) message += calls.count;
    yield calls;
  }
}

/** Last to first. */
export function* callsBackward(crossings: StoredCrossings): Generator<RecordedCalls> {
  const { bytes, messages } = crossings.records;
  const view = viewOf(bytes);
  let end = crossings.message + messages;
  for (let at = bytes.length - RECORD_BYTES; at >= 0; at -= RECORD_BYTES) {
    if (view.getUint32(at, true) < REPLY_BIT) end -= view.getUint32(at + 4, true);
    yield callsAt(crossings, view, at, end);
  }
}

function callsAt(
  { seq, timeMs, records }: StoredCrossings,
  view: DataView,
  at: number,
  message: number,
): RecordedCalls {
  const tagged = view.getUint32(at, true);
  const port = records.ports.get(tagged & PORT_BITS);
  if (port === undefined) throw new Error('a decoded record has a known port');
  const count = view.getUint32(at + 4, true);
  return {
    seq,
    timeMs,
    kind: 'calls',
    message: tagged < REPLY_BIT && count > 0 ? message : null,
    count,
    edge: port.edge,
    from: port.from,
    to: port.to,
    requestLabel: port.requestLabel,
    instanceLabel: port.instanceLabel,
    replyLabel: port.replyLabel,
    export: port.export,
    requestBytes: view.getUint32(at + 8, true),
    replyBytes: view.getUint32(at + 12, true),
  };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
