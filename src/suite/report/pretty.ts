import { printable } from '../../audit/index.ts';
import { byGroup, type Row, type Scoreboard } from '../scoreboard.ts';
import type { Outcome, Verdict } from '../verdict.ts';

type Style = (style: 'green' | 'red' | 'dim' | 'bold', text: string) => string;

const WORDS: Readonly<Record<Outcome, string>> = {
  passed: 'ok',
  breach: 'BREACH',
  denied: 'DENIED',
  error: 'ERROR',
  hung: 'HUNG',
  crashed: 'CRASHED',
  'not-applicable': '-',
};

/** For people: a line a case, a score a group and kind, and what came through where something did. */
export function renderPretty(board: Scoreboard, style: Style = (_, text) => text): string {
  const widths = board.kinds.map((kind) => Math.max(8, kind.length + 2));
  const header = `${''.padEnd(34)}${board.kinds.map((kind, i) => kind.padEnd(widths[i] ?? 8)).join('')}`;
  const lines = [style('dim', header)];
  for (const { group, rows } of byGroup(board)) {
    const scores = board.kinds.map((_, i) => scoreOf(rows, i).padEnd(widths[i] ?? 8));
    lines.push(style('bold', `${group.padEnd(34)}${scores.join('')}`));
    for (const { number, name, verdicts } of rows) {
      const cells = verdicts.map((verdict, i) => cell(verdict, widths[i] ?? 8, style));
      lines.push(`  ${String(number).padStart(4)} ${name.padEnd(27)}${cells.join('')}`.trimEnd());
    }
  }
  const failures = board.rows.flatMap(({ title, verdicts }) =>
    verdicts.filter(isFailure).map((verdict) => ({ title, verdict })),
  );
  for (const { title, verdict } of failures) {
    const { number, name, kind, outcome, detail } = verdict;
    lines.push('', style('red', `${WORDS[outcome]} ${number} ${name} (${kind}): ${printable(title)}`), indent(detail));
  }
  const rest = board.notApplicable > 0 ? `, ${board.notApplicable} not applicable` : '';
  lines.push('', `${board.passed} passed, ${board.failed} failed${rest} in ${(board.ms / 1000).toFixed(1)} s`);
  return `${lines.join('\n')}\n`;
}

export function isFailure({ outcome }: Verdict): boolean {
  return outcome !== 'passed' && outcome !== 'not-applicable';
}

function scoreOf(rows: readonly Row[], column: number): string {
  const outcomes = rows.flatMap(({ verdicts }) => verdicts[column]?.outcome ?? []);
  const all = outcomes.filter((outcome) => outcome !== 'not-applicable').length;
  return `${outcomes.filter((outcome) => outcome === 'passed').length}/${all}`;
}

function cell(verdict: Verdict, width: number, style: Style): string {
  const word = WORDS[verdict.outcome].padEnd(width);
  if (isFailure(verdict)) return style('red', word);
  return verdict.outcome === 'passed' ? style('green', word) : style('dim', word);
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${printable(line)}`)
    .join('\n');
}
