import { CofferdamError } from '../error.ts';
import type { CrossingRecords, PortEvent } from './crossing-events.ts';
import { countMessages, RECORD_BYTES } from './crossings.ts';
import type { StoredEvent, StoredLabel } from './events.ts';
import { type FieldType, isKnownFormat, PORT_RECORD, type RecordFormat, recordOf } from './format.ts';
import type { Batch } from './hash.ts';
import { LIMITS } from './limits.ts';

/**
 * The events of a batch, in order. The payload may be hostile: whatever it claims, no more is allocated than its bytes
 * pay for. Throws AUDIT_FORMAT.
 */
export function* decodeBatch({ format, firstSeq, count, payload }: Batch): Generator<StoredEvent> {
  if (!isKnownFormat(format)) {
    throw malformed(firstSeq, `has payload format ${format}, which this version cannot read`);
  }
  const decoder = new BatchDecoder(format, payload, firstSeq);
  for (let i = 0; i < count; i++) yield decoder.next();
  decoder.assertEnd();
}

class BatchDecoder {
  readonly #format: number;
  readonly #bytes: Buffer;
  #at = 0;
  #seq: number;
  #timeMs = 0;
  readonly #names: string[] = [];
  readonly #labels: StoredLabel[] = [];

  constructor(format: number, payload: Uint8Array, firstSeq: number) {
    this.#format = format;
    this.#bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.#seq = firstSeq;
  }

  next(): StoredEvent {
    const code = this.#byte();
    const record = recordOf(this.#format, code);
    if (record === undefined) throw this.#malformed(`has an event of unknown kind ${code}`);
    const zigzag = this.#uint();
    this.#timeMs += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    const event: Record<string, unknown> = { seq: this.#seq, timeMs: this.#timeMs, kind: record.kind };
    this.#fields(record, event);
    // `#fields` has put in each field that the record's table names; the types of events come from the same table.
    const stored = event as unknown as StoredEvent;
    if (stored.kind === 'crossings' && !Number.isSafeInteger(stored.message + stored.records.messages)) {
      throw this.#malformed('has crossings with message numbers that are too large');
    }
    this.#seq++;
    return stored;
  }

  #fields({ names, types }: RecordFormat, event: Record<string, unknown>): void {
    for (let i = 0; i < names.length; i++) event[names[i] as string] = this.#field(types[i] as FieldType);
  }

  assertEnd(): void {
    if (this.#at !== this.#bytes.length) throw this.#malformed('has bytes after its last event');
  }

  #field(type: FieldType): unknown {
    switch (type) {
      case 'uint':
        return this.#uint();
      case 'uint?': {
        const value = this.#uint();
        return value === 0 ? null : value - 1;
      }
      case 'name':
        return this.#name();
      case 'name?':
        return this.#uint() === 0 ? null : this.#name();
      case 'label':
        return this.#label();
      case 'names':
        return this.#list();
      case 'text':
        return this.#string(LIMITS.maxTextChars);
      case 'pairs':
        return this.#pairs();
      case 'port':
        return this.#port();
      case 'records':
        return this.#records();
      default: {
        const choice = type[this.#uint()];
        if (choice === undefined) throw this.#malformed('has a field with an unknown choice');
        return choice;
      }
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw this.#malformed('ends in the middle of an event');
    return byte;
  }

  #uint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 49) throw this.#malformed('has a number that is too large');
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  #name(): string {
    const number = this.#uint();
    if (number > 0) return this.#known(this.#names, number);
    const name = this.#string(LIMITS.maxNameChars);
    this.#names.push(name);
    return name;
  }

  #string(maxChars: number): string {
    const length = this.#uint();
    const end = this.#at + length;
    if (length > 3 * maxChars || end > this.#bytes.length) throw this.#malformed('has a string that is too long');
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    return text;
  }

  #list(): string[] {
    const length = this.#uint();
    if (length > LIMITS.maxListEntries) throw this.#malformed('has a list that is too long');
    return Array.from({ length }, () => this.#name());
  }

  #pairs(): Record<string, string> {
    const flat = this.#list();
    if (flat.length % 2 !== 0) throw this.#malformed('has a key without a value');
    const entries = flat.flatMap((key, at) => (at % 2 === 0 ? [[key, flat[at + 1] as string] as const] : []));
    return Object.fromEntries(entries);
  }

  #port(): number {
    const port = this.#uint();
    if (port > LIMITS.maxPortNumber) throw this.#malformed('has a port number that is too large');
    return port;
  }

  /** The bytes aren't copied: they stay a part of the payload. */
  #records(): CrossingRecords {
    const ports = new Map<number, PortEvent>();
    for (let left = this.#uint(); left > 0; left--) {
      const fields: Record<string, unknown> = { kind: 'port' };
      this.#fields(PORT_RECORD, fields);
      // As above: the table of a port names all its fields.
      const port = fields as unknown as PortEvent;
      if (ports.has(port.port)) throw this.#malformed('has crossings with one port declared twice');
      ports.set(port.port, port);
    }
    const length = this.#uint();
    const end = this.#at + length;
    if (length === 0 || length % RECORD_BYTES !== 0 || length > LIMITS.maxCrossingsBytes || end > this.#bytes.length) {
      throw this.#malformed('has crossings of a length that cannot be');
    }
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    const messages = countMessages(bytes, (port) => ports.has(port));
    if (messages === null) throw this.#malformed('has crossings that say nothing, or of an unknown port');
    return { ports, bytes, messages };
  }

  #label(): StoredLabel {
    const number = this.#uint();
    if (number > 0) return this.#known(this.#labels, number);
    const label = { secrecy: this.#list(), integrity: this.#list() };
    this.#labels.push(label);
    return label;
  }

  #known<T>(table: readonly T[], number: number): T {
    const entry = table[number - 1];
    if (entry === undefined) throw this.#malformed('refers to a name that it does not have');
    return entry;
  }

  #malformed(what: string): CofferdamError {
    return malformed(this.#seq, what);
  }
}

function malformed(seq: number, what: string): CofferdamError {
  return new CofferdamError('AUDIT_FORMAT', `The journal's batch at event ${seq} ${what} - verify the journal.`, {
    details: { seq },
  });
}
