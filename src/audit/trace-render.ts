import { formatLabel } from '../label/index.ts';
import type { TraceEdge, TraceGraph, TraceNode } from './trace-graph.ts';

export type TraceFormat = 'text' | 'json' | 'dot' | 'mermaid';

export function renderTrace(graph: TraceGraph, format: TraceFormat): string {
  switch (format) {
    case 'text':
      return renderText(graph);
    case 'json':
      return `${JSON.stringify(graph, null, 2)}\n`;
    case 'dot':
      return renderDot(graph);
    case 'mermaid':
      return renderMermaid(graph);
  }
}

/** Names can come from guests: what would move a terminal's cursor or turn the reading direction is shown as its code. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

function nodeText({ kind, name, compartment, label }: TraceNode): string {
  const what = kind === 'instance' || kind === 'host' ? '' : `${kind} `;
  const of = compartment === null || name.includes(compartment) ? '' : ` of ${compartment}`;
  return printable(`${what}${name}${of}${label === null ? '' : ` @ ${formatLabel(label)}`}`);
}

function edgeText({ kind, via, label, flows, bytes, gates }: TraceEdge): string {
  const times = flows === 1 ? '' : ` x${flows}`;
  const data = label === null ? '' : `, ${formatLabel(label)}`;
  const size = kind === 'denied' ? '' : `, ${bytes} bytes`;
  const released = gates.map(({ gate, declassified, endorsed }) => {
    const tags = [...declassified.map((tag) => `-${tag}`), ...endorsed.map((tag) => `+${tag}`)];
    return `, through gate ${gate} (${tags.join(' ')})`;
  });
  return printable(`${kind === 'denied' ? 'DENIED' : kind} ${via}${times}${data}${size}${released.join('')}`);
}

/** Edges by the node that they're listed under: where they leave (forward) or where they arrive (backward). */
function edgesByNode({ direction, edges }: TraceGraph): Map<string, TraceEdge[]> {
  const byNode = new Map<string, TraceEdge[]>();
  for (const edge of edges) {
    const near = direction === 'forward' ? edge.from : edge.to;
    const list = byNode.get(near);
    if (list === undefined) byNode.set(near, [edge]);
    else list.push(edge);
  }
  return byNode;
}

/** A long chain would make lines that are longer than the chain. */
const MAX_INDENT = 32;

function renderText(graph: TraceGraph): string {
  const isForward = graph.direction === 'forward';
  const subject = printable(graph.subject);
  const lines = [isForward ? `Where ${subject} went:` : `What went into ${subject}:`];
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const byNode = edgesByNode(graph);
  const shown = new Set<string>();
  const hasNear = new Set(graph.edges.map((edge) => (isForward ? edge.to : edge.from)));
  // First where it began and nothing leads to; then whatever that didn't reach.
  const roots = [...graph.nodes].sort((a, b) => rank(a) - rank(b));
  function rank(node: TraceNode): number {
    return (node.isOrigin ? 0 : 2) + (hasNear.has(node.id) ? 1 : 0);
  }
  for (const root of roots) {
    if (shown.has(root.id)) continue;
    lines.push(nodeText(root));
    shown.add(root.id);
    const stack = (byNode.get(root.id) ?? []).map((edge) => ({ edge, depth: 1 })).reverse();
    for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
      const { edge, depth } = item;
      const far = isForward ? edge.to : edge.from;
      const node = nodes.get(far);
      const known = shown.has(far) && byNode.has(far) ? ' (above)' : '';
      const indent = '  '.repeat(Math.min(depth, MAX_INDENT));
      lines.push(`${indent}${isForward ? '->' : '<-'} ${node ? nodeText(node) : far}${known}   [${edgeText(edge)}]`);
      if (shown.has(far)) continue;
      shown.add(far);
      stack.push(...(byNode.get(far) ?? []).map((next) => ({ edge: next, depth: depth + 1 })).reverse());
    }
  }
  if (graph.nodes.length === 0) lines.push('nothing');
  if (graph.truncated) lines.push('There is more: the trace reached its limit of nodes or edges.');
  return `${lines.join('\n')}\n`;
}

function renderDot(graph: TraceGraph): string {
  const ids = new Map(graph.nodes.map((node, at) => [node.id, `n${at}`]));
  const quote = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const shapes = { host: 'house', session: 'hexagon', instance: 'box', resource: 'cylinder', output: 'note' };
  return [
    'digraph trace {',
    '  rankdir=LR;',
    ...graph.nodes.map(
      (node) =>
        `  ${ids.get(node.id)} [shape=${shapes[node.kind]}${node.isOrigin ? ', penwidth=2' : ''}, label=${quote(nodeText(node))}];`,
    ),
    ...graph.edges.map(
      (edge) => `  ${ids.get(edge.from)} -> ${ids.get(edge.to)} [${edgeStyle(edge)}label=${quote(edgeText(edge))}];`,
    ),
    '}',
    '',
  ].join('\n');
}

function edgeStyle({ kind, gates }: TraceEdge): string {
  if (kind === 'denied') return 'style=dotted, color=red, ';
  return gates.length > 0 ? 'style=bold, ' : '';
}

function renderMermaid(graph: TraceGraph): string {
  const ids = new Map(graph.nodes.map((node, at) => [node.id, `n${at}`]));
  // Mermaid's own entity codes; everything that could end the quotes or be read as markup.
  const quote = (text: string): string => `"${text.replace(/["#&<>;`]/g, (c) => `#${c.charCodeAt(0)};`)}"`;
  const arrow = ({ kind, gates }: TraceEdge): string => {
    if (kind === 'denied') return '-.-x';
    return gates.length > 0 ? '==>' : '-->';
  };
  return [
    'flowchart LR',
    ...graph.nodes.map((node) => `  ${ids.get(node.id)}[${quote(nodeText(node))}]`),
    ...graph.edges.map(
      (edge) => `  ${ids.get(edge.from)} ${arrow(edge)}|${quote(edgeText(edge))}| ${ids.get(edge.to)}`,
    ),
    '',
  ].join('\n');
}
