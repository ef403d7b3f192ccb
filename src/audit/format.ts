import type { EventInput, EventInputOf, EventKind, StoredLabel } from './events.ts';

/** How a batch's payload is written. Later formats get later numbers; readers keep the old ones for good. */
export const FORMAT_EVENTS_1 = 1;

/**
 * How one field is written.
 * `name`: interned string. `text`: string that isn't interned and may be cut. `?`: or null. `names`: list of interned
 * strings. `pairs`: record of strings. A readonly array: one of these strings, written as its position.
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
  | readonly [string, ...string[]];

type TypeFor<V> = [V] extends [number]
  ? 'uint'
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
            : 'pairs';

type FieldsOf<K extends EventKind> = {
  readonly [F in Exclude<keyof EventInputOf<K>, 'kind'>]: TypeFor<EventInputOf<K>[F]>;
};

interface KindFormat<K extends EventKind> {
  /** First byte of the record. Never reused. */
  readonly code: number;
  /** Written in this order. */
  readonly fields: FieldsOf<K>;
}

const PRIVILEGE = { from: 'name', to: 'name', privilege: 'name', epoch: 'uint' } as const;
const RESOURCE = { message: 'uint?', resource: 'name', instance: 'name', label: 'label', bytes: 'uint' } as const;
const INSTANCE = { instance: 'name', compartment: 'name', label: 'label' } as const;

/** Format 1: every kind, its code, and its fields in the order in which they are written. */
const KINDS_1: { readonly [K in EventKind]: KindFormat<K> } = {
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
};

export interface RecordFormat {
  readonly kind: EventKind;
  readonly code: number;
  readonly names: readonly string[];
  readonly types: readonly FieldType[];
}

const RECORDS: readonly RecordFormat[] = (Object.keys(KINDS_1) as EventKind[]).map((kind) => ({
  kind,
  code: KINDS_1[kind].code,
  names: Object.keys(KINDS_1[kind].fields),
  types: Object.values<FieldType>(KINDS_1[kind].fields),
}));

/** Kinds in the order of their codes. */
export const EVENT_KINDS: readonly EventKind[] = RECORDS.map((record) => record.kind);

export const RECORD_BY_KIND: ReadonlyMap<string, RecordFormat> = new Map(RECORDS.map((r) => [r.kind, r]));
export const RECORD_BY_CODE: ReadonlyMap<number, RecordFormat> = new Map(RECORDS.map((r) => [r.code, r]));

/** The labels that an event carries, whatever its kind. */
export function labelsOf(event: EventInput): StoredLabel[] {
  const labels: StoredLabel[] = [];
  const record = RECORD_BY_KIND.get(event.kind);
  record?.types.forEach((type, at) => {
    if (type === 'label') labels.push(Reflect.get(event, record.names[at] ?? '') as StoredLabel);
  });
  return labels;
}
