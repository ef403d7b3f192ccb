import type { CheckReport } from './check-report.ts';
import { deniedArrows } from './render-denied.ts';

/** The report as a Graphviz digraph: bold arrows are released by a gate, dashed red ones denied. */
export function renderDot(report: CheckReport): string {
  const lines = [`  ${quoteDot('host')} [shape=circle]`];
  for (const { id, kind } of report.nodes)
    lines.push(`  ${quoteDot(id)} [shape=${kind === 'resource' ? 'cylinder' : 'box'}]`);
  for (const { from, to, import: imported, gate } of report.edges) {
    const label = gate ?? imported;
    const parts = [...(label === null ? [] : [`label=${quoteDot(label)}`]), ...(gate === null ? [] : ['style=bold'])];
    lines.push(`  ${quoteDot(from)} -> ${quoteDot(to)}${parts.length === 0 ? '' : ` [${parts.join(', ')}]`}`);
  }
  for (const { from, to, gate } of report.releases) {
    lines.push(`  ${quoteDot(from)} -> ${quoteDot(to)} [label=${quoteDot(gate)}, style=bold]`);
  }
  for (const { from, to } of deniedArrows(report)) {
    lines.push(`  ${quoteDot(from)} -> ${quoteDot(to)} [label="denied", style=dashed, color=red]`);
  }
  return `digraph cofferdam {\n  rankdir=LR\n${lines.join('\n')}\n}\n`;
}

/** A quoted DOT string: only `"` and `\` mean something in it, and a line end must not. */
function quoteDot(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/[\r\n]/g, ' ')}"`;
}
