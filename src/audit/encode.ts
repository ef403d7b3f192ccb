import { CofferdamError } from '../error.ts';
import type { EventInput, EventInputOf, StoredLabel } from './events.ts';
import { type FieldType, PORT_RECORD, RECORD_BY_KIND, type RecordFormat } from './format.ts';
import { LIMITS } from './limits.ts';
import { FieldError, PayloadWriter } from './payload-writer.ts';
import { PortTable } from './ports.ts';

/** Fields of a record, and kinds: see format.ts. */
const MAX_FIELDS = 16;
const MAX_CODES = 32;
const CALL = codeOf('call') * MAX_FIELDS;
const REPLY = codeOf('reply') * MAX_FIELDS;
type CallInput = EventInputOf<'call'>;
type ReplyInput = EventInputOf<'reply'>;
/** Equal to no value of a field. */
const NOTHING = {};

/**
 * Writes the payload of one batch, format 4. A record is: kind code, time (zigzag difference to the record before it, in
 * ms), then its fields in the order of format.ts. Numbers are LEB128. A string is written where it first occurs, as 0,
 * length, UTF-8; later as its number from 1; a label likewise. All tables end with the batch, and crossings bring the meaning of
 * their ports with them, so that each batch can be read alone.
 */
export class BatchEncoder {
  readonly #out: PayloadWriter;
  #count = 0;
  #lastMs = 0;
  #firstMs = 0;
  readonly #names = new Map<string, number>();
  readonly #labels = new Map<StoredLabel, number>();
  readonly #labelKeys = new Map<string, number>();
  /** By kind and position of a field: the name or label that was written there last in this batch, and its number. */
  readonly #last: unknown[] = new Array(MAX_FIELDS * MAX_CODES).fill(NOTHING);
  readonly #lastNumbers = new Int32Array(MAX_FIELDS * MAX_CODES);
  /** Outlives the batch. */
  readonly #ports = new PortTable();

