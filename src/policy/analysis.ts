import { CofferdamError } from '../error.ts';
import { formatLabel, type LabelInput } from '../label/index.ts';
import type { Worlds } from './analysis-exports.ts';
import { explore } from './analysis-graph.ts';
import { CheckLabels } from './analysis-labels.ts';
import { Paths } from './analysis-paths.ts';
import type { WhyStep } from './check-report.ts';
import type { DataFlow, FlowGraph, Vertex } from './flow-graph.ts';
import { nearest } from './names.ts';
import type { ForbidRule, Policy } from './policy.ts';
import { quoted } from './problems.ts';

/** What can flow where under a policy, before anything runs. Ask it with `why`; `check` makes the report of it. */
export interface Analysis {
  readonly policy: Policy;
  readonly labels: CheckLabels;
  readonly graph: FlowGraph;
  readonly paths: Paths;
}

/** A way that data takes, from where it starts to the resource. */
export type Way = readonly WhyStep[];

/**
 * Follows all data from every call that the host may make. Grants made at run time are not known here. Types (`worlds`,
 * by compartment) make it exact where a manifest names only interfaces; without them every export that could be meant is.
 * Throws CHECK_LIMIT.
 */
export function analyse(policy: Policy, worlds: Worlds = new Map()): Analysis {
  const labels = new CheckLabels(policy);
  const graph = explore(policy, labels, worlds);
  return { policy, labels, graph, paths: new Paths(graph, policy) };
}

/**
 * The ways by which data with this tag can get to the resource: a shortest one, then one by other gates, and so on; none
 * when it cannot. A family asks for any member that the manifest does not name. Throws CHECK_QUESTION.
 */
export function why({ policy, labels, paths }: Analysis, tag: string, resource: string): readonly Way[] {
  const member = tag.endsWith(':*') ? `${tag.slice(0, -1)}any` : tag;
  try {
    labels.space.label({ secrecy: [member] });
  } catch (cause) {
    const found = nearest(
      tag,
      labels.secrecyTags.map((known) => labels.show(known)),
    );
    const advice = found === null ? 'ask about a secrecy tag of the manifest' : `did you mean '${found}'?`;
    throw new CofferdamError('CHECK_QUESTION', `There is no secrecy tag ${quoted(tag)} — ${advice}`, { cause });
  }
  if (!policy.resources.has(resource)) {
    const found = nearest(resource, policy.resources.keys());
    const advice =
      found === null ? `there are: ${[...policy.resources.keys()].join(', ') || 'none'}` : `did you mean '${found}'?`;
    throw new CofferdamError('CHECK_QUESTION', `There is no resource ${quoted(resource)} — ${advice}`);
  }
  const stand = tag.endsWith(':*') ? labels.symbolOf(tag) : labels.stand(tag);
  const show = (shown: string): string => (shown === stand ? tag : labels.show(shown));
  return paths.why(stand, resource).map((flows) => stepsOf(flows, show));
}

/** A way that breaks the rule, or null: one on which no excepted compartment's gate takes the tag off. */
export function violationOf({ labels, paths }: Analysis, { tag, resource, except }: ForbidRule): Way | null {
  for (const member of labels.members(tag)) {
    const path = paths.way(member, resource, (holder) => except.includes(holder));
    if (path !== null) return stepsOf(path, (shown) => labels.show(shown));
  }
  return null;
}

/** What the vertex is called, its tags shown as the reader knows them. */
export function nameOf({ kind, name, label }: Vertex, show: (tag: string) => string): string {
  if (kind !== 'instance') return name;
  return `${name}@${formatLabel(showLabel(label, show))}`;
}

export function showLabel(label: LabelInput, show: (tag: string) => string): LabelInput {
  return { secrecy: (label.secrecy ?? []).map(show).sort(), integrity: [...(label.integrity ?? [])] };
}

function stepsOf(flows: readonly DataFlow[], show: (tag: string) => string): Way {
  const [first] = flows;
  if (first === undefined) return [];
  const start: WhyStep = { at: nameOf(first.from, show), gate: null, removed: [], added: [] };
  const steps = flows.map(({ to, release }): WhyStep => {
    const { gate = null, removed = [], added = [] } = release ?? {};
    return { at: nameOf(to, show), gate, removed: removed.map(show), added };
  });
  // The host may relabel data upwards several times in a row, which a reader need not see.
  return [start, ...steps].filter(
    ({ at, gate }, index, all) => index === 0 || gate !== null || all[index - 1]?.at !== at,
  );
}
