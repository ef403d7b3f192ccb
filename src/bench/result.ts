import { measureRow, messageOf, type Outcome, type Plan } from './measure.ts';
import { PeerCannot, PeerMissing } from './peer-missing.ts';
import type { Row, Subject } from './row.ts';
import type { Scene } from './scene.ts';

/** A row with what came out for each of its subjects, in their order. */
export interface Result {
  readonly row: Row;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** A subject that is missing or fails leaves the others alone. */
export async function runRow(row: Row, scene: Scene, plan: Plan): Promise<Result> {
  const subjects = new Map<string, Subject>();
  const outcomes = new Map<string, Outcome>();
  try {
    for (const [name, make] of Object.entries(row.subjects)) {
      try {
        subjects.set(name, await make(scene));
      } catch (error) {
        const kind = error instanceof PeerMissing ? 'missing' : error instanceof PeerCannot ? 'cannot' : 'failed';
        outcomes.set(name, { kind, reason: messageOf(error) });
      }
    }
    for (const [name, outcome] of await measureRow(row, subjects, plan)) outcomes.set(name, outcome);
  } finally {
    for (const subject of subjects.values()) await subject.close?.();
  }
  return { row, outcomes: new Map(Object.keys(row.subjects).flatMap((name) => entryOf(outcomes, name))) };
}

function entryOf(outcomes: ReadonlyMap<string, Outcome>, name: string): [string, Outcome][] {
  const outcome = outcomes.get(name);
  return outcome === undefined ? [] : [[name, outcome]];
}
