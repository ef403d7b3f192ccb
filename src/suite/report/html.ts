import { byGroup, type Row, type Scoreboard } from '../scoreboard.ts';
import type { Verdict } from '../verdict.ts';
import { escapeMarkup } from './markup.ts';
import { isFailure } from './pretty.ts';

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; --good: #1a7f37; --bad: #cf222e; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #ff7b72; } }
body { max-width: 66rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
.score { font-size: 1.1rem; margin: .8rem 0 1.4rem; }
.about { color: GrayText; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .28rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th[scope=rowgroup] { padding-top: 1.1rem; }
td.number { text-align: right; color: GrayText; font-variant-numeric: tabular-nums; }
.passed { color: var(--good); } .failed { color: var(--bad); font-weight: 600; } .none { color: GrayText; }
pre { white-space: pre-wrap; margin: .3rem 0; font-size: .85rem; }`;

/** One page that needs nothing beside itself. All text in it is data: escaped, and no script anywhere. */
export function renderHtml(board: Scoreboard): string {
  const { cofferdam, node } = board.versions;
  const head = board.kinds.map((kind) => `<th scope="col">${escapeMarkup(kind)}</th>`).join('');
  const groups = byGroup(board).map(({ group, rows }) => {
    const scores = board.kinds.map((_, i) => `<td>${scoreOf(rows, i)}</td>`).join('');
    return `<tbody><tr><th scope="rowgroup" colspan="3">${escapeMarkup(group)}</th>${scores}</tr>${rows.map(rowOf).join('')}</tbody>`;
  });
  const verdict = board.failed === 0 ? 'passed' : 'failed';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Isolation suite: ${escapeMarkup(board.subject)}</title><style>${STYLE}</style></head><body>
<h1>Isolation suite: ${escapeMarkup(board.subject)}</h1>
<p class="about">${escapeMarkup(board.startedAt)}, ${(board.ms / 1000).toFixed(1)} s, seed ${board.seed}, Cofferdam ${escapeMarkup(cofferdam)}, Node ${escapeMarkup(node)}. Each case is an attack that must get nothing, and its allowed twin that must succeed.</p>
<p class="score"><span class="${verdict}">${board.passed} passed, ${board.failed} failed</span>, ${board.notApplicable} not applicable</p>
<table><thead><tr><th scope="col">No</th><th scope="col">Case</th><th scope="col">Attack</th>${head}</tr></thead>
${groups.join('\n')}
</table></body></html>
`;
}

function rowOf({ number, name, title, verdicts }: Row): string {
  const cells = verdicts.map(cellOf).join('');
  return `<tr><td class="number">${number}</td><td>${escapeMarkup(name)}</td><td>${escapeMarkup(title)}</td>${cells}</tr>`;
}

function cellOf(verdict: Verdict): string {
  const { outcome, detail } = verdict;
  if (outcome === 'passed') return '<td class="passed">passed</td>';
  if (!isFailure(verdict)) return `<td class="none" title="${escapeMarkup(detail)}">not applicable</td>`;
  return `<td class="failed">${outcome}<details><summary>what</summary><pre>${escapeMarkup(detail)}</pre></details></td>`;
}

function scoreOf(rows: readonly Row[], column: number): string {
  const tried = rows
    .flatMap(({ verdicts }) => verdicts[column] ?? [])
    .filter((each) => each.outcome !== 'not-applicable');
  return `${tried.filter(({ outcome }) => outcome === 'passed').length} of ${tried.length}`;
}
