import { expect, test } from 'vitest';
import type { AuditEvent, EventKind } from '../../src/audit/events.ts';
import { exportEvents } from '../../src/audit/export.ts';
import { EVENT_KINDS } from '../../src/audit/format.ts';
import { openJournal } from '../../src/audit/journal.ts';
import { denials, type EventFilter, gates, queryEvents } from '../../src/audit/query.ts';
import { DESK, record } from './desk.ts';
import { call, denied, memoryJournal, readAll, testClock } from './support.ts';

const code = (value: string) => expect.objectContaining({ code: value });

function desk(filter: EventFilter): AuditEvent[] {
  const journal = memoryJournal();
  record(journal, DESK);
  return [...queryEvents(journal, filter)];
}

const seqs = (keep: (event: (typeof DESK)[number]) => boolean): number[] =>
  DESK.flatMap((event, at) => (keep(event) ? [at + 1] : []));

test('denials and gates', () => {
  const journal = memoryJournal();
  record(journal, DESK);
  expect([...denials(journal)]).toMatchObject([{ kind: 'denied', to: 'webhook', tags: ['customer:acme'] }]);
  expect([...gates(journal)].map(({ gate }) => gate)).toEqual(['redact.redact', 'count -> notify']);
  expect([...gates(journal, { message: 9 })].map(({ gate }) => gate)).toEqual(['count -> notify']);
});

test('by kind, message, participant, number and time', () => {
  expect(desk({}).length).toBe(DESK.length);
  expect(desk({ kinds: ['reply', 'deliver'] }).map(({ seq }) => seq)).toEqual(
    seqs(({ kind }) => kind === 'reply' || kind === 'deliver'),
  );
  expect(desk({ message: 6 }).map(({ kind }) => kind)).toEqual(['post', 'deliver']);
  expect(desk({ participant: 'archive#5' }).map(({ kind }) => kind)).toEqual(['start', 'deliver', 'write']);
  expect(desk({ fromSeq: 3, toSeq: 4 }).map(({ seq }) => seq)).toEqual([3, 4]);
  const clock = testClock(0);
  using journal = openJournal({ path: null, clock });
  for (clock.nowMs = 1; clock.nowMs <= 5; clock.nowMs++) journal.append(call(clock.nowMs));
  expect([...queryEvents(journal, { fromMs: 2, toMs: 4 })].map(({ timeMs }) => timeMs)).toEqual([2, 3, 4]);
});

test('by tag: in any label, in what a gate took off, in a privilege', () => {
  const found = desk({ tag: 'customer:acme' });
  const kinds = new Set(found.map(({ kind }) => kind));
  for (const kind of ['start', 'call', 'gate', 'denied', 'grant', 'read', 'post', 'deliver'] satisfies EventKind[]) {
    expect(kinds).toContain(kind);
  }
  expect(found.map(({ seq }) => seq)).not.toContain(
    DESK.findIndex((e) => e.kind === 'call' && e.to === 'summarise#6') + 1,
  );
  expect(desk({ tag: 'customer:globex' }).map(({ kind }) => kind)).toEqual(['start', 'call', 'reply']);
  expect(desk({ tag: 'customer' })).toEqual([]);
});

test('by compartment: what names it or one of its instances', () => {
  const found = desk({ compartment: 'summarise' }).map(({ seq }) => seq);
  const names = ['summarise#1', 'summarise#6'];
  expect(found).toEqual(
    seqs((event) => {
      if ('compartment' in event) return event.compartment === 'summarise';
      return Object.values(event).some((value) => names.includes(value as string));
    }),
  );
  expect(desk({ compartment: 'archive' }).map(({ kind }) => kind)).toEqual(['post', 'start', 'deliver', 'write']);
});

test('an unknown kind is AUDIT_QUERY', () => {
  expect(() => desk({ kinds: ['nonsense' as EventKind] })).toThrow(code('AUDIT_QUERY'));
});

test('JSON Lines hold every event whole', () => {
  const journal = memoryJournal();
  record(journal, DESK);
  const lines = [...exportEvents(journal)];
  expect(lines.every((line) => line.endsWith('}\n'))).toBe(true);
  expect(lines.map((line) => JSON.parse(line))).toEqual(readAll(journal));
});

test('CSV has one width, and no cell that a spreadsheet would run', () => {
  const journal = memoryJournal();
  journal.append(denied(1));
  journal.append({ kind: 'trap', message: null, instance: '=cmd()', code: 'a"b', detail: 'two\nlines, and a comma' });
  const [header = '', first = '', second = ''] = [...exportEvents(journal, { format: 'csv' })];
  const columns = header.trimEnd().split(',');
  expect(columns.slice(0, 3)).toEqual(['seq', 'timeMs', 'kind']);
  expect(first).toContain('"[""customer:acme""]"');
  expect(second).toContain(",'=cmd(),");
  expect(second).toContain('"a""b"');
  expect(second).toContain('"two\nlines, and a comma"');
  expect(second.replace(/"(?:[^"]|"")*"/g, '').split(',')).toHaveLength(columns.length);
});

test('every kind of event is known by name', () => {
  expect(new Set(EVENT_KINDS).size).toBe(24);
});
