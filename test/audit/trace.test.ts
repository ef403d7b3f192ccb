import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventInput } from '../../src/audit/events.ts';
import { openJournal } from '../../src/audit/journal.ts';
import { type TraceQuery, trace } from '../../src/audit/trace.ts';
import type { TraceGraph } from '../../src/audit/trace-graph.ts';
import { DESK, HOST_START, record } from './desk.ts';
import { ACME, call, memoryJournal, PUBLIC, testClock } from './support.ts';
import { crossings, port, REPLY } from './wasm-records.ts';

const code = (value: string) => expect.objectContaining({ code: value });

function traceDesk(query: TraceQuery): TraceGraph {
  const journal = memoryJournal();
  record(journal, DESK);
  return trace(journal, query);
}

const nodes = (graph: TraceGraph): string[] => graph.nodes.map(({ name }) => name).sort();

/** `from kind to`, by names. */
const flows = (graph: TraceGraph): string[] => {
  const name = new Map(graph.nodes.map((node) => [node.id, node.name]));
  return graph.edges.map(({ from, kind, to }) => `${name.get(from)} ${kind} ${name.get(to)}`).sort();
};

test("where acme's data went: through instances, posts and gates to the resources, and no further", () => {
  const graph = traceDesk({ direction: 'forward', tag: 'customer:acme' });
  expect(flows(graph)).toEqual(
    [
      'tickets read host',
      'host request summarise#1',
      'summarise#1 denied webhook',
      'summarise#1 request redact#2',
      'redact#2 reply summarise#1',
      'summarise#1 post archive#5',
      'archive#5 write store',
      'summarise#1 reply host',
      'host request count#3',
      'count#3 request notify#4',
      'notify#4 write webhook',
      'notify#4 output stderr',
      'notify#4 reply count#3',
      'count#3 reply host',
    ].sort(),
  );
  expect(graph.truncated).toBe(false);
  expect(nodes(graph)).not.toContain('summarise#6');
});

test('each gate stands on the flow that it released, and only there', () => {
  const graph = traceDesk({ direction: 'forward', tag: 'customer:acme' });
  const gated = graph.edges.filter(({ gates }) => gates.length > 0);
  expect(gated.map(({ kind, gates }) => [kind, gates])).toEqual([
    ['reply', [{ gate: 'redact.redact', declassified: ['customer:acme'], endorsed: [], uses: 1 }]],
    ['request', [{ gate: 'count -> notify', declassified: ['customer:acme'], endorsed: [], uses: 1 }]],
  ]);
  const backward = traceDesk({ direction: 'backward', instance: 'notify#4' });
  expect(backward.edges.flatMap(({ gates }) => gates.map(({ gate }) => gate))).toEqual(['count -> notify']);
});

test('what an instance sent before the data came is not counted', () => {
  const graph = traceDesk({ direction: 'forward', tag: 'customer:acme' });
  const webhook = graph.edges.find(({ kind, via }) => kind === 'write' && via === 'webhook');
  expect(webhook).toMatchObject({ flows: 1, bytes: 10 });
});

test('an instance is described as it was started', () => {
  const graph = traceDesk({ direction: 'backward', instance: 'notify#4' });
  expect(graph.nodes.find(({ name }) => name === 'count#3')).toMatchObject({
    kind: 'instance',
    compartment: 'count',
    label: ACME,
    isOrigin: false,
  });
  expect(graph.nodes.find(({ name }) => name === 'notify#4')).toMatchObject({ label: PUBLIC, isOrigin: true });
  expect(graph.nodes.find(({ name }) => name === 'host')).toMatchObject({ kind: 'host', compartment: null });
});

