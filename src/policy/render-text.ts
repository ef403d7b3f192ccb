import type { Way } from './analysis.ts';
import type { CheckGate, CheckReport, WhyStep } from './check-report.ts';
import { formatBudget } from './quantity.ts';

/** The report for a person at a terminal. Plain text, ends with a line break. */
export function renderText(report: CheckReport): string {
  const sections: [string, readonly string[]][] = [
    ['What can run, and at which labels', listInstances(report)],
    ['Gates: the only places where data is released', report.gates.map(describeGate)],
    [
      'Denied',
      report.denied.map(
        ({ from, to, labels, remedy }) => `${from} -> ${to} at ${labels.join(', ')} — to allow it: ${remedy}`,
      ),
    ],
    [
      "Where each tag's data can get",
      report.reach.map(({ tag, resource, gates, isUngated }) => `${tag} -> ${resource} ${through(gates, isUngated)}`),
    ],
    [
      'Forbidden, but possible',
      report.forbidViolations.map(
        ({ rule, line, path }) => `${line === null ? '' : `line ${line}: `}${rule}\n    ${formatWay(path)}`,
      ),
    ],
  ];
  const shown = sections.map(
    ([title, lines]) => `${title}\n${(lines.length === 0 ? ['none'] : lines).map((line) => `  ${line}\n`).join('')}`,
  );
  return `${shown.join('\n')}\n${report.ok ? 'ok' : `not ok: ${report.forbidViolations.length} forbidden`}\n`;
}

/** `host → redact@{customer:acme} → [redact.redact declassifies customer:acme] → host → notify@public → webhook`. */
export function formatWay(way: Way): string {
  return way.flatMap((step) => (step.gate === null ? [step.at] : [describeRelease(step), step.at])).join(' → ');
}

/** The answer to `--why TAG RESOURCE`. Ends with a line break. */
export function renderWhy(tag: string, resource: string, ways: readonly Way[]): string {
  if (ways.length === 0) return `There is no way for ${tag} to get to ${resource}.\n`;
  return ways.map((way) => `${formatWay(way)}\n`).join('');
}

function describeRelease({ gate, removed, added }: WhyStep): string {
  const acts = [
    removed.length === 0 ? '' : `declassifies ${removed.join(', ')}`,
    added.length === 0 ? '' : `endorses ${added.join(', ')}`,
  ];
  return `[${gate} ${acts.filter((act) => act !== '').join(' and ')}]`;
}

function listInstances({ nodes }: CheckReport): string[] {
  const labelsOf = new Map<string, string[]>();
  for (const { kind, name, id } of nodes) {
    if (kind === 'resource') continue;
    const labels = labelsOf.get(name) ?? [];
    labels.push(id.slice(name.length + 1));
    labelsOf.set(name, labels);
  }
  return [...labelsOf].map(([name, labels]) => `${name} at ${labels.join(', ')}`);
}

function describeGate({ gate, declassify, endorse, requires, budget, isUsed }: CheckGate): string {
  const parts = [
    declassify.length === 0 ? '' : `declassifies ${declassify.join(', ')}`,
    endorse.length === 0 ? '' : `endorses ${endorse.join(', ')}`,
    requires.length === 0 ? '' : `requires ${requires.join(', ')}`,
    formatBudget(budget),
    isUsed ? '' : 'never opens',
  ];
  return `${gate}: ${parts.filter((part) => part !== '').join('; ')}`;
}

function through(gates: readonly string[], isUngated: boolean): string {
  if (gates.length === 0) return 'without a gate';
  return `through ${gates.join(' or ')}${isUngated ? ', and without a gate' : ''}`;
}
