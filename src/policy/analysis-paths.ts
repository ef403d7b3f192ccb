import { CHECK_LIMITS, checkLimit } from './analysis-labels.ts';
import type { DataFlow, FlowGraph, Vertex } from './flow-graph.ts';
import type { Policy } from './policy.ts';

/** Where data with a tag can go, gates or not: found once per tag, for all resources. */
class Reach {
  readonly #cameBy = new Map<Vertex, DataFlow | null>();

  /**
   * Data of a tag starts with the host, at a label that has the tag; in a compartment whose base label has it; in a
   * resource that is labelled with it. From there it is followed through gates too, which take the tag off the label but
   * not out of the data. `isOpen` says which flows may be used.
   */
  constructor(
    starts: readonly Vertex[],
    flowsFrom: ReadonlyMap<Vertex, readonly DataFlow[]>,
    isOpen: (flow: DataFlow) => boolean,
  ) {
    for (const start of starts) this.#cameBy.set(start, null);
    const queue = [...starts];
    for (let at = 0; at < queue.length; at++) {
      const from = queue[at];
      if (from === undefined) break;
      for (const flow of flowsFrom.get(from) ?? []) {
        if (this.#cameBy.has(flow.to) || !isOpen(flow)) continue;
        this.#cameBy.set(flow.to, flow);
        queue.push(flow.to);
      }
    }
  }

  has(vertex: Vertex): boolean {
    return this.#cameBy.has(vertex);
  }

  /** A shortest way to it, from its start; null when there is none. */
  pathTo(vertex: Vertex): readonly DataFlow[] | null {
    if (!this.has(vertex)) return null;
    const path: DataFlow[] = [];
    for (let flow = this.#cameBy.get(vertex) ?? null; flow !== null; flow = this.#cameBy.get(flow.from) ?? null)
      path.push(flow);
    return path.reverse();
  }
}

type IsClosed = (holder: string, gate: string) => boolean;
const NONE: IsClosed = () => false;

/** Questions about a flow graph. */
export class Paths {
  readonly #flowsFrom = new Map<Vertex, DataFlow[]>();
  readonly #startsOf = new Map<string, Vertex[]>();
  readonly #resources = new Map<string, Vertex>();
  readonly #reachOf = new Map<string, Reach>();
  #steps = 0;

  constructor({ vertices, flows }: FlowGraph, policy: Policy) {
    for (const flow of flows) pushTo(this.#flowsFrom, flow.from, flow);
    for (const vertex of vertices) {
      const { kind, name, label } = vertex;
      if (kind === 'resource') this.#resources.set(name, vertex);
      const base = policy.compartments.get(name)?.base.secrecy ?? [];
      const starting = kind === 'instance' ? base : label.secrecy;
      for (const tag of starting) pushTo(this.#startsOf, tag, vertex);
    }
  }

  /**
   * A shortest way of a tag's data to a resource, or null; without the gates that take this tag off and that `isClosed`
   * names. What was in the resource from the start has not got there, so it doesn't count.
   */
  way(tag: string, resource: string, isClosed: IsClosed = NONE): readonly DataFlow[] | null {
    const target = this.#resources.get(resource);
    if (target === undefined) return null;
    const starts = this.#startsOf.get(tag) ?? [];
    if (starts.includes(target)) {
      const others = starts.filter((start) => start !== target);
      return this.#follow(tag, others, isClosed).pathTo(target);
    }
    return this.#reach(tag).has(target) ? this.#follow(tag, starts, isClosed).pathTo(target) : null;
  }

  /** Everywhere, with all gates: asked again for each resource, so kept. */
  #reach(tag: string): Reach {
    const known = this.#reachOf.get(tag) ?? this.#follow(tag, this.#startsOf.get(tag) ?? [], NONE);
    this.#reachOf.set(tag, known);
    return known;
  }

  #follow(tag: string, starts: readonly Vertex[], isClosed: IsClosed): Reach {
    const isOpen = ({ release }: DataFlow): boolean => {
      if (++this.#steps > CHECK_LIMITS.maxSteps) throw checkLimit(`${CHECK_LIMITS.maxSteps} steps to follow`);
      return release === null || !release.removed.includes(tag) || !isClosed(release.holder, release.gate);
    };
    return new Reach(starts, this.#flowsFrom, isOpen);
  }

  /**
   * The ways of a tag's data to a resource: the shortest, then the shortest that avoids the gates by which it got out
   * before, and so on. So each shows other gates, and the last may show none: a way on which the tag stays.
   */
  why(tag: string, resource: string): readonly (readonly DataFlow[])[] {
    const found: (readonly DataFlow[])[] = [];
    const closed = new Set<string>();
    for (;;) {
      const path = this.way(tag, resource, (_, gate) => closed.has(gate));
      if (path === null) return found;
      found.push(path);
      const gates = gatesThatTakeOff(tag, path);
      if (gates.length === 0) return found;
      for (const gate of gates) closed.add(gate);
    }
  }
}

/** The gates that take this tag off on the way. */
export function gatesThatTakeOff(tag: string, path: readonly DataFlow[]): readonly string[] {
  return path.flatMap(({ release }) => (release?.removed.includes(tag) === true ? [release.gate] : []));
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
