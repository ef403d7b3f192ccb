import type { EventInput, EventInputOf } from '../../src/audit/events.ts';
import { PUBLIC } from './support.ts';

/** Marks replies to calls of earlier records. */
export const REPLY = 0x8000_0000;

/** Port, count, request bytes, reply bytes. */
export type RecordInput = readonly [port: number, count: number, requestBytes: number, replyBytes: number];

/** What stands in the ring. */
export function recordBytes(records: readonly RecordInput[]): Uint8Array {
  const bytes = new Uint8Array(16 * records.length);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of records.flat().entries()) view.setUint32(4 * at, value, true);
  return bytes;
}

export function crossings(message: number, ...records: RecordInput[]): EventInput {
  return { kind: 'crossings', message, records: recordBytes(records) };
}

export function port(
  number: number,
  from: string,
  to: string,
  more: Partial<EventInputOf<'port'>> = {},
): EventInputOf<'port'> {
  return {
    kind: 'port',
    port: number,
    edge: `${from} -> ${to}`,
    from,
    to,
    requestLabel: PUBLIC,
    instanceLabel: PUBLIC,
    replyLabel: PUBLIC,
    export: 'run',
    ...more,
  };
}

/** What readers see of one record. */
export function calls(
  { kind: _, port: __, ...meaning }: EventInputOf<'port'>,
  message: number | null,
  count: number,
  requestBytes: number,
  replyBytes: number,
): Record<string, unknown> {
  return { kind: 'calls', message, count, ...meaning, requestBytes, replyBytes };
}
