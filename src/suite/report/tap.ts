import type { Scoreboard } from '../scoreboard.ts';
import { isFailure } from './pretty.ts';

/** Test Anything Protocol, version 14 (testanything.org). */
export function renderTap(board: Scoreboard): string {
  const verdicts = board.rows.flatMap(({ verdicts, title }) => verdicts.map((verdict) => ({ ...verdict, title })));
  const lines = verdicts.flatMap((verdict, i) => {
    const { number, name, kind, outcome, detail, ms, title } = verdict;
    const skip = outcome === 'not-applicable' ? ` # SKIP ${plainText(detail)}` : '';
    const line = `${isFailure(verdict) ? 'not ok' : 'ok'} ${i + 1} - ${number} ${name} (${kind})${skip}`;
    if (!isFailure(verdict)) return [line];
    const facts = { outcome, title, detail, durationMs: Math.round(ms) };
    return [
      line,
      '  ---',
      ...Object.entries(facts).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
      '  ...',
    ];
  });
  return `TAP version 14\n1..${verdicts.length}\n${lines.join('\n')}\n`;
}

/** In a description and a directive, a hash and a backslash mean something, and a line is a line. */
function plainText(text: string): string {
  return text.replace(/[\\#]/g, (sign) => `\\${sign}`).replaceAll('\n', ' ');
}