test('what went into an instance, a message, a tag', () => {
  expect(flows(traceDesk({ direction: 'backward', instance: 'archive#5' }))).toEqual([
    'host request summarise#1',
    'redact#2 reply summarise#1',
    'summarise#1 post archive#5',
    'summarise#1 request redact#2',
  ]);
  expect(flows(traceDesk({ direction: 'backward', message: 10 }))).toEqual([
    'count#3 request notify#4',
    'host request count#3',
    'host request notify#4',
    'notify#4 write webhook',
  ]);
  expect(flows(traceDesk({ direction: 'backward', tag: 'customer:globex' }))).toEqual([
    'host request summarise#6',
    'summarise#6 reply host',
  ]);
});

test('where one message went', () => {
  expect(flows(traceDesk({ direction: 'forward', message: 8 }))).toEqual([
    'count#3 reply host',
    'count#3 request notify#4',
    'host request count#3',
    'notify#4 output stderr',
    'notify#4 reply count#3',
    'notify#4 write webhook',
  ]);
  expect(flows(traceDesk({ direction: 'forward', message: 6 }))).toEqual([
    'archive#5 write store',
    'summarise#1 post archive#5',
  ]);
});

test('a denied message shows who tried, and what that instance held', () => {
  expect(flows(traceDesk({ direction: 'forward', message: 4 }))).toEqual(['summarise#1 denied webhook']);
  expect(flows(traceDesk({ direction: 'backward', message: 4 }))).toEqual([
    'host request summarise#1',
    'summarise#1 denied webhook',
  ]);
});

const use = (kind: 'read' | 'write', instance: string, label = ACME): EventInput => ({
  kind,
  message: null,
  resource: 'store',
  instance,
  label,
  bytes: 1,
});

test('a resource keeps what was written to it, per label, and from one run to the next', () => {
  const journal = memoryJournal();
  record(journal, [HOST_START, use('write', 'a#1'), use('read', 'b#1'), use('read', 'c#1', PUBLIC)]);
  record(journal, [HOST_START, use('read', 'd#1')]);
  expect(nodes(trace(journal, { direction: 'forward', instance: 'a#1' }))).toEqual(['a#1', 'b#1', 'd#1', 'store']);
  expect(nodes(trace(journal, { direction: 'backward', instance: 'd#1' }))).toEqual(['a#1', 'd#1', 'store']);
});

test('host code is no carrier: it labels what it sends; but it can be asked about', () => {
  const host = traceDesk({ direction: 'forward', instance: 'host' });
  expect(nodes(host)).toContain('summarise#6');
  expect(nodes(traceDesk({ direction: 'forward', instance: 'summarise#6' }))).toEqual(['host', 'summarise#6']);
});

test('what host code holds of one message is a place of its own; shown as one when there is too much of it', () => {
  const journal = memoryJournal();
  for (let i = 1; i <= 9; i += 3) {
    journal.append(use('read', `host#${i}`, i === 1 ? ACME : PUBLIC));
    journal.append(call(i + 1, { from: `host#${i}`, to: `a#${i}`, requestLabel: PUBLIC, instanceLabel: PUBLIC }));
    const [from, to] = [`a#${i}`, `host#${i + 1}`];
    journal.append({ kind: 'reply', message: i + 1, from, to, label: PUBLIC, bytes: 1, outcome: 'ok' });
    journal.append(use('write', `host#${i + 1}`, PUBLIC));
  }
  const query = { direction: 'forward', tag: 'customer:acme' } as const;
  const precise = ['store read host#1', 'host#1 request a#1', 'a#1 reply host#2', 'host#2 write store'];
  expect(flows(trace(journal, query))).toEqual(expect.arrayContaining(precise));
  const merged = trace(journal, { ...query, maxNodes: nodes(trace(journal, query)).length });
  expect(merged.truncated).toBe(false);
  expect(nodes(merged).filter((name) => name.startsWith('host'))).toEqual(['host']);
  expect(flows(trace(journal, { direction: 'backward', instance: 'a#1' }))).toEqual([
    'host#1 request a#1',
    'store read host#1',
  ]);
});

