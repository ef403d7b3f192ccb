import type { Figures } from './figures.ts';
import { describeMachine, describeVersions } from './machine.ts';
import type { Peers } from './peers.ts';
import type { Result } from './result.ts';
import { PER_UNIT } from './row.ts';
import { verdictsOf } from './verdict.ts';

/** What a run is told of besides its results. */
export interface RunInfo {
  readonly startedAt: Date;
  readonly seconds: number;
  readonly quick: boolean;
  /** Of what grows. */
  readonly missing?: Figures['missing'];
  readonly scaling?: Figures['scaling'];
  readonly application?: Figures['application'];
}

/** The figures for programs. Times are in the unit of their row. */
export function toFigures(results: readonly Result[], peers: Peers, info: RunInfo): Figures {
  const rows = results.flatMap(({ row: { id, unit }, outcomes }) =>
    [...outcomes].flatMap(([subject, outcome]) => {
      if (outcome.kind !== 'measured') return [];
      const { samples, rounds, p50, p99, best, q1, q3 } = outcome.measured;
      const per = (value: number) => value / PER_UNIT[unit];
      const quantiles = { p50: per(p50), p99: per(p99), best: per(best), q1: per(q1), q3: per(q3) };
      return [{ id, subject, unit, ...quantiles, rounds: rounds.map(per), samples }];
    }),
  );
  const missing = results.flatMap(({ row: { id }, outcomes }) =>
    [...outcomes].flatMap(([subject, outcome]) =>
      outcome.kind === 'measured' ? [] : [{ id, subject, kind: outcome.kind, reason: outcome.reason }],
    ),
  );
  const targets = results.flatMap((result) =>
    verdictsOf(result).map((verdict) => {
      const { id, unit } = result.row;
      return { id, ...verdict, bound: verdict.bound === null ? null : verdict.bound / PER_UNIT[unit] };
    }),
  );
  return {
    format: 1,
    startedAt: info.startedAt.toISOString(),
    seconds: info.seconds,
    quick: info.quick,
    machine: describeMachine(),
    versions: describeVersions(peers),
    about: results.map(({ row: { id, what, unit, sampling } }) => ({ id, what, unit, sampling })),
    rows,
    missing: [...missing, ...(info.missing ?? [])],
    targets,
    scaling: info.scaling ?? [],
    application: info.application ?? null,
  };
}
