import type { Broker } from '../broker/broker.ts';
import { type Edge, type Entry, HOST } from '../broker/edge.ts';
import { explainEdge } from '../broker/recorder.ts';
import { isNamed, type Wiring } from '../broker/wiring.ts';
import { CofferdamError } from '../error.ts';
import type { Label, LabelInput } from '../label/index.ts';
import { type Explanation, formatExplanation } from '../policy/explain.ts';
import { isUpTo } from './target.ts';

/** Would a message flow along the edges from one party to another? */
export interface Explained {
  /** Do all of them let it through? */
  readonly allowed: boolean;
  readonly edges: readonly ExplainedEdge[];
  /** For a person to read. */
  readonly text: string;
}

export interface ExplainedEdge {
  readonly edge: string;
  readonly allowed: boolean;
  /** Where it is allowed: the labels of the message as it arrives, the instance that runs, and the reply. */
  readonly labels: { readonly request: Label; readonly instance: Label; readonly reply: Label } | null;
  /** Where it is not; null also where the manifest's entries keep host code from such labels. */
  readonly explanation: Explanation | null;
}

/** `from` may be `host`. Throws TARGET_UNKNOWN when no edge leads from one to the other. */
export function explainFlow(
  wiring: Wiring,
  broker: Broker,
  { from, to, label, export: key }: { from: string; to: string; label: LabelInput; export?: string },
): Explained {
  const request = broker.space.label(label);
  const ways = waysBetween(wiring, from, to).filter(({ edge }) => key === undefined || isNamed(edge.name, key));
  if (ways.length === 0) {
    throw new CofferdamError('TARGET_UNKNOWN', `No link leads from ${from} to ${to}: nothing can flow (rule 9).`, {
      details: { from, to },
    });
  }
  const explained = ways.map(({ edge, upTo }): ExplainedEdge => {
    if (!isUpTo(broker.space, upTo, request)) {
      return { edge: edge.text, allowed: false, labels: null, explanation: null };
    }
    const verdict = broker.decisions.decide(edge, { from: from === HOST ? null : request, request }, 0);
    if (!verdict.allowed) {
      return { edge: edge.text, allowed: false, labels: null, explanation: explainEdge(edge, verdict) };
    }
    const { request: sent, instance, reply } = verdict;
    return { edge: edge.text, allowed: true, labels: { request: sent, instance, reply }, explanation: null };
  });
  const text = explained.map(({ edge, labels, explanation }) => {
    if (explanation) return `${edge}\n${formatExplanation(explanation)}`;
    if (!labels) return `${edge}\ndenied: the manifest's entries do not go up to ${broker.space.format(request)}`;
    return `${edge}\nallowed: runs at ${broker.space.format(labels.instance)}`;
  });
  return { allowed: explained.every(({ allowed }) => allowed), edges: explained, text: text.join('\n') };
}

interface Way extends Pick<Entry, 'upTo'> {
  readonly edge: Edge;
}

function waysBetween(wiring: Wiring, from: string, to: string): readonly Way[] {
  if (from === HOST) {
    const { entries } = wiring.compartments.get(to)?.edges ?? { entries: [] };
    return entries.flatMap((entry) => (entry ? [{ edge: entry.call, upTo: entry.upTo }] : []));
  }
  const edges = (wiring.compartments.get(from)?.edges.imports ?? []).filter((edge) => edge.to === to);
  return edges.map((edge) => ({ edge, upTo: null }));
}
