import { describeMachine, describeVersions } from './machine.ts';
import type { Result } from './result.ts';
import { PER_UNIT } from './row.ts';
import { verdictsOf } from './verdict.ts';

/** The figures for programs: `{ machine, versions, rows, missing, targets }`. Times are in the unit of their row. */
export function toJson(results: readonly Result[]): object {
  const rows = results.flatMap(({ row: { id, unit }, outcomes }) =>
    [...outcomes].flatMap(([subject, outcome]) => {
      if (outcome.kind !== 'measured') return [];
      const { p50, p99, best } = outcome.measured;
      const [p50InUnit, p99InUnit, bestInUnit] = [p50, p99, best].map((value) => value / PER_UNIT[unit]);
      return [{ id, subject, unit, p50: p50InUnit, p99: p99InUnit, best: bestInUnit }];
    }),
  );
  const missing = results.flatMap(({ row: { id }, outcomes }) =>
    [...outcomes].flatMap(([subject, outcome]) =>
      outcome.kind === 'measured' ? [] : [{ id, subject, kind: outcome.kind, reason: outcome.reason }],
    ),
  );
  const targets = results.flatMap((result) => verdictsOf(result).map((verdict) => ({ id: result.row.id, ...verdict })));
  return { machine: describeMachine(), versions: describeVersions(), rows, missing, targets };
}
