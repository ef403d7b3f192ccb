import type { AuditEvent, EventInput, EventInputOf, EventKind, ReadableEvent, StoredLabel } from './events.ts';

/**
 * How a batch's payload is written. Later formats get later numbers; readers keep the old ones for good. Format 1 has the
 * kinds up to code 20; format 2 adds `port` and `crossings`, format 3 `operate`, format 4 `attest`.
 */
const LAST_CODES: ReadonlyMap<number, number> = new Map([
  [1, 20],
  [2, 22],
  [3, 23],
  [4, 24],
]);
/** What this version writes. */
export const FORMAT_EVENTS_4 = 4;

export function isKnownFormat(format: number): boolean {
  return LAST_CODES.has(format);
}

/**
 * How one field is written.
 * `name`: interned string. `text`: string that isn't interned and may be cut. `?`: or null. `names`: list of interned
 * strings. `pairs`: record of strings. `port`: a uint up to LIMITS.maxPortNumber. `records`: the ports used (how many, then the fields
 * of each as in a `port` event), then length and bytes, as they are. A readonly array: one of these strings, written as its position.
 */
export type FieldType =
  | 'uint'
  | 'uint?'
  | 'name'
  | 'name?'
  | 'text'
  | 'label'
  | 'names'
  | 'pairs'
  | 'port'
  | 'records'
  | readonly [string, ...string[]];

type TypeFor<V> = [V] extends [number]
  ? 'uint' | 'port'
  : [V] extends [number | null]
    ? 'uint?'
    : [V] extends [StoredLabel]
      ? 'label'
      : [V] extends [readonly string[]]
        ? 'names'
        : [V] extends [string]
          ? string extends V
            ? 'name' | 'text'
            : readonly [V, ...V[]]
          : [V] extends [string | null]
            ? 'name?'
            : [V] extends [Uint8Array]
              ? 'records'
              : 'pairs';

type FieldsOf<E> = { readonly [F in Exclude<keyof E, 'kind'>]: TypeFor<E[F]> };

type StoredKind = EventInput['kind'];

interface KindFormat<K extends StoredKind> {
  /** First byte of the record. Never reused. */
  readonly code: number;
  /** Written in this order. */
  readonly fields: FieldsOf<EventInputOf<K>>;
}

const PRIVILEGE = { from: 'name', to: 'name', privilege: 'name', epoch: 'uint' } as const;
const RESOURCE = { message: 'uint?', resource: 'name', instance: 'name', label: 'label', bytes: 'uint' } as const;
const INSTANCE = { instance: 'name', compartment: 'name', label: 'label' } as const;

const CROSSING = {
  edge: 'name',
  from: 'name',
  to: 'name',
  requestLabel: 'label',
  instanceLabel: 'label',
  replyLabel: 'label',
  export: 'name',
} as const;

