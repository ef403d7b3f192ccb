import { type ClosedGate, type Denied, formatLabel, type Offence } from '../label/index.ts';
import { makeRemedies, type Names, type Remedy } from './remedy.ts';

/** What an operator is told about a denial. Not for guests: rule 7. */
export interface Explanation {
  readonly summary: string;
  readonly rule: number;
  readonly condition: string;
  /** Labels as `formatLabel` writes them. */
  readonly from: string;
  readonly to: string;
  /** Secrecy tags in the way, and integrity tags that are missing. */
  readonly secrecy: readonly string[];
  readonly integrity: readonly string[];
  /** Why the gates on the way stayed closed, one sentence each. */
  readonly gates: readonly string[];
  /** Each by itself is a smallest change of the manifest that allows it; the least trusting first. */
  readonly remedies: readonly Remedy[];
  /** The texts of all remedies in one sentence. */
  readonly remedy: string;
}

/** Explains a denial by name; the same verdict and names always give the same explanation. */
export function explain(verdict: Denied, names: Names): Explanation {
  const remedies = makeRemedies(verdict, names);
  return {
    summary: summarise(verdict, names, verdict),
    rule: verdict.rule,
    condition: verdict.condition,
    from: formatLabel(verdict.from),
    to: formatLabel(verdict.to),
    secrecy: verdict.secrecy,
    integrity: verdict.integrity,
    gates: [
      ...verdict.closedGates.link.map((closed) => describeClosed('link', closed)),
      ...verdict.closedGates.export.map((closed) => describeClosed('export', closed)),
    ],
    remedies,
    remedy: remedies.map(({ text }) => text).join('; or '),
  };
}

/** Several lines of plain text, without a final line break. */
export function formatExplanation(explanation: Explanation): string {
  const { summary, rule, condition, from, to, secrecy, integrity, gates, remedies } = explanation;
  const lines: [string, string][] = [
    ['from', from],
    ['to', to],
    ...(secrecy.length > 0 ? [['in the way', secrecy.join(', ')] satisfies [string, string]] : []),
    ...(integrity.length > 0 ? [['missing', integrity.join(', ')] satisfies [string, string]] : []),
    ...gates.map((gate): [string, string] => ['gate', gate]),
    ...remedies.map(({ text }, i): [string, string] => [i === 0 ? 'remedy' : 'or', text]),
  ];
  return [
    `denied by rule ${rule} (${condition}): ${summary}`,
    ...lines.map(([key, text]) => `  ${key.padEnd(10)}  ${text}`),
  ].join('\n');
}

function summarise({ action }: Denied, { from, to, toKind }: Names, offence: Offence): string {
  const source = formatLabel(offence.from);
  const target = formatLabel(offence.to);
  const verb = action === 'post' ? 'post to' : 'call';
  switch (offence.condition) {
    case 'sent-no-lower':
      return `${from} runs at ${source} but sent a message labelled ${target}.`;
    case 'sent-no-higher':
      return `${from} runs at ${target} but sent a message labelled ${source}.`;
    case 'clearance':
      return toKind === 'resource'
        ? `${from} may not send ${source} to ${to}, which takes ${target}.`
        : `${from} may not ${verb} ${to}: it would run at ${source}, and its clearance is ${target}.`;
    case 'reply':
      return `${from} may not ${verb} ${to}: the reply would be labelled ${source}, and ${from} runs at ${target}.`;
    case 'read':
      return `${from} runs at ${target} and may not read ${to}, which is labelled ${source}.`;
    case 'create':
      return `${from} runs at ${source} and may not create an object labelled ${target} in ${to}.`;
    default:
      return `${from} runs at ${source} and may not write to ${to}, which is labelled ${target}.`;
  }
}

function describeClosed(where: 'link' | 'export', { condition, missing }: ClosedGate): string {
  const list = missing.join(', ');
  switch (condition) {
    case 'requires':
      return `the gate of the ${where} released nothing: the request does not carry ${list}`;
    case 'budget':
      return `the gate of the ${where} released nothing: its budget is used up`;
    default:
      return `the gate of the ${where} released nothing: the privilege ${list} is not held`;
  }
}
