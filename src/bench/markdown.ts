import type { Result } from './result.ts';
import { isOurs } from './select.ts';
import { inUnit, standing } from './table.ts';
import { measuredOf, verdictsOf } from './verdict.ts';

/** The table of `docs/performance.md`: medians, and how each target stands. */
export function toMarkdown(results: readonly Result[]): string {
  const head = ['| row | Cofferdam | peers | target |', '| --- | --- | --- | --- |'];
  return [...head, ...results.map(line)].join('\n');
}

function line(result: Result): string {
  const { row, outcomes } = result;
  const cell = (name: string) => {
    const found = measuredOf(outcomes, name);
    return found === undefined ? (outcomes.get(name)?.kind ?? '') : inUnit(found.p50, row.unit);
  };
  const names = [...outcomes.keys()];
  const ours = names.filter((name) => isOurs(name));
  const peers = names.filter((name) => !isOurs(name));
  const targets = verdictsOf(result).map((verdict) => `${verdict.target}: ${standing(verdict)}`);
  return `| ${[
    `\`${row.id}\``,
    ours.map((name) => (name === 'cofferdam' ? `**${cell(name)}**` : `${name.slice(10)} ${cell(name)}`)).join(' · '),
    peers.map((name) => `${name} ${cell(name)}`).join(' · ') || '-',
    targets.join('; ') || '-',
  ].join(' | ')} |`;
}