/** Every kind, its code, and its fields in the order in which they are written. */
const KINDS: { readonly [K in StoredKind]: KindFormat<K> } = {
  host: { code: 1, fields: { phase: ['start', 'stop'], versions: 'pairs', manifestSha256: 'name?' } },
  load: { code: 2, fields: { compartment: 'name', sha256: 'name' } },
  unload: { code: 3, fields: { compartment: 'name', sha256: 'name' } },
  replace: { code: 4, fields: { compartment: 'name', sha256: 'name', previousSha256: 'name' } },
  start: { code: 5, fields: INSTANCE },
  stop: { code: 6, fields: INSTANCE },
  call: {
    code: 7,
    fields: {
      message: 'uint',
      parent: 'uint?',
      edge: 'name',
      from: 'name',
      to: 'name',
      requestLabel: 'label',
      instanceLabel: 'label',
      export: 'name',
      bytes: 'uint',
    },
  },
  reply: {
    code: 8,
    fields: { message: 'uint', from: 'name', to: 'name', label: 'label', bytes: 'uint', outcome: 'name' },
  },
  post: {
    code: 9,
    fields: {
      message: 'uint',
      parent: 'uint?',
      edge: 'name',
      from: 'name',
      to: 'name',
      requestLabel: 'label',
      export: 'name',
      bytes: 'uint',
    },
  },
  deliver: { code: 10, fields: { message: 'uint', to: 'name', label: 'label' } },
  denied: {
    code: 11,
    fields: {
      message: 'uint?',
      edge: 'name',
      from: 'name',
      to: 'name',
      requestLabel: 'label',
      targetLabel: 'label',
      rule: 'name',
      condition: 'name',
      tags: 'names',
    },
  },
  gate: {
    code: 12,
    fields: {
      gate: 'name',
      message: 'uint',
      direction: ['request', 'reply'],
      requestLabel: 'label',
      before: 'label',
      after: 'label',
      declassified: 'names',
      endorsed: 'names',
      bytes: 'uint',
      calls: 'uint',
    },
  },
  grant: { code: 13, fields: PRIVILEGE },
  revoke: { code: 14, fields: PRIVILEGE },
  delegate: { code: 15, fields: PRIVILEGE },
  trap: { code: 16, fields: { message: 'uint?', instance: 'name', code: 'name', detail: 'text' } },
  read: { code: 17, fields: RESOURCE },
  write: { code: 18, fields: RESOURCE },
  output: { code: 19, fields: { instance: 'name', stream: ['stdout', 'stderr'], bytes: 'uint' } },
  limit: { code: 20, fields: { subject: 'name', limit: 'name', amount: 'uint' } },
  port: { code: 21, fields: { port: 'port', ...CROSSING } },
  crossings: { code: 22, fields: { message: 'uint', records: 'records' } },
  operate: { code: 23, fields: { act: ['suspend', 'resume', 'stop', 'replace'], compartment: 'name', by: 'name' } },
  attest: {
    code: 24,
    fields: { act: ['launch', 'evidence', 'provision'], compartment: 'name', measurement: 'name', detail: 'text' },
  },
};

/** Never stored: how `crossings` are read. */
const CALLS: FieldsOf<Extract<ReadableEvent, { kind: 'calls' }>> = {
  message: 'uint?',
  count: 'uint',
  ...CROSSING,
  requestBytes: 'uint',
  replyBytes: 'uint',
};

export interface RecordFormat {
  readonly kind: StoredKind;
  readonly code: number;
  readonly names: readonly string[];
  readonly types: readonly FieldType[];
}

const RECORDS: readonly RecordFormat[] = (Object.keys(KINDS) as StoredKind[]).map((kind) => ({
  kind,
  code: KINDS[kind].code,
  names: Object.keys(KINDS[kind].fields),
  types: Object.values<FieldType>(KINDS[kind].fields),
}));

export const RECORD_BY_KIND: ReadonlyMap<string, RecordFormat> = new Map(RECORDS.map((r) => [r.kind, r]));
export const PORT_RECORD = RECORD_BY_KIND.get('port') as RecordFormat;
const RECORD_BY_CODE: ReadonlyMap<number, RecordFormat> = new Map(RECORDS.map((r) => [r.code, r]));

/** How events with this code are written in this format. */
export function recordOf(format: number, code: number): RecordFormat | undefined {
  return code > (LAST_CODES.get(format) ?? 0) ? undefined : RECORD_BY_CODE.get(code);
}

/** Kinds as readers see them, in the order of their codes. */
export const EVENT_KINDS: readonly EventKind[] = RECORDS.map(({ kind }) => (kind === 'crossings' ? 'calls' : kind));

function fieldsOf(kind: EventKind): Readonly<Record<string, FieldType>> {
  return kind === 'calls' ? CALLS : KINDS[kind].fields;
}

/** The names of all fields of all kinds as readers see them, `kind` not among them. */
export const FIELD_NAMES: readonly string[] = [...new Set(EVENT_KINDS.flatMap((kind) => Object.keys(fieldsOf(kind))))];

const LABEL_FIELDS: ReadonlyMap<string, readonly string[]> = new Map(
  EVENT_KINDS.map((kind) => [
    kind,
    Object.entries(fieldsOf(kind)).flatMap(([name, type]) => (type === 'label' ? [name] : [])),
  ]),
);

/** The labels that an event carries, whatever its kind. */
export function labelsOf(event: AuditEvent): StoredLabel[] {
  return (LABEL_FIELDS.get(event.kind) ?? []).map((name) => Reflect.get(event, name) as StoredLabel);
}
