import type { Outcome } from './measure.ts';
import type { Result } from './result.ts';
import { round } from './round.ts';
import { PER_UNIT, type Row, type Unit } from './row.ts';
import type { Scale, Scaled } from './scaling/scale.ts';
import { isOurs } from './select.ts';
import { signOf } from './sign.ts';
import { measuredOf, type Verdict, verdictsOf } from './verdict.ts';

/** A result as people read it: a line for each subject, then one for each target. */
export function formatResult(result: Result): string {
  const { row, outcomes } = result;
  const best = bestPeer(result);
  const lines = [`${row.id} — ${row.what}${row.sampling === 'batch' ? '' : ' (each one timed)'}`];
  lines.push(
    `  ${'subject'.padEnd(24)}${'p50'.padStart(12)}${'p99'.padStart(12)}${'best'.padStart(12)}   to the best peer`,
  );
  for (const [name, outcome] of outcomes) lines.push(`  ${name.padEnd(24)}${cells(row, outcome, best)}`);
  for (const verdict of verdictsOf(result)) lines.push(`  target ${verdict.target}: ${standing(verdict)}`);
  return lines.join('\n');
}

/** The lowest median among those that are not ours. */
function bestPeer({ outcomes }: Result): number | null {
  const medians = [...outcomes.keys()]
    .filter((name) => !isOurs(name))
    .flatMap((name) => measuredOf(outcomes, name)?.p50 ?? []);
  return medians.length === 0 ? null : Math.min(...medians);
}

function cells({ unit }: Row, outcome: Outcome, best: number | null): string {
  if (outcome.kind !== 'measured')
    return `  ${outcome.kind !== 'failed' ? outcome.reason : `FAILED: ${outcome.reason}`}`;
  const { p50, p99, best: least } = outcome.measured;
  const times = [p50, p99, least].map((value) => inUnit(value, unit).padStart(12));
  return times.join('') + (best === null ? '' : `   ${round(p50 / best)} ×`);
}

/** `1.23 µs`. */
export function inUnit(nanoseconds: number, unit: Unit): string {
  return `${round(nanoseconds / PER_UNIT[unit])} ${signOf(unit)}`;
}

export function standing({ isMet, timesBound }: Verdict): string {
  if (isMet === null || timesBound === null) return 'cannot be said, something was not measured';
  return isMet ? `met (${round(timesBound)} of the bound)` : `MISSED: ${round(timesBound)} × the bound`;
}

/** How many targets are met, and which are not. */
export function summarise(results: readonly Result[]): string {
  const verdicts = results.flatMap((result) =>
    verdictsOf(result).map((verdict) => ({ id: result.row.id, ...verdict })),
  );
  const missed = verdicts.filter(({ isMet }) => isMet === false).map(({ id, target }) => `\n  ${id}: ${target}`);
  const met = verdicts.filter(({ isMet }) => isMet).length;
  return `${met} of ${verdicts.length} targets met.${missed.length === 0 ? '' : ` Missed:${missed.join('')}`}`;
}

/** Curves as people read them: a line for each size, then how it grows. */
export function formatScaling({ id, what, by }: Scale, { curves, missing }: Scaled): string {
  const lines = curves.flatMap(({ subject, unit, points, exponent, low, high }) => [
    ...points.map(({ x, p50 }) => {
      const size = `${x.toLocaleString('en')} ${by}`;
      return `  ${subject.padEnd(24)}${size.padStart(22)}${`${round(p50)} ${signOf(unit)}`.padStart(14)}`;
    }),
    `  ${subject} grows as ${by}^${exponent.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`,
  ]);
  const failed = missing.map(({ subject, reason }) => `  ${subject} FAILED: ${reason}`);
  return [`${id} — ${what}`, ...lines, ...failed].join('\n');
}
