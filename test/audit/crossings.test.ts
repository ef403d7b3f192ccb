import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBatch } from '../../src/audit/decode.ts';
import { BatchEncoder } from '../../src/audit/encode.ts';
import type { AuditEvent, EventInput, EventInputOf } from '../../src/audit/events.ts';
import { exportEvents } from '../../src/audit/export.ts';
import { GENESIS_HASH } from '../../src/audit/hash.ts';
import { openJournal } from '../../src/audit/journal.ts';
import { BATCH_LIMITS, LIMITS } from '../../src/audit/limits.ts';
import { PortTable } from '../../src/audit/ports.ts';
import { type EventFilter, queryEvents } from '../../src/audit/query.ts';
import { JournalReader } from '../../src/audit/reader.ts';
import { verifyJournal } from '../../src/audit/verify.ts';
import { isCofferdamError } from '../../src/error.ts';
import { HOST_START, record } from './desk.ts';
import { ACME, anyEvent, call, memoryJournal, readAll, temporaryJournal, testClock, VETTED } from './support.ts';
import { calls, crossings, port, REPLY, type RecordInput, recordBytes } from './wasm-records.ts';

const code = (value: string) => expect.objectContaining({ code: value });

const P = port(0, 'p#1', 'q#2', { requestLabel: ACME, instanceLabel: ACME, replyLabel: VETTED });
const Q = port(7, 'q#2', 'r#3', { export: 'classify' });

test('each record is read as calls, numbered on; what belongs to earlier calls takes no number', () => {
  const journal = memoryJournal();
  record(journal, [
    P,
    Q,
    crossings(10, [0, 3, 30, 6], [7, 1, 5, 0], [REPLY + 0, 1, 0, 9], [7, 0, 4, 0], [7, 2, 8, 4]),
    call(16),
  ]);
  const written = [
    { seq: 1, ...P },
    { seq: 2, ...Q },
    { seq: 3, ...calls(P, 10, 3, 30, 6) },
    { seq: 3, ...calls(Q, 13, 1, 5, 0) },
    { seq: 3, ...calls(P, null, 1, 0, 9) },
    { seq: 3, ...calls(Q, null, 0, 4, 0) },
    { seq: 3, ...calls(Q, 14, 2, 8, 4) },
    { seq: 4, ...call(16) },
  ];
  expect(readAll(journal)).toStrictEqual(written.map((event) => ({ timeMs: 1000, ...event })));
  expect(verifyJournal(journal)).toMatchObject({ ok: true, events: 4 });
});

test('the records are copied when they are appended', () => {
  const journal = memoryJournal();
  const ring = recordBytes([[0, 1, 2, 3]]);
  record(journal, [P, { kind: 'crossings', message: 1, records: ring }]);
  ring.fill(0xff);
  expect(readAll(journal)[1]).toMatchObject(calls(P, 1, 1, 2, 3));
  record(journal, [
    {
      kind: 'crossings',
      message: 2,
      records: recordBytes([
        [9, 9, 9, 9],
        [0, 1, 2, 4],
      ]).subarray(16),
    },
  ]);
  expect(readAll(journal)[2]).toMatchObject(calls(P, 2, 1, 2, 4));
});

test('a batch can be read alone: it says what its ports mean, as they were declared then', () => {
  const path = temporaryJournal();
  using journal = openJournal({ path, clock: testClock() });
  journal.appendDurable(P);
  journal.appendDurable(crossings(1, [0, 1, 1, 1]));
  const again = port(0, 'p#1', 'q#9');
  journal.appendDurable(again);
  journal.appendDurable(crossings(2, [0, 1, 1, 1], [REPLY + 0, 1, 0, 1]));
  const read = [P, calls(P, 1, 1, 1, 1), again, calls(again, 2, 1, 1, 1), calls(again, null, 1, 0, 1)];
  expect(readAll(path)).toMatchObject(read);
  using reader = new JournalReader(path);
  expect([...reader.eventsBackward(4)]).toMatchObject([...read].reverse());
  const alone = reader.batchAfter(3);
  expect(alone && [...decodeBatch(alone)]).toHaveLength(1);
});

