import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventInput, EventInputOf } from '../../src/audit/events.ts';
import { type Journal, openJournal } from '../../src/audit/journal.ts';
import { type TraceQuery, trace } from '../../src/audit/trace.ts';
import type { TraceGraph } from '../../src/audit/trace-graph.ts';
import { renderTrace } from '../../src/audit/trace-render.ts';
import { HOST_START, record } from './desk.ts';
import { ACME, call, memoryJournal, PUBLIC, testClock } from './support.ts';
import { crossings, port, REPLY, type RecordInput } from './wasm-records.ts';

/** `from kind to xflows bytes`, by names, and nothing that tells how it was recorded. */
function shape({ nodes, edges }: TraceGraph): unknown {
  const name = new Map(nodes.map((node) => [node.id, node.name]));
  return {
    nodes: nodes.map((node) => `${node.name} ${node.isOrigin}`).sort(),
    edges: edges
      .map((e) => `${name.get(e.from)} ${e.kind} ${name.get(e.to)} x${e.flows} ${e.bytes} ${JSON.stringify(e.label)}`)
      .sort(),
  };
}

const PORTS = ['a b', 'b c', 'c a', 'b a', 'host d', 'd b'].map((names, number) => {
  const [from = '', to = ''] = names.split(' ');
  return port(number, from, to, {
    requestLabel: number === 1 ? ACME : PUBLIC,
    replyLabel: number === 2 ? ACME : PUBLIC,
  });
});

function portOf(number: number): EventInputOf<'port'> {
  const meaning = PORTS[number];
  if (meaning === undefined) throw new Error('no such port');
  return meaning;
}

interface Step {
  readonly number: number;
  readonly count: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
}

/** As Wasm records it, all steps of a group in one block. */
function recordedByWasm(groups: readonly (readonly Step[])[]): EventInput[] {
  let message = 1;
  return groups.flatMap((steps): EventInput[] => {
    const first = message;
    for (const { count } of steps) message += count;
    const records = steps.map(({ number, count, requestBytes, replyBytes }): RecordInput => {
      return [number, count, count * requestBytes, count * replyBytes];
    });
    return [crossings(first, ...records)];
  });
}

/** The same, each call and reply for itself. */
function recordedOneByOne(groups: readonly (readonly Step[])[]): EventInput[] {
  let message = 0;
  return groups.flat().flatMap(({ number, count, requestBytes, replyBytes }) => {
    const { edge, from, to, requestLabel, instanceLabel, replyLabel, export: name } = portOf(number);
    return Array.from({ length: count }, (): EventInput[] => {
      message++;
      const shared = { message, parent: null, edge, requestLabel, instanceLabel, export: name };
      return [
        { kind: 'call', ...shared, from, to, bytes: requestBytes },
        { kind: 'reply', message, from: to, to: from, label: replyLabel, bytes: replyBytes, outcome: name },
      ];
    }).flat();
  });
}

function withJournal<T>(events: readonly EventInput[], use: (journal: Journal) => T): T {
  using journal = openJournal({ path: null, clock: testClock() });
  record(journal, [HOST_START, ...PORTS, ...events]);
  return use(journal);
}

test('a trace of N crossings is that of N calls and N replies', () => {
  const step = fc.record({
    number: fc.nat(PORTS.length - 1),
    count: fc.integer({ min: 1, max: 6 }),
    requestBytes: fc.nat(9),
    replyBytes: fc.nat(9),
  });
  const groups = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(groups, fc.nat(), (world, pick) => {
      const messages = world.flat().reduce((sum, { count }) => sum + count, 0);
      const names = [...new Set(world.flat().flatMap(({ number }) => [PORTS[number]?.from, PORTS[number]?.to]))];
      const subjects: Omit<TraceQuery, 'direction'>[] = [
        { message: 1 + (pick % messages) },
        { message: messages },
        { tag: 'customer:acme' },
        ...names.map((instance) => ({ instance })),
      ];
      const traces = (journal: Journal) =>
        subjects.flatMap((subject) =>
          (['forward', 'backward'] as const).map((direction) => shape(trace(journal, { direction, ...subject }))),
        );
      const oneByOne = withJournal(recordedOneByOne(world), traces);
      expect(withJournal(recordedByWasm(world), traces)).toEqual(oneByOne);
    }),
    { numRuns: 300 },
  );
});

