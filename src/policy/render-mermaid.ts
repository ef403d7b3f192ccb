import type { CheckReport } from './check-report.ts';
import { deniedArrows } from './render-denied.ts';

/** The report as a Mermaid flowchart: solid arrows are calls, thick ones released by a gate, dotted ones denied. */
export function renderMermaid(report: CheckReport): string {
  const ids = new Map<string, string>();
  const idOf = (name: string): string => {
    const id = ids.get(name) ?? `n${ids.size}`;
    ids.set(name, id);
    return id;
  };
  const lines = [`  ${idOf('host')}(("host"))`];
  for (const { id, kind } of report.nodes) {
    const text = quoteMermaid(id);
    lines.push(kind === 'resource' ? `  ${idOf(id)}[("${text}")]` : `  ${idOf(id)}["${text}"]`);
  }
  for (const { from, to, import: imported, gate } of report.edges) {
    const text = quoteMermaid(gate ?? imported ?? '');
    const arrow = gate === null ? '-->' : '==>';
    lines.push(`  ${idOf(from)} ${arrow}${text === '' ? '' : `|"${text}"|`} ${idOf(to)}`);
  }
  for (const { from, to, gate } of report.releases)
    lines.push(`  ${idOf(from)} ==>|"${quoteMermaid(gate)}"| ${idOf(to)}`);
  for (const { from, to } of deniedArrows(report)) {
    if (!ids.has(to)) lines.push(`  ${idOf(to)}["${quoteMermaid(to)}"]`);
    lines.push(`  ${idOf(from)} -.->|"denied"| ${idOf(to)}`);
  }
  return `flowchart LR\n${lines.join('\n')}\n`;
}

/** Every character that could end a label or begin markup becomes its entity: names come from manifests of strangers. */
function quoteMermaid(text: string): string {
  return text.replace(/[^A-Za-z0-9 @:/._,|*-]/g, (character) => `#${character.codePointAt(0)};`);
}
