import type { Figures } from '../figures.ts';
import type { Measured, Plan } from '../measure.ts';
import { runRow } from '../result.ts';
import { type MakeSubject, PER_UNIT, type Row, type Unit } from '../row.ts';
import type { Scene } from '../scene.ts';
import { measuredOf } from '../verdict.ts';
import { fitExponent } from './fit.ts';

/** Something that is measured at several sizes. */
export interface Scale {
  readonly id: string;
  readonly what: string;
  readonly unit: Unit;
  /** What grows, as an axis names it. */
  readonly by: string;
  readonly samples?: number;
  readonly curves: Readonly<Record<string, Curve>>;
}

export interface Curve {
  readonly sizes: readonly number[];
  make(size: number): MakeSubject;
}

/** Shorter than for rows: there are many sizes, and all of them take part in the fit. */
export const SCALING: Plan = { warmUpMs: 60, rounds: 7, samples: 3, batchMs: 4, maxSamples: 100 };

/** What came out, and what did not. */
export interface Scaled {
  readonly curves: Figures['scaling'];
  readonly missing: Figures['missing'];
}

/** All sizes of all curves take turns, as the subjects of a row do. A size that fails is left out, and said. */
export async function runScale(scale: Scale, scene: Scene, plan: Plan): Promise<Scaled> {
  const { id, what, unit, by, curves } = scale;
  const subjects = Object.fromEntries(
    Object.entries(curves).flatMap(([name, { sizes, make }]) => sizes.map((size) => [keyOf(name, size), make(size)])),
  );
  const limit = scale.samples === undefined ? {} : { samples: scale.samples };
  const row: Row = { id, what, unit, sampling: 'batch', targets: [], subjects, ...limit };
  const { outcomes } = await runRow(row, scene, plan);
  const missing = [...outcomes].flatMap(([subject, outcome]) =>
    outcome.kind === 'measured' ? [] : [{ id, subject, kind: outcome.kind, reason: outcome.reason }],
  );
  const drawn = Object.entries(curves).flatMap(([subject, { sizes }]) => {
    const points = sizes.flatMap((x) => {
      const measured = measuredOf(outcomes, keyOf(subject, x));
      return measured === undefined ? [] : [{ x, ...inUnit(measured, unit) }];
    });
    if (points.length < LEAST_SIZES) return [];
    return [{ id, subject, what, unit, by, points, ...fitExponent(points.map(({ x, best }) => [x, best])) }];
  });
  return { curves: drawn, missing };
}

/** With fewer there is nothing to fit. */
const LEAST_SIZES = 3;

function keyOf(subject: string, size: number): string {
  return `${subject}@${size}`;
}

function inUnit({ p50, best, q1, q3 }: Measured, unit: Unit) {
  const per = PER_UNIT[unit];
  return { p50: p50 / per, best: best / per, q1: q1 / per, q3: q3 / per };
}