const anyRecords = fc
  .array(
    fc.tuple(
      fc.constantFrom(0, 7, REPLY + 0, REPLY + 7),
      fc.oneof(fc.nat(5), fc.constant(0xffff_ffff)),
      fc.nat(0xffff_ffff),
      fc.nat(0xffff_ffff),
    ),
    { minLength: 1, maxLength: 20 },
  )
  .filter((records) => records.every(([tagged, count]) => tagged < REPLY || count > 0));

test('any records read back equal, forward and backward', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyRecords, fc.nat(10_000)), { maxLength: 5 }), (blocks) => {
      using journal = openJournal({ path: null, clock: testClock() });
      record(journal, [P, Q, ...blocks.map(([records, message]) => crossings(message, ...records))]);
      const expected = blocks.flatMap(([records, first]) => {
        let message = first;
        return records.map(([tagged, count, requestBytes, replyBytes]) => {
          const of = tagged % REPLY === 0 ? P : Q;
          if (tagged >= REPLY || count === 0) return calls(of, null, count, requestBytes, replyBytes);
          message += count;
          return calls(of, message - count, count, requestBytes, replyBytes);
        });
      });
      const forward = readAll(journal);
      expect(forward.slice(2).map(({ seq: _, timeMs: __, ...event }) => event)).toStrictEqual(expected);
      using reader = new JournalReader(journal);
      expect([...reader.eventsBackward(forward.at(-1)?.seq ?? 0)]).toStrictEqual(forward.reverse());
    }),
    { numRuns: 150 },
  );
});

test('what a reader would refuse is refused when it is appended, whole; the journal goes on', () => {
  const journal = memoryJournal();
  record(journal, [P, Q]);
  const most = Number.MAX_SAFE_INTEGER;
  const ofLength = (length: number): EventInput =>
    crossings(1, ...Array.from({ length: length / 16 }, (): RecordInput => [0, 1, 1, 1]));
  const broken: EventInput[] = [
    crossings(1),
    { kind: 'crossings', message: 1, records: new Uint8Array(17).fill(1) },
    { kind: 'crossings', message: 1, records: [0, 1, 0, 0] as unknown as Uint8Array },
    ofLength(LIMITS.maxCrossingsBytes + 16),
    crossings(-1, [0, 1, 1, 1]),
    crossings(most, [0, 1, 1, 1]),
    crossings(most - 2 ** 32, [0, 1, 1, 1], [0, 0xffff_ffff, 1, 1], [7, 1, 1, 1]),
    crossings(1, [REPLY + 0, 0, 0, 1]),
    crossings(1, [7, 1, 1, 1], [1, 1, 1, 1]),
    crossings(1, [7, 1, 1, 1], [REPLY + 1, 1, 1, 1]),
    crossings(1, [0xffff_ffff, 1, 1, 1]),
    port(LIMITS.maxPortNumber + 1, 'a', 'b'),
    port(-1, 'a', 'b'),
    port(3, 'a', 'b', { export: undefined as unknown as string }),
    crossings(1, [3, 1, 1, 1]),
  ];
  const good: RecordInput = [7, 1, 1, 1];
  for (const event of broken) {
    expect(() => journal.append(event)).toThrow(code('AUDIT_EVENT'));
    journal.append(crossings(1, good));
  }
  expect(readAll(journal).slice(2)).toMatchObject(broken.map(() => calls(Q, 1, 1, 1, 1)));
  record(journal, [
    port(LIMITS.maxPortNumber, 'a', 'b'),
    crossings(most - 2, [LIMITS.maxPortNumber, 2, 1, 1]),
    ofLength(LIMITS.maxCrossingsBytes),
  ]);
  expect(readAll(journal).at(-1)).toMatchObject({ message: LIMITS.maxCrossingsBytes / 16, count: 1 });
});

test('ports end with the run of the host', () => {
  const journal = memoryJournal();
  record(journal, [P, crossings(1, [0, 1, 1, 1]), HOST_START]);
  expect(() => journal.append(crossings(1, [0, 1, 1, 1]))).toThrow(code('AUDIT_EVENT'));
});

