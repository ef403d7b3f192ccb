import type { DataFlow, FlowGraph, Vertex } from './analysis-graph.ts';
import { CHECK_LIMITS, checkLimit } from './analysis-labels.ts';
import type { Policy } from './policy.ts';

/** Where data with a tag can go, gates or not: found once per tag, for all resources. */
export class Reach {
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

/** Questions about a flow graph. */
export class Paths {
  readonly #flowsFrom = new Map<Vertex, DataFlow[]>();
  readonly #startsOf = new Map<string, Vertex[]>();
  readonly #resources = new Map<string, Vertex>();
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

  /** Where data of this tag can go, without the gates that take this tag off and that `isClosed` names. */
  reach(tag: string, isClosed: (holder: string, gate: string) => boolean = () => false): Reach {
    const starts = this.#startsOf.get(tag) ?? [];
    const isOpen = ({ release }: DataFlow): boolean => {
      if (++this.#steps > CHECK_LIMITS.maxSteps) throw checkLimit(`${CHECK_LIMITS.maxSteps} steps to follow`);
      return release === null || !release.removed.includes(tag) || !isClosed(release.holder, release.gate);
    };
    return new Reach(starts, this.#flowsFrom, isOpen);
  }

  resource(name: string): Vertex | null {
    return this.#resources.get(name) ?? null;
  }

  /**
   * The ways of a tag's data to a resource: the shortest, then the shortest that avoids the gates by which it got out
   * before, and so on. So each shows other gates, and the last may show none: a way on which the tag stays.
   */
  why(tag: string, resource: string): readonly (readonly DataFlow[])[] {
    const target = this.resource(resource);
    const found: (readonly DataFlow[])[] = [];
    const closed = new Set<string>();
    while (target !== null) {
      const path = this.reach(tag, (_, gate) => closed.has(gate)).pathTo(target);
      if (path === null) break;
      found.push(path);
      const gates = path.flatMap(({ release }) => (release?.removed.includes(tag) === true ? [release.gate] : []));
      if (gates.length === 0) break;
      for (const gate of gates) closed.add(gate);
    }
    return found;
  }
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
