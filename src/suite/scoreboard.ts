import { type Case, GROUPS, type Group } from './case.ts';
import type { Verdict } from './verdict.ts';

/** The cases that were tried, and how: what every report is made from. */
export interface Scoreboard {
  readonly versions: { readonly cofferdam: string; readonly node: string };
  /** What was tried: `cofferdam`, or the file that made another host. */
  readonly subject: string;
  readonly seed: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly ms: number;
  /** Columns, in order. */
  readonly kinds: readonly string[];
  readonly rows: readonly Row[];
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
}

export interface Row {
  readonly number: number;
  readonly name: string;
  readonly group: Group;
  readonly title: string;
  /** Parallel to `kinds`. */
  readonly verdicts: readonly Verdict[];
}

export function makeScoreboard(
  cases: readonly Pick<Case, 'number' | 'name' | 'group' | 'title'>[],
  verdicts: readonly Verdict[],
  about: Pick<Scoreboard, 'versions' | 'subject' | 'seed' | 'startedAt' | 'ms'>,
): Scoreboard {
  const kinds = [...new Set(verdicts.map(({ kind }) => kind))];
  const rows = cases.map(({ number, name, group, title }) => ({
    number,
    name,
    group,
    title,
    verdicts: kinds.flatMap((kind) => verdicts.find((each) => each.number === number && each.kind === kind) ?? []),
  }));
  const count = (is: (verdict: Verdict) => boolean) => verdicts.filter(is).length;
  const passed = count(({ outcome }) => outcome === 'passed');
  const notApplicable = count(({ outcome }) => outcome === 'not-applicable');
  const failed = verdicts.length - passed - notApplicable;
  return { ...about, kinds, rows, passed, failed, notApplicable };
}

/** The groups that have rows, each with its own. */
export function byGroup({ rows }: Scoreboard): readonly { readonly group: Group; readonly rows: readonly Row[] }[] {
  return GROUPS.map((group) => ({ group, rows: rows.filter((row) => row.group === group) })).filter(
    (each) => each.rows.length > 0,
  );
}
