import type { AuditEventOf, StoredLabel } from './events.ts';
import { participantNode } from './flows.ts';

export type TraceNodeKind = 'host' | 'session' | 'instance' | 'resource' | 'output';

/** Someone or something that data was in. */
export interface TraceNode {
  /** Unique in this graph. */
  readonly id: string;
  kind: TraceNodeKind;
  /** Id of the participant, name of the resource, or the stream. */
  readonly name: string;
  /** Number of the `host` start event of the run it lived in; 0 for a resource, which outlives runs. */
  readonly run: number;
  compartment: string | null;
  label: StoredLabel | null;
  /** The trace begins here. */
  isOrigin: boolean;
}

export type TraceEdgeKind = 'request' | 'reply' | 'post' | 'read' | 'write' | 'output' | 'denied';

/** All flows of one kind and label between two nodes. `denied` is a flow that was tried and didn't happen. */
export interface TraceEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: TraceEdgeKind;
  /** Export, edge or resource that it went through. */
  readonly via: string;
  /** The data's own label. */
  readonly label: StoredLabel | null;
  flows: number;
  bytes: number;
  firstSeq: number;
  lastSeq: number;
  gates: TraceGate[];
}

/** A gate that released data on this edge. */
export interface TraceGate {
  readonly gate: string;
  readonly declassified: readonly string[];
  readonly endorsed: readonly string[];
  uses: number;
}

export interface TraceGraph {
  readonly direction: 'forward' | 'backward';
  /** What was asked, for people: `tag customer:acme`. */
  readonly subject: string;
  /** The graph was too large: there's more than it shows. */
  readonly truncated: boolean;
  readonly nodes: readonly TraceNode[];
  readonly edges: readonly TraceEdge[];
}

/** What one event moved from one node to another. */
export interface Flow {
  readonly kind: TraceEdgeKind;
  readonly from: NodeKey;
  readonly to: NodeKey;
  readonly via: string;
  readonly label: StoredLabel | null;
  readonly bytes: number;
  readonly message: number | null;
  /** Flows like this one: of `message` and the ones after it. 0 for a part of what another flow counts. */
  readonly count: number;
  /** Can a gate have released it? */
  readonly isGateable: boolean;
  readonly run: number;
  readonly seq: number;
}

export interface NodeKey {
  readonly id: string;
  readonly kind: TraceNodeKind;
  readonly name: string;
  readonly run: number;
}

/** Gate uses and flows that wait for each other. They're recorded next to each other, so few wait at a time. */
const MAX_WAITING = 10_000;

interface GraphLimits {
  readonly maxNodes: number;
  readonly maxEdges: number;
  /** Show all that host code holds as one node per run. */
  readonly mergeHost: boolean;
}

/** Collects flows into a graph of bounded size, and joins each gate use with the flow that it released. */
export class TraceGraphBuilder {
  readonly #nodes = new Map<string, TraceNode>();
  readonly #edges = new Map<string, TraceEdge>();
  readonly #waitingGates = new Recent<AuditEventOf<'gate'>>();
  readonly #recentEdges = new Recent<TraceEdge>();
  readonly #labelKeys = new WeakMap<StoredLabel, string>();
  readonly #limits: GraphLimits;

  constructor(limits: GraphLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#nodes.size >= this.#limits.maxNodes || this.#edges.size >= this.#limits.maxEdges;
  }

  node(key: NodeKey): TraceNode {
    const { id, kind, name, run } = this.#shown(key);
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    const node: TraceNode = { id, kind, name, run, compartment: null, label: null, isOrigin: false };
    this.#nodes.set(id, node);
    return node;
  }

  #shown(key: NodeKey): NodeKey {
    return key.kind === 'host' && this.#limits.mergeHost ? participantNode(key.run, 'host') : key;
  }

  /** An instance was started: if it's in the graph, say what it was. */
  describe({ id }: NodeKey, { compartment, label }: AuditEventOf<'start'>): void {
    const node = this.#nodes.get(id);
    if (node !== undefined) Object.assign(node, { kind: 'instance', compartment, label });
  }

  flow(flow: Flow): void {
    const edge = this.#edge(flow, this.node(flow.from).id, this.node(flow.to).id);
    edge.flows = Math.max(1, edge.flows + flow.count);
    edge.bytes += flow.bytes;
    edge.firstSeq = Math.min(edge.firstSeq, flow.seq);
    edge.lastSeq = Math.max(edge.lastSeq, flow.seq);
    if (flow.message === null || !flow.isGateable) return;
    const released = releaseKey(flow.run, flow.message, isAnswer(flow.kind));
    const gate = this.#waitingGates.get(released);
    if (gate === undefined) {
      this.#recentEdges.set(released, edge);
    } else {
      this.#waitingGates.delete(released);
      addGate(edge, gate);
    }
  }

  #edge({ kind, via, label, seq }: Flow, from: string, to: string): TraceEdge {
    // Lengths keep names that hold the separator from passing for two.
    const lengths = `${from.length} ${to.length} ${via.length} ${kind}`;
    const key = `${lengths} ${from} ${to} ${via} ${label === null ? '' : this.#labelKey(label)}`;
    const known = this.#edges.get(key);
    if (known !== undefined) return known;
    const edge = { from, to, kind, via, label, flows: 0, bytes: 0, firstSeq: seq, lastSeq: seq, gates: [] };
    this.#edges.set(key, edge);
    return edge;
  }

  /** Labels are decoded once per batch and shared by its events. */
  #labelKey(label: StoredLabel): string {
    const known = this.#labelKeys.get(label);
    if (known !== undefined) return known;
    const key = JSON.stringify([label.secrecy, label.integrity]);
    this.#labelKeys.set(label, key);
    return key;
  }

  gate(gate: AuditEventOf<'gate'>, run: number): void {
    const released = releaseKey(run, gate.message, gate.direction === 'reply');
    const edge = this.#recentEdges.get(released);
    if (edge === undefined) this.#waitingGates.set(released, gate);
    else addGate(edge, gate);
  }

  graph(direction: TraceGraph['direction'], subject: string, truncated: boolean): TraceGraph {
    const edges = [...this.#edges.values()].sort((a, b) => a.firstSeq - b.firstSeq);
    return { direction, subject, truncated, nodes: [...this.#nodes.values()], edges };
  }
}

/** A reply and what is read come back; everything else is the request side of a message. */
function isAnswer(kind: TraceEdgeKind): boolean {
  return kind === 'reply' || kind === 'read';
}

function releaseKey(run: number, message: number, answers: boolean): string {
  return `${run} ${message} ${answers}`;
}

/** Remembers at least the last MAX_WAITING entries and at most twice as many, without ever searching for the oldest. */
class Recent<V> {
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  set(key: string, value: V): void {
    if (this.#young.size >= MAX_WAITING) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  get(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}

function addGate(edge: TraceEdge, { gate, declassified, endorsed }: AuditEventOf<'gate'>): void {
  const key = JSON.stringify([gate, declassified, endorsed]);
  const same = edge.gates.find((g) => JSON.stringify([g.gate, g.declassified, g.endorsed]) === key);
  if (same === undefined) edge.gates.push({ gate, declassified, endorsed, uses: 1 });
  else same.uses++;
}