  constructor(initialBytes: number) {
    this.#out = new PayloadWriter(initialBytes);
  }

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#out.at;
  }

  /** Time of the first event of the batch. */
  get firstMs(): number {
    return this.#firstMs;
  }

  /** The payload so far; valid until the next `add` or `reset`. */
  payload(): Uint8Array {
    return this.#out.written();
  }

  /** Throws AUDIT_EVENT for an event that can't be written; the batch is then as it was before. */
  add(event: EventInput, timeMs: number): void {
    if (
      event.kind === 'call' ? this.#callAgain(event, timeMs) : event.kind === 'reply' && this.#replyAgain(event, timeMs)
    ) {
      return;
    }
    const record = RECORD_BY_KIND.get(event.kind);
    if (record === undefined) throw badEvent(event.kind, 'kind', 'is unknown');
    const at = this.#out.at;
    const names = this.#names.size;
    const labels = this.#labelKeys.size;
    try {
      this.#begin(record.code, timeMs);
      // Read by the names in the record's table, which interfaces without an index do not let through.
      this.#fields(record, event as unknown as Readonly<Record<string, unknown>>);
    } catch (error) {
      this.#out.at = at;
      forgetAfter(this.#names, names);
      forgetAfter(this.#labelKeys, labels);
      forgetAfter(this.#labels, labels);
      this.#forgetLast();
      throw error instanceof FieldError ? badEvent(record.kind, error.message, 'cannot be recorded') : error;
    }
    this.#end(timeMs);
    if (event.kind === 'port') this.#ports.declare(event);
    else if (event.kind === 'stop') this.#ports.stop(event.instance);
    else if (event.kind === 'host') this.#ports.clear();
  }

  #begin(code: number, timeMs: number): void {
    this.#out.reserve(0);
    this.#out.code(code);
    const delta = timeMs - this.#lastMs;
    this.#out.uint(delta < 0 ? -2 * delta - 1 : 2 * delta);
  }

  #end(timeMs: number): void {
    if (this.#count === 0) this.#firstMs = timeMs;
    this.#lastMs = timeMs;
    this.#count++;
  }

  reset(): void {
    this.#out.at = 0;
    this.#count = 0;
    this.#lastMs = 0;
    this.#names.clear();
    this.#labels.clear();
    this.#labelKeys.clear();
    this.#forgetLast();
  }

  #forgetLast(): void {
    this.#last.fill(NOTHING);
  }

  #fields({ code, names, types }: RecordFormat, event: Readonly<Record<string, unknown>>): void {
    const memo = code * MAX_FIELDS;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const value = event[name];
      // Most fields hold what they held in the last record of their kind.
      if (value === this.#last[memo + i]) {
        this.#out.uint(this.#lastNumbers[memo + i]);
        continue;
      }
      try {
        this.#field(types[i] as FieldType, value, event, memo + i);
      } catch (error) {
        throw error instanceof FieldError ? new FieldError(name) : error;
      }
    }
  }

  /** A call that differs from the last one in its numbers alone, as most do. False, and nothing is written, if it is another. */
  #callAgain(event: CallInput, timeMs: number): boolean {
    const { message, parent, bytes } = event;
    const last = this.#last;
    const at = CALL;
    if (event.edge !== last[at + 2] || event.from !== last[at + 3] || event.to !== last[at + 4]) return false;
    if (event.requestLabel !== last[at + 5] || event.instanceLabel !== last[at + 6]) return false;
    if (event.export !== last[at + 7]) return false;
    if (!isUint(message) || !isUint(bytes) || (parent !== null && !isUint(parent))) return false;
    const out = this.#out;
    this.#begin(CALL / MAX_FIELDS, timeMs);
    out.uint(message);
    out.uint(parent === null ? 0 : parent + 1);
    out.known(this.#lastNumbers, at + 2, at + 8);
    out.uint(bytes);
    this.#end(timeMs);
    return true;
  }

  #replyAgain(event: ReplyInput, timeMs: number): boolean {
    const { message, bytes } = event;
    const last = this.#last;
    const at = REPLY;
    if (event.from !== last[at + 1] || event.to !== last[at + 2] || event.label !== last[at + 3]) return false;
    if (event.outcome !== last[at + 5] || !isUint(message) || !isUint(bytes)) return false;
    const out = this.#out;
    this.#begin(REPLY / MAX_FIELDS, timeMs);
    out.uint(message);
    out.known(this.#lastNumbers, at + 1, at + 4);
    out.uint(bytes);
    out.uint(this.#lastNumbers[at + 5]);
    this.#end(timeMs);
    return true;
  }

  #remember(memo: number, value: unknown, number: number): void {
    this.#last[memo] = value;
    this.#lastNumbers[memo] = number;
  }

  #field(type: FieldType, value: unknown, event: Readonly<Record<string, unknown>>, memo: number): void {
    switch (type) {
      case 'uint':
        this.#out.uint(value);
        break;
      case 'uint?':
        this.#out.uint(value === null ? 0 : value === -1 ? Number.NaN : (value as number) + 1);
        break;
      case 'name':
        this.#name(value);
        this.#remember(memo, value, this.#names.get(value as string) as number);
        break;
      case 'name?':
        this.#out.uint(value === null ? 0 : 1);
        if (value !== null) this.#name(value);
        break;
      case 'label':
        this.#label(value as StoredLabel, memo);
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
        this.#out.uint(value);
        break;
      case 'records':
        this.#records(value, event.message as number);
        break;
      default: {
        const position = type.indexOf(value as string);
        if (position < 0) throw new FieldError();
        this.#out.uint(position);
      }
    }
  }

  #name(value: unknown): void {
    const known = this.#names.get(value as string);
    this.#out.uint(known ?? 0);
    if (known !== undefined) return;
    if (typeof value !== 'string' || value.length > LIMITS.maxNameChars) throw new FieldError();
    this.#names.set(value, this.#names.size + 1);
    this.#out.string(value);
  }

  #text(value: unknown): void {
    if (typeof value !== 'string') throw new FieldError();
    this.#out.string(value.length > LIMITS.maxTextChars ? `${value.slice(0, LIMITS.maxTextChars - 1)}…` : value);
  }

  #list(value: unknown): void {
    if (!Array.isArray(value) || value.length > LIMITS.maxListEntries) throw new FieldError();
    this.#out.uint(value.length);
    for (const entry of value) {
      this.#out.reserve(0);
      this.#name(entry);
    }
  }

  #label(label: StoredLabel, memo: number): void {
    const same = this.#labels.get(label);
    if (same === undefined) this.#newLabel(label);
    else {
      this.#out.uint(same);
      this.#remember(memo, label, same);
    }
  }

  #newLabel(label: StoredLabel): void {
    if (typeof label !== 'object' || label === null) throw new FieldError();
    const key = keyOf(label);
    const equal = this.#labelKeys.get(key);
    this.#out.uint(equal ?? 0);
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
    this.#out.uint(ports.length);
    for (const port of ports) {
      this.#out.reserve(0);
      // As above.
      this.#fields(PORT_RECORD, port as unknown as Readonly<Record<string, unknown>>);
    }
    this.#out.uint(bytes.length);
    this.#out.raw(bytes);
  }
}

/** Labels are few and do not change, and each comes again in every batch. */
const keys = new WeakMap<StoredLabel, string>();

function keyOf(label: StoredLabel): string {
  let key = keys.get(label);
  if (key === undefined) {
    key = JSON.stringify([label.secrecy, label.integrity]);
    keys.set(label, key);
  }
  return key;
}

function codeOf(kind: EventInput['kind']): number {
  return RECORD_BY_KIND.get(kind)?.code ?? 0;
}

const isUint = (value: number): boolean =>
  typeof value === 'number' &&
  (value >>> 0 === value || (Number.isSafeInteger(value) && value >= 0 && value < Number.MAX_SAFE_INTEGER));

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
