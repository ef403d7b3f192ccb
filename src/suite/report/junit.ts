import { byGroup, type Scoreboard } from '../scoreboard.ts';
import type { Verdict } from '../verdict.ts';
import { escapeMarkup } from './markup.ts';
import { isFailure } from './pretty.ts';

/** The XML that CI systems read: a suite for each group, a test for each case and kind. */
export function renderJunit(board: Scoreboard): string {
  const suites = byGroup(board).map(({ group, rows }) => {
    const verdicts = rows.flatMap((row) => row.verdicts);
    const skipped = verdicts.filter(({ outcome }) => outcome === 'not-applicable').length;
    const counts = `tests="${verdicts.length}" failures="${verdicts.filter(isFailure).length}" skipped="${skipped}"`;
    const seconds = verdicts.reduce((sum, { ms }) => sum + ms, 0) / 1000;
    return [
      `  <testsuite name="${escapeMarkup(group)}" ${counts} time="${seconds.toFixed(3)}" timestamp="${board.startedAt}">`,
      ...verdicts.map((verdict) => `    ${testcase(verdict, group)}`),
      '  </testsuite>',
    ].join('\n');
  });
  const tests = board.passed + board.failed + board.notApplicable;
  const head = `<testsuites name="cofferdam test" tests="${tests}" failures="${board.failed}" time="${(board.ms / 1000).toFixed(3)}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${suites.join('\n')}\n</testsuites>\n`;
}

function testcase(verdict: Verdict, group: string): string {
  const { number, name, kind, outcome, detail, ms } = verdict;
  const attributes = `classname="${escapeMarkup(`${group}.${kind}`)}" name="${escapeMarkup(`${number} ${name}`)}" time="${(ms / 1000).toFixed(3)}"`;
  if (outcome === 'not-applicable') {
    return `<testcase ${attributes}><skipped message="${escapeMarkup(detail)}"/></testcase>`;
  }
  if (!isFailure(verdict)) return `<testcase ${attributes}/>`;
  return `<testcase ${attributes}><failure type="${outcome}" message="${escapeMarkup(detail.split('\n')[0] ?? '')}">${escapeMarkup(detail)}</failure></testcase>`;
}
