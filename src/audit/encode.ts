import { CofferdamError } from '../error.ts';
import type { EventInput, StoredLabel } from './events.ts';
import { type FieldType, PORT_RECORD, RECORD_BY_KIND, type RecordFormat } from './format.ts';
import { LIMITS } from './limits.ts';
import { PortTable } from './ports.ts';

/** Room for the numbers of one record; strings and lists ask for their own. */
const RECORD_SLACK_BYTES = 512;

/**
 * Writes the payload of one batch, format 4. A record is: kind code, time (zigzag difference to the record before it, in
 * ms), then its fields in the order of format.ts. Numbers are LEB128. A string is written where it first occurs, as 0,
 * length, UTF-8; later as its number from 1; a label likewise. All tables end with the batch, and crossings bring the meaning of
 * their ports with them, so that each batch can be read alone.
 */
export class BatchEncoder {
  #bytes: Buffer;
  #at = 0;
  #count = 0;
  #lastMs = 0;
  #firstMs = 0;
  readonly #names = new Map<string, number>();
  readonly #labels = new Map<StoredLabel, number>();
  readonly #labelKeys = new Map<string, number>();
  /** Outlives the batch. */
  readonly #ports = new PortTable();

  constructor(initialBytes: number) {
    this.#bytes = Buffer.allocUnsafe(initialBytes + RECORD_SLACK_BYTES);
  }

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#at;
  }

  /** Time of the first event of the batch. */
  get firstMs(): number {
    return this.#firstMs;
  }

  /** The payload so far; valid until the next `add` or `reset`. */
  payload(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Throws AUDIT_EVENT for an event that can't be written; the batch is then as it was before. */
  add(event: EventInput, timeMs: number): void {
    const record = RECORD_BY_KIND.get(event.kind);
    if (record === undefined) throw badEvent(event.kind, 'kind', 'is unknown');
    const at = this.#at;
    const names = this.#names.size;
    const labels = this.#labelKeys.size;
    try {
      this.#reserve(0);
      this.#bytes[this.#at++] = record.code;
      const delta = timeMs - this.#lastMs;
      this.#uint(delta < 0 ? -2 * delta - 1 : 2 * delta);
      this.#fields(record, event as unknown as Readonly<Record<string, unknown>>);
    } catch (error) {
      this.#at = at;
      forgetAfter(this.#names, names);
      forgetAfter(this.#labelKeys, labels);
      forgetAfter(this.#labels, labels);
      throw error instanceof FieldError ? badEvent(record.kind, error.message, 'cannot be recorded') : error;
    }
    if (this.#count === 0) this.#firstMs = timeMs;
    this.#lastMs = timeMs;
    this.#count++;
    if (event.kind === 'port') this.#ports.declare(event);
    else if (event.kind === 'stop') this.#ports.stop(event.instance);
    else if (event.kind === 'host') this.#ports.clear();
  }

  reset(): void {
    this.#at = 0;
    this.#count = 0;
    this.#lastMs = 0;
    this.#names.clear();
    this.#labels.clear();
    this.#labelKeys.clear();
  }

  #fields(record: RecordFormat, event: Readonly<Record<string, unknown>>): void {
    const { names, types } = record;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      try {
        this.#field(types[i] as FieldType, event[name], event);
      } catch (error) {
        throw error instanceof FieldError ? new FieldError(name) : error;
      }
    }
  }

  #field(type: FieldType, value: unknown, event: Readonly<Record<string, unknown>>): void {
    switch (type) {
      case 'uint':
        this.#uint(value);
        break;
      case 'uint?':
        this.#uint(value === null ? 0 : (value as number) + 1);
        break;
      case 'name':
        this.#name(value);
        break;
      case 'name?':
        this.#uint(value === null ? 0 : 1);
        if (value !== null) this.#name(value);
        break;
      case 'label':
        this.#label(value as StoredLabel);
        break;
      case 'names':
        this.#list(value);
        break;
      case 'text':
        this.#text(value);
        break;
      case 'pairs':
        if (typeof value !== 'object' || value === null) throw new FieldError();
        this.#list(Object.entries(value).flat());
        break;
      case 'port':
        if ((value as number) > LIMITS.maxPortNumber) throw new FieldError();
        this.#ports.assertRoom();
        this.#uint(value);
        break;
      case 'records':
        this.#records(value, event.message as number);
        break;
      default: {
        const position = type.indexOf(value as string);
        if (position < 0) throw new FieldError();
        this.#uint(position);
      }
    }
  }

  #uint(value: unknown): void {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new FieldError();
    const bytes = this.#bytes;
    let rest = value as number;
    let at = this.#at;
    while (rest >= 0x8000_0000) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#at = at;
  }

  #name(value: unknown): void {
    const known = this.#names.get(value as string);
    this.#uint(known ?? 0);
    if (known !== undefined) return;
    if (typeof value !== 'string' || value.length > LIMITS.maxNameChars) throw new FieldError();
    this.#names.set(value, this.#names.size + 1);
    this.#string(value);
  }

  #text(value: unknown): void {
    if (typeof value !== 'string') throw new FieldError();
    this.#string(value.length > LIMITS.maxTextChars ? `${value.slice(0, LIMITS.maxTextChars - 1)}…` : value);
  }

  #string(value: string): void {
    const length = Buffer.byteLength(value);
    this.#reserve(length);
    this.#uint(length);
    this.#at += this.#bytes.write(value, this.#at, length, 'utf8');
  }

  #list(value: unknown): void {
    if (!Array.isArray(value) || value.length > LIMITS.maxListEntries) throw new FieldError();
    this.#uint(value.length);
    for (const entry of value) {
      this.#reserve(0);
      this.#name(entry);
    }
  }

  #label(label: StoredLabel): void {
    const same = this.#labels.get(label);
    if (same !== undefined) this.#uint(same);
    else this.#newLabel(label);
  }

  #newLabel(label: StoredLabel): void {
    if (typeof label !== 'object' || label === null) throw new FieldError();
    const key = JSON.stringify([label.secrecy, label.integrity]);
    const equal = this.#labelKeys.get(key);
    this.#uint(equal ?? 0);
    if (equal !== undefined) return;
    this.#list(label.secrecy);
    this.#list(label.integrity);
    // Both tables are filled together, so that a refused event can be taken out of both by their sizes.
    this.#labelKeys.set(key, this.#labelKeys.size + 1);
    this.#labels.set(label, this.#labelKeys.size);
  }

  #records(value: unknown, message: number): void {
    const used = value instanceof Uint8Array ? this.#ports.usedBy(value) : null;
    if (used === null || !Number.isSafeInteger(message + used.messages)) throw new FieldError();
    const { ports, bytes } = used;
    this.#uint(ports.length);
    for (const port of ports) {
      this.#reserve(0);
      this.#fields(PORT_RECORD, port as unknown as Readonly<Record<string, unknown>>);
    }
    this.#reserve(bytes.length);
    this.#uint(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Makes room for `length` bytes and the numbers of a record after them. */
  #reserve(length: number): void {
    const needed = this.#at + length + RECORD_SLACK_BYTES;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** The field that can't be written; carries its name upward. */
class FieldError extends Error {}

function badEvent(kind: string, field: string, what: string): CofferdamError {
  return new CofferdamError(
    'AUDIT_EVENT',
    `Field "${field}" of the audit event "${kind}" ${what} - use the types and limits of docs/audit.md.`,
    { details: { kind, field } },
  );
}

/** Map keeps insertion order: what a refused event added is at the end. */
function forgetAfter<K>(map: Map<K, number>, size: number): void {
  if (map.size === size) return;
  for (const [key, number] of map) if (number > size) map.delete(key);
}