test('ids of one run are not those of the next', () => {
  const journal = memoryJournal();
  record(journal, [...DESK, HOST_START]);
  const second = DESK.length + 1;
  record(journal, [use('write', 'count#3', PUBLIC)]);
  expect(flows(trace(journal, { direction: 'forward', instance: 'count#3' }))).toEqual(['count#3 write store']);
  expect(flows(trace(journal, { direction: 'forward', instance: 'count#3', run: 1 }))).toContain(
    'count#3 request notify#4',
  );
  expect(flows(trace(journal, { direction: 'forward', instance: 'count#3', run: second }))).toHaveLength(1);
});

test('a trace needs one beginning, and one that is there', () => {
  const direction = 'forward';
  for (const query of [{ direction }, { direction, message: 1, tag: 'x' }] as const) {
    expect(() => traceDesk(query)).toThrow(code('AUDIT_QUERY'));
  }
  for (const query of [
    { direction, message: 99 },
    { direction, instance: 'nobody' },
    { direction, instance: 'count#3', run: 7 },
  ] as const) {
    expect(() => traceDesk(query)).toThrow(code('AUDIT_QUERY'));
  }
  expect(traceDesk({ direction, tag: 'customer:nobody' }).nodes).toEqual([]);
});

test('a graph is bounded, and says when it stopped', () => {
  const whole = traceDesk({ direction: 'forward', tag: 'customer:acme' });
  const query = { direction: 'forward', tag: 'customer:acme' } as const;
  expect(traceDesk({ ...query, maxNodes: whole.nodes.length + 1 }).truncated).toBe(false);
  const cut = traceDesk({ ...query, maxNodes: whole.nodes.length - 2 });
  expect(cut.truncated).toBe(true);
  expect(cut.nodes.length).toBeLessThan(whole.nodes.length);
  expect(traceDesk({ ...query, maxEdges: 3 }).edges.length).toBe(3);
});

test('b is reached from a going forward exactly when a is reached from b going backward', () => {
  const who = fc.constantFrom('a', 'b', 'c', 'd', 'host#1', 'host');
  const kinds = fc.constantFrom('call', 'reply', 'post', 'read', 'write', 'calls', 'replies', 'more');
  const step = fc.tuple(kinds, who, who, fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
      using journal = openJournal({ path: null, clock: testClock() });
      const late: EventInput[] = [];
      steps.forEach(([kind, from, to, now], message) => {
        const label = PUBLIC;
        const edge = { message, parent: null, edge: 'e', from, to, requestLabel: label, export: 'x', bytes: 1 };
        if (kind === 'call') journal.append({ kind, instanceLabel: label, ...edge });
        if (kind === 'reply') journal.append({ kind, message, from, to, label, bytes: 1, outcome: 'ok' });
        if (kind === 'read' || kind === 'write') journal.append(use(kind, from));
        if (kind === 'calls' || kind === 'replies' || kind === 'more') {
          const count = kind === 'more' ? 0 : now ? 1 : 3;
          record(journal, [port(1, from, to), crossings(message, [kind === 'replies' ? REPLY + 1 : 1, count, 1, 1])]);
        }
        if (kind !== 'post') return;
        journal.append({ kind, ...edge });
        const deliver = { kind: 'deliver', message, to, label } as const;
        if (now) journal.append(deliver);
        else late.push(deliver);
      });
      record(journal, late);
      const seen = [
        ...new Set(steps.flatMap(([kind, from, to]) => (kind === 'read' || kind === 'write' ? [from] : [from, to]))),
      ];
      const inside = seen.filter((name) => name !== 'host');
      const reach = (direction: 'forward' | 'backward', instance: string): Set<string> =>
        new Set(nodes(trace(journal, { direction, instance })));
      for (const a of inside) {
        const forward = reach('forward', a);
        for (const b of inside) expect(forward.has(b)).toBe(reach('backward', b).has(a));
      }
    }),
    { numRuns: 150 },
  );
});
