import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { onTestFinished } from 'vitest';
import type { AuditEvent, EventInput, StoredLabel } from '../../src/audit/events.ts';
import { type FieldType, RECORD_BY_KIND } from '../../src/audit/format.ts';
import { type Journal, openJournal } from '../../src/audit/journal.ts';
import { LIMITS } from '../../src/audit/limits.ts';
import { JournalReader, type JournalSource } from '../../src/audit/reader.ts';

export const PUBLIC: StoredLabel = { secrecy: [], integrity: [] };
export const ACME: StoredLabel = { secrecy: ['customer:acme'], integrity: [] };
export const GLOBEX: StoredLabel = { secrecy: ['customer:globex'], integrity: [] };
export const VETTED: StoredLabel = { secrecy: [], integrity: ['vetted'] };

/** Path of a journal in a folder that goes with the test. */
export function temporaryJournal(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'audit.db');
}

/** A clock that a test moves. */
export function testClock(startMs = 1_000): { (): number; nowMs: number } {
  const clock = (): number => clock.nowMs;
  clock.nowMs = startMs;
  return clock;
}

export function call(message: number, more: Partial<Extract<EventInput, { kind: 'call' }>> = {}): EventInput {
  return {
    kind: 'call',
    message,
    parent: null,
    edge: 'host -> summarise',
    from: 'host',
    to: 'summarise#1',
    requestLabel: ACME,
    instanceLabel: ACME,
    export: 'summarise',
    bytes: 100,
    ...more,
  };
}

export function denied(message: number): Extract<EventInput, { kind: 'denied' }> {
  return {
    kind: 'denied',
    message,
    edge: 'summarise -> webhook',
    from: 'summarise#1',
    to: 'webhook',
    requestLabel: ACME,
    targetLabel: PUBLIC,
    rule: 'write',
    condition: 'secrecy',
    tags: ['customer:acme'],
  };
}

/** A journal of `batches` batches of `size` calls each, closed. Message numbers are event numbers. */
export function writeJournal(path: string, batches: number, size: number): void {
  using journal = openJournal({ path, clock: testClock() });
  for (let seq = 1; seq <= batches * size; seq++) {
    if (seq % size === 0) journal.appendDurable(call(seq));
    else journal.append(call(seq));
  }
}

export function readAll(source: JournalSource): AuditEvent[] {
  using reader = new JournalReader(source);
  return [...reader.events()];
}

/** What an attacker with access to the file does. */
export function tamper(path: string, change: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(path);
  try {
    change(database);
  } finally {
    database.close();
  }
}

export function memoryJournal(): Journal {
  const journal = openJournal({ path: null, clock: testClock() });
  onTestFinished(() => journal.close());
  return journal;
}

const name = fc.oneof(
  fc.constantFrom('host', 'summarise#1', 'customer:acme', 'vetted', ''),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.toWellFormed()),
);
const uint = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat().filter((value) => value < Number.MAX_SAFE_INTEGER),
);
const names = fc.array(name, { maxLength: 5 });

function fieldArbitrary(type: FieldType): fc.Arbitrary<unknown> {
  switch (type) {
    case 'uint':
      return uint;
    case 'port':
      return fc.nat(LIMITS.maxPortNumber);
    case 'records':
      return fc.constant(new Uint8Array(16));
    case 'uint?':
      return fc.option(uint);
    case 'name?':
      return fc.option(name);
    case 'name':
    case 'text':
      return name;
    case 'names':
      return names;
    case 'label':
      return fc.oneof(
        fc.constantFrom(PUBLIC, ACME),
        fc.record({ secrecy: names, integrity: names }, { noNullPrototype: true }),
      );
    case 'pairs':
      return fc.dictionary(name, name, { maxKeys: 4, noNullPrototype: true });
    default:
      return fc.constantFrom(...type);
  }
}

/** Any event that can be recorded and is read as it was written. */
export const anyEvent: fc.Arbitrary<EventInput> = fc.oneof(
  ...[...RECORD_BY_KIND.values()].flatMap(({ kind, names, types }) => {
    if (kind === 'crossings') return [];
    const fields = names.map((field, at) => [field, fieldArbitrary(types[at] ?? 'uint')] as const);
    return fc.record(
      { kind: fc.constant(kind), ...Object.fromEntries(fields) },
      { noNullPrototype: true },
    ) as unknown as fc.Arbitrary<EventInput>;
  }),
);
