import { expect, test } from 'vitest';
import { trace } from '../../src/audit/trace.ts';
import type { TraceGraph } from '../../src/audit/trace-graph.ts';
import { printable, renderTrace } from '../../src/audit/trace-render.ts';
import { DESK, record } from './desk.ts';
import { memoryJournal, PUBLIC } from './support.ts';

function graphOfDesk(): TraceGraph {
  const journal = memoryJournal();
  record(journal, DESK);
  return trace(journal, { direction: 'forward', tag: 'customer:acme' });
}

const EVIL = 'x"]; n0 -> n1;\n\u001b[2J\u202e<script>#`';

function evilGraph(): TraceGraph {
  const journal = memoryJournal();
  journal.append({ kind: 'write', message: null, resource: EVIL, instance: EVIL, label: PUBLIC, bytes: 1 });
  return trace(journal, { direction: 'forward', instance: EVIL });
}

test('text shows the way from the origin through the gate to the resource, each node once', () => {
  const text = renderTrace(graphOfDesk(), 'text');
  const lines = text.trimEnd().split('\n');
  expect(lines[0]).toBe('Where tag customer:acme went:');
  const toNotify = lines.findIndex((line) => line.includes('-> notify#4'));
  expect(lines[toNotify]).toContain('through gate count -> notify (-customer:acme)');
  expect(lines[toNotify + 1]).toMatch(/^ +-> resource webhook {3}\[write webhook, public, 10 bytes\]$/);
  expect(text).toContain('resource webhook   [DENIED');
  expect(lines.filter((line) => /-> redact#2(?!.*above)/.test(line))).toHaveLength(1);
  expect(renderTrace({ ...graphOfDesk(), truncated: true }, 'text')).toContain('There is more');
});

test('JSON is the graph', () => {
  const graph = graphOfDesk();
  expect(JSON.parse(renderTrace(graph, 'json'))).toEqual(graph);
});

test('DOT and Mermaid have a line per node and edge', () => {
  const graph = graphOfDesk();
  const dot = renderTrace(graph, 'dot');
  expect(dot.match(/^ {2}n\d+ \[/gm)).toHaveLength(graph.nodes.length);
  expect(dot.match(/^ {2}n\d+ -> n\d+ \[/gm)).toHaveLength(graph.edges.length);
  const mermaid = renderTrace(graph, 'mermaid');
  expect(mermaid.match(/^ {2}n\d+\["/gm)).toHaveLength(graph.nodes.length);
  expect(mermaid.match(/^ {2}n\d+ \S+\|".*"\| n\d+$/gm)).toHaveLength(graph.edges.length);
});

test('a name cannot leave its quotes, move the cursor or turn the reading direction', () => {
  const graph = evilGraph();
  for (const format of ['text', 'dot', 'mermaid'] as const) {
    const out = renderTrace(graph, format);
    for (const character of ['\u001b', '\u202e']) expect(out).not.toContain(character);
    if (format !== 'text') expect(out).not.toMatch(/[^\\]"\]; n0/);
  }
  expect(renderTrace(graph, 'mermaid').split('\n')).toHaveLength(5);
  expect(renderTrace(graph, 'mermaid')).not.toContain('<script>');
  expect(printable('a\tb\u0000')).toBe('a\\u{9}b\\u{0}');
});

test('a long chain is drawn without recursion and in bounded width', () => {
  const journal = memoryJournal();
  for (let i = 0; i < 5000; i++) {
    const [from, to] = [`i#${i}`, `i#${i + 1}`];
    journal.append({ kind: 'reply', message: i, from, to, label: PUBLIC, bytes: 1, outcome: 'ok' });
  }
  const text = renderTrace(trace(journal, { direction: 'forward', instance: 'i#0' }), 'text');
  expect(text.split('\n').length).toBeGreaterThan(5000);
  expect(text.length).toBeLessThan(1_000_000);
});
