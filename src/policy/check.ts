import { formatLabel } from '../label/index.ts';
import { type Analysis, analyse, nameOf, showLabel, violationOf } from './analysis.ts';
import type { Worlds } from './analysis-exports.ts';
import { gatesThatTakeOff } from './analysis-paths.ts';
import type {
  CheckDenial,
  CheckEdge,
  CheckGate,
  CheckNode,
  CheckReach,
  CheckRelease,
  CheckReport,
  CheckViolation,
} from './check-report.ts';
import { explain } from './explain.ts';
import { type DataFlow, type DeniedCall, exportGateName, linkGateName } from './flow-graph.ts';
import type { GatePolicy, Policy } from './policy.ts';

/** What can flow where under a policy, and whether its `forbid` rules hold. Pure. Throws CHECK_LIMIT. */
export function check(policy: Policy, worlds: Worlds = new Map()): CheckReport {
  return reportOf(analyse(policy, worlds));
}

/** The report of an analysis that is there already. */
export function reportOf(analysis: Analysis): CheckReport {
  const forbidViolations = findViolations(analysis);
  return {
    nodes: listNodes(analysis),
    edges: listEdges(analysis),
    releases: listReleases(analysis),
    denied: listDenials(analysis),
    reach: listReach(analysis),
    gates: listGates(analysis),
    forbidViolations,
    ok: forbidViolations.length === 0,
  };
}

function listNodes({ graph, labels }: Analysis): CheckNode[] {
  const show = (tag: string): string => labels.show(tag);
  const nodes = graph.vertices.flatMap((vertex): CheckNode[] => {
    if (vertex.kind === 'host') return [];
    const kind = vertex.kind === 'resource' ? 'resource' : 'compartment';
    return [{ id: nameOf(vertex, show), kind, name: vertex.name, label: showLabel(vertex.label, show) }];
  });
  return unique(nodes, ({ id }) => id).sort(by(({ kind, id }) => `${kind} ${id}`));
}

const EDGE_KINDS = { call: 'call', post: 'post', write: 'use' } as const;

function listEdges({ graph, labels, policy }: Analysis): CheckEdge[] {
  const show = (tag: string): string => labels.show(tag);
  const edges = graph.flows.flatMap(({ from, to, kind, release, link }): CheckEdge[] => {
    if (kind === 'reply' || kind === 'read' || kind === 'raise') return [];
    const imported = link === null ? null : (policy.links[link]?.import ?? null);
    const ends = { from: nameOf(from, show), to: nameOf(to, show) };
    return [
      { ...ends, kind: link === null ? 'entry' : EDGE_KINDS[kind], import: imported, gate: release?.gate ?? null },
    ];
  });
  return unique(edges, ({ from, to, kind, import: imported }) => `${from} ${to} ${kind} ${imported}`);
}

function listReleases({ graph, labels }: Analysis): CheckRelease[] {
  const show = (tag: string): string => labels.show(tag);
  const releases = graph.flows.flatMap(({ from, to, kind, release }: DataFlow): CheckRelease[] => {
    if (release === null || kind !== 'reply') return [];
    const { gate, removed, added } = release;
    return [{ from: nameOf(from, show), to: nameOf(to, show), gate, removed: removed.map(show), added }];
  });
  return unique(releases, (release) => JSON.stringify(release));
}

/** One row for each link and reason, with all the labels at which it is refused. */
function listDenials({ graph, labels, policy }: Analysis): CheckDenial[] {
  const rows = new Map<string, DeniedCall[]>();
  for (const denied of graph.denied) {
    const key = `${denied.from} ${denied.to} ${denied.link} ${denied.verdict.condition}`;
    const row = rows.get(key);
    if (row === undefined) rows.set(key, [denied]);
    else row.push(denied);
  }
  return [...rows.values()].flatMap((row): CheckDenial[] => {
    const [first] = row;
    if (first === undefined) return [];
    const { from, to, toKind, link, verdict } = first;
    const names = { from, to, toKind, ...(first.export === null ? {} : { export: first.export }) };
    const { summary, remedy, rule, condition } = explain(verdict, names);
    const policyLink = link === null ? undefined : policy.links[link];
    return [
      {
        from,
        to,
        import: policyLink?.import ?? null,
        line: policyLink?.line ?? null,
        labels: [...new Set(row.map(({ label }) => formatLabel(showLabel(label, (tag) => labels.show(tag)))))].sort(),
        rule,
        condition,
        summary: labels.showIn(summary),
        remedy: labels.showIn(remedy),
      },
    ];
  });
}

function listReach({ labels, paths, policy }: Analysis): CheckReach[] {
  return labels.secrecyTags.flatMap((tag) =>
    [...policy.resources.keys()].flatMap((resource): CheckReach[] => {
      const gatesOfWays = paths.why(tag, resource).map((way) => gatesThatTakeOff(tag, way));
      if (gatesOfWays.length === 0) return [];
      const isUngated = gatesOfWays.some((gates) => gates.length === 0);
      return [{ tag: labels.show(tag), resource, gates: [...new Set(gatesOfWays.flat())].sort(), isUngated }];
    }),
  );
}

function listGates({ graph, policy }: Analysis): CheckGate[] {
  const used = new Set(graph.flows.flatMap(({ release }) => release?.gate ?? []));
  const row = (
    gate: string,
    holder: string,
    on: CheckGate['on'],
    { declassify, endorse, requires, budget }: GatePolicy,
  ): CheckGate => ({
    gate,
    holder,
    on,
    declassify,
    endorse,
    requires,
    budget,
    isUsed: used.has(gate),
  });
  const exported = [...policy.compartments.values()].flatMap(({ name, gates }) =>
    [...gates].map(([key, gate]) => row(exportGateName(name, key), name, 'export', gate)),
  );
  const linked = policy.links.flatMap((link) =>
    link.gate === null ? [] : [row(linkGateName(link), link.from, 'link', link.gate)],
  );
  return [...exported, ...linked];
}

function findViolations(analysis: Analysis): CheckViolation[] {
  return analysis.policy.forbid.flatMap((rule): CheckViolation[] => {
    const path = violationOf(analysis, rule);
    return path === null ? [] : [{ rule: rule.text, line: rule.line, path }];
  });
}

export function unique<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

function by<T>(key: (item: T) => string): (one: T, other: T) => number {
  return (one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0);
}
