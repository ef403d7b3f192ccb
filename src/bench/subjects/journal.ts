import { join } from 'node:path';
import { type EventInput, type Journal, openJournal, verifyJournal } from '../../audit/index.ts';
import { assertRight, type MakeSubject, type Subject } from '../row.ts';
import type { Scene } from '../scene.ts';

/** Below a batch: accepting stops before anything goes to disk. */
const ACCEPTED = 4000;
const SUSTAINED = 100_000;
const VERIFIED = 200_000;
const APPENDED = 20_000;

/** A record into memory. What then takes it to disk is in `journal.sustain`. */
export const accept: MakeSubject = async (scene) => {
  const journal = open(scene, 'accept');
  return {
    run: (count) => fill(journal, count),
    after: () => journal.flush(),
    counts: [ACCEPTED, ACCEPTED],
    close: () => journal.close(),
  };
};

/** The same until all of them are on disk, synced, chained by hash. */
export const sustain: MakeSubject = async (scene) => sustaining(open(scene, 'sustain'), SUSTAINED);

function sustaining(journal: Journal, records: number): Subject {
  return {
    run(count) {
      const before = journal.head().seq;
      fill(journal, count);
      journal.flush();
      assertRight('cofferdam', journal.head().seq - before, count);
    },
    counts: [records, records],
    close: () => journal.close(),
  };
}

export const verify: MakeSubject = verifyOf(VERIFIED);

/** Of a journal of so many records. */
export function verifyOf(records: number): MakeSubject {
  return async (scene) => {
    const name = `verify-${records}`;
    const journal = open(scene, name);
    fill(journal, records);
    journal.close();
    return {
      run() {
        const report = verifyJournal(join(scene.folder, `${name}.db`));
        assertRight('cofferdam', report.ok && report.events, records);
      },
      counts: [records, records],
    };
  };
}

/** As `sustain`, in a journal that holds so many records already. */
export function appendTo(records: number): MakeSubject {
  return async (scene) => {
    const journal = open(scene, `append-${records}`);
    fill(journal, records);
    journal.flush();
    return sustaining(journal, APPENDED);
  };
}

function open(scene: Scene, name: string): Journal {
  return openJournal({ path: join(scene.folder, `${name}.db`), clock: Date.now });
}

const LABEL = { secrecy: ['member:m1'], integrity: [] };

/** A call and its reply, by turns: what a host writes most. */
function fill(journal: Journal, count: number): void {
  for (let i = 0; i < count; i += 2) {
    journal.append(callEvent(i));
    journal.append(replyEvent(i));
  }
}

function callEvent(message: number): EventInput {
  return {
    kind: 'call',
    message,
    parent: message === 0 ? null : message - 1,
    edge: 'caller -> callee: bench:guests/ops#add',
    from: 'caller@{member:m1}#1',
    to: 'callee@{member:m1}#2',
    requestLabel: LABEL,
    instanceLabel: LABEL,
    export: 'bench:guests/ops#add',
    bytes: 8,
  };
}

function replyEvent(message: number): EventInput {
  return {
    kind: 'reply',
    message,
    from: 'callee@{member:m1}#2',
    to: 'caller@{member:m1}#1',
    label: LABEL,
    bytes: 4,
    outcome: 'ok',
  };
}
