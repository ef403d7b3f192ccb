import type { TraceEdge, TraceGraph, TraceNode } from './trace-graph.ts';

/** How data came to one of the places where a trace ends. */
export interface TraceRoute {
  /** A resource, an output, or what a denied flow was meant for. */
  readonly end: TraceNode;
  readonly isDenied: boolean;
  /** The shortest way there, from where the trace begins. */
  readonly steps: readonly { readonly from: TraceNode; readonly edge: TraceEdge; readonly to: TraceNode }[];
}

/**
 * The ends of a forward trace, each with a shortest way to it: the short answer to "where did it go". `run` keeps to one
 * run of the host (its number is that of its `host` start event).
 */
export function routesOf(graph: TraceGraph, run: number | null = null): readonly TraceRoute[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const isIn = (node: TraceNode | undefined) =>
    node !== undefined && (run === null || node.run === 0 || node.run === run);
  const ways = new Map<string, TraceRoute['steps']>();
  const origins = graph.nodes.filter((node) => node.isOrigin && isIn(node));
  // An instance at a tag's label is an origin, too; the way is to begin where its data came from, if the trace knows.
  const fed = new Set(graph.edges.map(({ to }) => to));
  const sources = origins.filter(({ id }) => !fed.has(id));
  let front = sources.length > 0 ? sources : origins;
  for (const node of front) ways.set(node.id, []);
  while (front.length > 0) {
    const next: TraceNode[] = [];
    for (const from of front) {
      for (const edge of graph.edges) {
        const to = nodes.get(edge.to);
        if (edge.from !== from.id || to === undefined || !isIn(to) || ways.has(to.id)) continue;
        ways.set(to.id, [...(ways.get(from.id) ?? []), { from, edge, to }]);
        next.push(to);
      }
    }
    front = next;
  }
  return graph.nodes.flatMap((end) => {
    const steps = ways.get(end.id);
    const last = steps?.at(-1)?.edge.kind;
    if (steps === undefined || (last !== 'write' && last !== 'output' && last !== 'denied')) return [];
    return [{ end, isDenied: last === 'denied', steps }];
  });
}