test('a port of a stopped instance is known as long as there is room; one that runs is not forgotten', () => {
  const ports = new PortTable();
  const isKnown = (number: number): boolean => ports.usedBy(recordBytes([[number, 1, 1, 1]])) !== null;
  const declare = (event: EventInputOf<'port'>): void => {
    ports.assertRoom();
    ports.declare(event);
  };
  declare(port(0, 'stops', 'stays'));
  declare(port(1, 'stays', 'stops'));
  declare(port(2, 'stays', 'too'));
  ports.stop('stops');
  for (let number = 3; number < LIMITS.maxPorts; number++) declare(port(number, `a#${number}`, 'stays'));
  expect([0, 1, 2].map(isKnown)).toEqual([true, true, true]);
  declare(port(LIMITS.maxPorts, 'last but one', 'stays'));
  expect([0, 1, 2].map(isKnown)).toEqual([false, true, true]);
  declare(port(LIMITS.maxPorts + 1, 'last', 'stays'));
  expect([0, 1, 2].map(isKnown)).toEqual([false, false, true]);
  const more = port(LIMITS.maxPorts + 2, 'more', 'stays');
  expect(() => declare(more)).toThrow(code('AUDIT_EVENT'));
  ports.stop('last');
  declare(more);
  expect([LIMITS.maxPorts, LIMITS.maxPorts + 1, LIMITS.maxPorts + 2].map(isKnown)).toEqual([true, false, true]);
});

test('a number that was declared anew is not forgotten with its first instance', () => {
  const ports = new PortTable();
  ports.declare(port(0, 'a', 'b'));
  ports.declare(port(0, 'c', 'd'));
  ports.stop('a');
  ports.stop('b');
  for (let number = 1; number < LIMITS.maxPorts; number++) ports.declare(port(number, 'e', 'f'));
  expect(() => ports.assertRoom()).toThrow(code('AUDIT_EVENT'));
  expect(ports.usedBy(recordBytes([[0, 1, 1, 1]]))?.ports).toMatchObject([{ from: 'c' }]);
});

test('a large block is on disk when append returns, a small one with its batch', () => {
  const path = temporaryJournal();
  using journal = openJournal({ path, clock: testClock() });
  record(journal, [P, crossings(1, [0, 1, 1, 1])]);
  expect(readAll(path)).toHaveLength(0);
  const many = Array.from({ length: BATCH_LIMITS.maxBytes / 16 }, (): RecordInput => [0, 1, 1, 1]);
  journal.append(crossings(2, ...many));
  expect(readAll(path)).toHaveLength(many.length + 2);
});

test('filters take each record for itself', () => {
  const journal = memoryJournal();
  record(journal, [
    { kind: 'start', instance: 'r#3', compartment: 'sort', label: ACME },
    P,
    Q,
    crossings(10, [0, 3, 1, 1], [7, 2, 1, 1], [REPLY + 0, 1, 0, 1]),
  ]);
  const found = (filter: EventFilter): unknown[] =>
    [...queryEvents(journal, { kinds: ['calls'], ...filter })].map((event) => 'message' in event && event.message);
  expect(found({})).toEqual([10, 13, null]);
  for (const [message, expected] of [
    [9, []],
    [10, [10]],
    [12, [10]],
    [13, [13]],
    [14, [13]],
    [15, []],
  ] as const) {
    expect(found({ message })).toEqual(expected);
  }
  expect(found({ participant: 'r#3' })).toEqual([13]);
  expect(found({ participant: 'q#2' })).toEqual([10, 13, null]);
  expect(found({ compartment: 'sort' })).toEqual([13]);
  expect(found({ tag: 'customer:acme' })).toEqual([10, null]);
  expect(found({ tag: 'vetted' })).toEqual([10, null]);
  expect([...queryEvents(journal, { kinds: ['port'], participant: 'p#1' })]).toMatchObject([P]);
});

test('exports hold calls, and no bytes of a ring', () => {
  const journal = memoryJournal();
  record(journal, [P, crossings(10, [0, 3, 30, 6], [REPLY + 0, 1, 0, 9])]);
  expect([...exportEvents(journal)].map((line): AuditEvent => JSON.parse(line))).toEqual(readAll(journal));
  const [header = '', , first = '', second = ''] = [...exportEvents(journal, { format: 'csv' })];
  const columns = header.trimEnd().split(',');
  expect(columns).not.toContain('records');
  const cell = (line: string, column: string): string | undefined =>
    line.split(/,(?![^{]*\})/)[columns.indexOf(column)];
  expect(['kind', 'message', 'from'].map((column) => cell(first, column))).toEqual(['calls', '10', 'p#1']);
  expect(cell(second, 'message')).toBe('');
});

