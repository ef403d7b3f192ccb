import { type Event, runModel, type Semantics, SOUND } from './model.ts';
import type { RealHosts, Seen } from './real.ts';
import { canSee, type Observation, type Run, type World } from './world.ts';

/** Where the observer can tell the two runs apart. */
export interface Leak {
  readonly one: string;
  readonly other: string;
}

const NOTHING = '(nothing)';

function firstDifference(one: readonly string[], other: readonly string[]): number {
  const length = Math.max(one.length, other.length);
  for (let i = 0; i < length; i++) if (one[i] !== other[i]) return i;
  return -1;
}

function leakOf(one: readonly string[], other: readonly string[]): Leak | null {
  const at = firstDifference(one, other);
  return at < 0 ? null : { one: one[at] ?? NOTHING, other: other[at] ?? NOTHING };
}

function visible<T extends Observation>({ observer }: World, observations: readonly T[]): readonly T[] {
  return observations.filter(({ label }) => canSee(observer, label));
}

const textOf = ({ what, detail = '' }: Observation) => `${what} ${detail}`.trim();

/** The first at which the observer can tell the runs apart may be what a gate tells it: gradual release. */
function isTold({ observer }: World, event: Event | undefined): boolean {
  return event?.releasedFrom != null && !canSee(observer, event.releasedFrom);
}

/** Up to the first thing that a gate tells the observer and that is not the same in both, all must be the same. */
export function leakOfModel(world: World, semantics: Semantics = SOUND): Leak | null {
  const runs = ([0, 1] as const).map((run) => visible(world, runModel(world, run, semantics).events));
  const [one = [], other = []] = runs;
  const at = firstDifference(
    one.map(({ what }) => what),
    other.map(({ what }) => what),
  );
  if (at < 0 || isTold(world, one[at]) || isTold(world, other[at])) return null;
  return { one: one[at]?.what ?? NOTHING, other: other[at]?.what ?? NOTHING };
}

/** Does a gate, rightly, tell the observer something that differs between the runs? */
export function isReleased(world: World): boolean {
  const [one = [], other = []] = ([0, 1] as const).map((run) => visible(world, runModel(world, run).events));
  const at = firstDifference(
    one.map(({ what }) => what),
    other.map(({ what }) => what),
  );
  return at >= 0;
}

/** A host that is not sound, in the model's terms: what no gate of a sound one releases must not be seen with it either. */
export function leakOfFlawed(world: World, semantics: Semantics): Leak | null {
  const [one = [], other = []] = ([0, 1] as const).map((run) =>
    visible(world, runModel(world, run, semantics).events).flatMap((event) =>
      event.releasedFrom === null ? [event.what] : [],
    ),
  );
  const leak = leakOf(one, other);
  return leak === null || isReleased(world) ? null : leak;
}

/** What a real host lets the observer tell apart, where no gate rightly tells it anything. */
export async function leakOfHost(world: World, hosts: RealHosts, { hasJournal = false } = {}): Promise<Leak | null> {
  if (isReleased(world)) return null;
  const one = await hosts.run(world, 0, { hasJournal });
  return leakBetween(world, one, await hosts.run(world, 1, { hasJournal }));
}

export function leakBetween(world: World, one: Seen, other: Seen): Leak | null {
  const [left, right] = [one, other].map(({ observations }) => visible(world, observations).map(textOf));
  return leakOf(left ?? [], right ?? []) ?? leakOf(one.journal, other.journal);
}

/** Where a real host does something else than the model foretold, at any label. */
export function differenceFromModel(world: World, run: Run, { observations }: Seen): Leak | null {
  const { events, isOrdered } = runModel(world, run);
  if (!isOrdered) return null;
  const line = ({ label, what }: Observation) =>
    `${what} at {${label.secrecy.join(', ')} | ${label.integrity.join(', ')}}`;
  return leakOf(events.filter(({ releasedFrom }) => releasedFrom === null).map(line), observations.map(line));
}
