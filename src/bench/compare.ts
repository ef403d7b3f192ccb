import type { Figures } from './figures.ts';

type Row = Figures['rows'][number];

/** How one subject of one row stands to what it was. */
export interface Change {
  readonly id: string;
  readonly subject: string;
  /** New by old, after the drift of the machine has been taken out; above 1 is slower. */
  readonly ratio: number;
  /** The 95 % interval of that ratio. */
  readonly low: number;
  readonly high: number;
  /** `unknown`: too few rounds to say. */
  readonly verdict: 'slower' | 'faster' | 'noise' | 'unknown';
}

export interface Comparison {
  readonly changes: readonly Change[];
  /** How much slower the peers became that are the same in both: what the machine, not the program, did. */
  readonly drift: number;
  /** How many of them there are. Without any, the drift is taken to be 1. */
  readonly controls: number;
  /** Why the two may not be comparable. */
  readonly warnings: readonly string[];
  /** Subjects that only one of them has, of the rows that were measured now. */
  readonly onlyOld: readonly string[];
  readonly onlyNew: readonly string[];
}

/** With fewer rounds no interval means anything. */
const LEAST_ROUNDS = 5;
const RESAMPLES = 2000;
/** Two runs of the same program differ by so much even where each is steady: placement in memory, clocks, neighbours. */
const FLOOR = 0.05;

/**
 * Tells noise from change. The medians of the rounds of both are resampled (a bootstrap), which gives an interval for the
 * ratio of their medians. The drift of the machine is that of the peers whose versions are the same; what they scatter
 * around it says how far apart two runs of one program lie on this machine, and an interval has to clear that.
 */
export function compareFigures(old: Figures, now: Figures): Comparison {
  const before = new Map(old.rows.map((row) => [keyOf(row), row]));
  const after = new Map(now.rows.map((row) => [keyOf(row), row]));
  const pairs = [...after].flatMap(([key, row]) => {
    const was = before.get(key);
    return was === undefined || was.unit !== row.unit ? [] : [{ was, row }];
  });
  const asked = new Set(now.rows.map(({ id }) => id));
  const controls = pairs.filter(({ row: { subject } }) => isControl(subject, old, now));
  const logs = controls.map(({ was, row }) => Math.log(row.p50 / was.p50));
  const drift = Math.exp(medianOf(logs) ?? 0);
  const scatter = 1.5 * (medianOf(logs.map((log) => Math.abs(log - Math.log(drift)))) ?? 0);
  const margin = Math.max(FLOOR, Math.expm1(scatter));
  return {
    changes: pairs.map(({ was, row }) => changeOf(was, row, drift, margin)),
    drift,
    controls: controls.length,
    warnings: warningsOf(old, now),
    onlyOld: old.rows.filter((row) => asked.has(row.id) && !after.has(keyOf(row))).map(keyOf),
    onlyNew: [...after.keys()].filter((key) => !before.has(key)),
  };
}

function keyOf({ id, subject }: Row): string {
  return `${id} ${subject}`;
}

/** Is it something else than ours, and the same in both? */
function isControl(subject: string, old: Figures, now: Figures): boolean {
  if (subject.startsWith('cofferdam')) return false;
  const name = Object.keys(now.versions).find((peer) => subject.startsWith(peer)) ?? 'node';
  return old.versions[name] === now.versions[name] && old.versions.node === now.versions.node;
}

function changeOf(was: Row, row: Row, drift: number, margin: number): Change {
  const { id, subject } = row;
  const ratio = row.p50 / was.p50 / drift;
  if (Math.min(was.rounds.length, row.rounds.length) < LEAST_ROUNDS) {
    return { id, subject, ratio, low: ratio, high: ratio, verdict: 'unknown' };
  }
  const [low, high] = intervalOf(was.rounds, row.rounds).map((bound) => bound / drift) as [number, number];
  const verdict = low > 1 + margin ? 'slower' : high < 1 / (1 + margin) ? 'faster' : 'noise';
  return { id, subject, ratio, low, high, verdict };
}

/** The 95 % interval of the ratio of two medians, by resampling each with replacement. */
function intervalOf(old: readonly number[], now: readonly number[]): [number, number] {
  const random = randomFrom(old.length * 7919 + now.length);
  const draw = (from: readonly number[]) =>
    medianOf(from.map(() => from[Math.floor(random() * from.length)] as number)) as number;
  const ratios = Array.from({ length: RESAMPLES }, () => draw(now) / draw(old)).sort((a, b) => a - b);
  return [ratios[Math.floor(RESAMPLES * 0.025)] as number, ratios[Math.floor(RESAMPLES * 0.975)] as number];
}

/** The same numbers each time, so that a comparison says the same twice (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const [upper, lower] = [sorted[half], sorted[sorted.length % 2 === 0 ? half - 1 : half]];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
}

function warningsOf(old: Figures, now: Figures): string[] {
  const warnings: string[] = [];
  const machines = [old, now].map(
    ({ machine: { cpu, cores, memoryGiB, os } }) => `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}`,
  );
  if (machines[0] !== machines[1]) warnings.push(`Another machine: ${machines.join(' / ')}. Ratios say little.`);
  for (const name of new Set([...Object.keys(old.versions), ...Object.keys(now.versions)])) {
    const [was, is] = [old.versions[name] ?? 'none', now.versions[name] ?? 'none'];
    if (was !== is) warnings.push(`Another version of ${name}: ${was} / ${is}.`);
  }
  if (old.quick || now.quick) warnings.push('A quick run has too few rounds for an answer.');
  return warnings;
}