/** p calls q, which calls r, which answers; then q answers p. */
const NESTED: readonly EventInput[] = [
  HOST_START,
  port(0, 'p#1', 'q#2'),
  port(1, 'q#2', 'r#3'),
  crossings(1, [0, 4, 40, 30], [1, 1, 10, 10], [REPLY + 0, 1, 0, 12]),
];

test('an answer that came after another crossing brings what that crossing brought', () => {
  const journal = memoryJournal();
  record(journal, NESTED);
  const names = ({ nodes }: TraceGraph): string[] => nodes.map(({ name }) => name).sort();
  const forward = trace(journal, { direction: 'forward', instance: 'r#3' });
  expect(names(forward)).toEqual(['p#1', 'q#2', 'r#3']);
  expect(forward.edges.map(({ kind, flows, bytes }) => [kind, flows, bytes])).toEqual([
    ['reply', 1, 10],
    ['reply', 1, 12],
  ]);
  expect(names(trace(journal, { direction: 'backward', instance: 'p#1' }))).toEqual(['p#1', 'q#2', 'r#3']);
});

test('its reply is counted with its call, its bytes where they came', () => {
  const journal = memoryJournal();
  record(journal, NESTED);
  const { edges } = trace(journal, { direction: 'forward', instance: 'p#1' });
  expect(edges.map(({ kind, flows, bytes }) => [kind, flows, bytes])).toEqual([
    ['request', 4, 40],
    ['reply', 4, 42],
    ['request', 1, 10],
    ['reply', 1, 10],
  ]);
  expect(renderTrace(trace(journal, { direction: 'forward', instance: 'p#1' }), 'text')).toContain('[request run x4,');
});

test('bytes that came later are no message more', () => {
  const journal = memoryJournal();
  record(journal, [port(0, 'p#1', 'q#2'), crossings(1, [0, 2, 20, 2], [0, 0, 5, 3])]);
  const { edges } = trace(journal, { direction: 'forward', instance: 'p#1' });
  expect(edges.map(({ kind, flows, bytes }) => [kind, flows, bytes])).toEqual([
    ['request', 2, 25],
    ['reply', 2, 5],
  ]);
});

test('a trace may begin with any message of a record, and with none that is not there', () => {
  const journal = memoryJournal();
  record(journal, NESTED);
  for (const message of [1, 4, 5]) expect(trace(journal, { direction: 'forward', message }).edges).not.toEqual([]);
  const fourth = trace(journal, { direction: 'forward', message: 4 });
  expect(fourth.edges[0]).toMatchObject({ kind: 'request', flows: 1, bytes: 10 });
  for (const message of [0, 6]) {
    expect(() => trace(journal, { direction: 'forward', message })).toThrow(
      expect.objectContaining({ code: 'AUDIT_QUERY' }),
    );
  }
});

test('a record with the largest count costs no more than one with the smallest', () => {
  const journal = memoryJournal();
  const most = 0xffff_ffff;
  record(journal, [port(0, 'p#1', 'q#2'), crossings(1, [0, most, most, most]), call(1, { from: 'q#2', to: 'z' })]);
  const { edges } = trace(journal, { direction: 'forward', message: 2 ** 31 });
  expect(edges.map(({ kind, flows, bytes }) => [kind, flows, bytes])).toEqual([
    ['request', 2 ** 31, 2 ** 31],
    ['reply', 2 ** 31, 2 ** 31],
    ['request', 1, 100],
  ]);
});