function batchOf(payload: Uint8Array, count: number, format: number) {
  return { firstSeq: 1, count, prevHash: GENESIS_HASH, hash: GENESIS_HASH, format, payload };
}

test('format 1 has no crossings: their codes are unknown there', () => {
  for (const event of [P, call(1)]) {
    const encoder = new BatchEncoder(64);
    encoder.add(event, 1);
    const read = () => [...decodeBatch(batchOf(encoder.payload(), 1, 1))];
    if (event === P) expect(read).toThrow(code('AUDIT_FORMAT'));
    else expect(read()).toMatchObject([event]);
  }
});

/** Kind, time, message 1, and then the ports and records. */
const crafted = (...bytes: number[]): Uint8Array => Uint8Array.from([22, 0, 1, ...bytes]);
const PORT_BYTES = [5, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1];
const ONE = [5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

test.each([
  ['as it should be', crafted(1, ...PORT_BYTES, 16, ...ONE), true],
  ['an unknown port', crafted(1, ...PORT_BYTES, 16, 6, ...ONE.slice(1)), false],
  ['an unknown port of a reply', crafted(1, ...PORT_BYTES, 16, 6, 0, 0, 0x80, ...ONE.slice(4)), false],
  ['no port at all', crafted(0, 16, ...ONE), false],
  ['a port twice', crafted(2, ...PORT_BYTES, 5, 1, 1, 1, 1, 1, 1, 1, 16, ...ONE), false],
  [
    'a port number beyond the limit',
    crafted(1, 0xff, 0xff, 0xff, 0xff, 0x07, ...PORT_BYTES.slice(1), 16, ...ONE),
    false,
  ],
  ['more ports than there are', crafted(0xff, 0xff, 0xff, 0xff, 0x0f, ...PORT_BYTES, 16, ...ONE), false],
  ['a length that is no number of records', crafted(1, ...PORT_BYTES, 17, ...ONE, 0), false],
  ['a length beyond the end', crafted(1, ...PORT_BYTES, 32, ...ONE), false],
  ['no records', crafted(1, ...PORT_BYTES, 0), false],
  ['no reply', crafted(1, ...PORT_BYTES, 16, 5, 0, 0, 0x80, 0, ...ONE.slice(5)), false],
])('hostile crossings: %s', (_, payload, isGood) => {
  const read = () => [...decodeBatch(batchOf(payload, 1, 2))];
  if (isGood) expect(read()).toMatchObject([{ kind: 'crossings', message: 1, records: { messages: 1 } }]);
  else expect(read).toThrow(code('AUDIT_FORMAT'));
});

test('hostile crossings: message numbers beyond what JavaScript counts', () => {
  const at = (message: number[]) => Uint8Array.from([22, 0, ...message, 1, ...PORT_BYTES, 16, ...ONE]);
  const read = (last: number) => [...decodeBatch(batchOf(at([last, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]), 1, 2))];
  expect(read(0xfe)).toMatchObject([{ message: Number.MAX_SAFE_INTEGER - 1 }]);
  expect(() => read(0xff)).toThrow(code('AUDIT_FORMAT'));
});

test('hostile crossings: any damage is read as events or refused with AUDIT_FORMAT', () => {
  const events = fc.array(
    fc.oneof(
      anyEvent,
      anyRecords.map((records) => crossings(3, ...records)),
    ),
    { maxLength: 8 },
  );
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
  fc.assert(
    fc.property(events, damage, fc.nat(3), (list, changes, cut) => {
      const encoder = new BatchEncoder(64);
      for (const event of list) {
        for (const one of event.kind === 'crossings' ? [P, Q, event] : [event]) encoder.add(one, 1);
      }
      const payload = Buffer.from(encoder.payload());
      for (const [at, byte] of changes) if (payload.length > 0) payload[at % payload.length] = byte;
      const rest = payload.subarray(0, payload.length - Math.min(cut, payload.length));
      try {
        expect([...decodeBatch(batchOf(rest, encoder.count, 2))]).toHaveLength(encoder.count);
      } catch (error) {
        expect(isCofferdamError(error, 'AUDIT_FORMAT'), String(error)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
