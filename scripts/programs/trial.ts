import type { Mode } from './patched-engine.ts';
import type { Program } from './program.ts';
import { Subject } from './subject.ts';

/** What came of one program. */
export interface Found {
  readonly name: string;
  /** Of one run in a fresh instance. */
  readonly fuel: string;
  /** Moments at which it was told to stop, by what it did: trapped, ended rightly before a check, or went on after the trap. */
  readonly stopped: number;
  readonly ended: number;
  readonly swallowed: number;
  /** From the word to the end of the run. */
  readonly worstMs: number;
  /** Null: all as it should be. */
  readonly failure: string | null;
}

/** Stops a program this often in vain before it counts as one that is too quick. */
const MAX_ATTEMPTS = 4;

/** Tries it as it is, with checks, and with fuel in two threads. Does not throw. */
export async function tryProgram({ name }: Program, moments: number, seed: number): Promise<Found> {
  const nothing = { fuel: '', stopped: 0, ended: 0, swallowed: 0, worstMs: 0 };
  const subjects: Subject[] = [];
  const start = async (mode: Mode) => {
    const subject = await Subject.start(name, mode);
    subjects.push(subject);
    return subject;
  };
  try {
    const expected = (await freshRun(await start('unmodified'))).output;
    const fuel = await sameFuel([await start('fuel'), await start('fuel')], expected);
    const stops = await stopOften(await start('interrupt'), expected, moments, seed);
    return { name, fuel: String(fuel), ...stops, failure: null };
  } catch (error) {
    return { name, ...nothing, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const subject of subjects) await subject[Symbol.asyncDispose]();
  }
}

async function freshRun(subject: Subject) {
  await subject.refresh();
  const answer = await subject.run();
  if (answer.output === null) throw new Error(`trapped by itself: ${answer.error}`);
  return answer;
}

async function sameFuel([first, second]: readonly [Subject, Subject], expected: string | null): Promise<bigint> {
  const answers = [await freshRun(first), await freshRun(first), await freshRun(second)];
  for (const { output } of answers) assertSame('with fuel', output, expected);
  const [fuel, ...others] = answers.map((answer) => answer.fuel);
  if (fuel === undefined || fuel <= 0n) throw new Error('no fuel was counted');
  if (others.some((other) => other !== fuel)) throw new Error(`fuel differs: ${fuel}, ${others.join(', ')}`);
  return fuel;
}

/** After each interruption the thread answers, and a fresh instance gives what it gave before. */
async function stopOften(subject: Subject, expected: string | null, moments: number, seed: number) {
  const random = randomFrom(seed);
  let { output, cpu } = await freshRun(subject);
  assertSame('with checks', output, expected);
  const counts = { stopped: 0, ended: 0, swallowed: 0, worstMs: 0 };
  for (let attempts = 0; counts.stopped + counts.swallowed < moments; attempts++) {
    if (attempts >= moments * MAX_ATTEMPTS) {
      throw new Error(`only ${counts.stopped} of ${attempts} attempts met it while it ran`);
    }
    const told = await subject.interruptAfter((random() * cpu * 0.9) / 1000);
    if (told === null || told.answer.output === expected) counts.ended++;
    else {
      const { error } = told.answer;
      // The word that the watchdog left tells its trap from one of the guest's own; the guest gives the same every time.
      if (error !== null && /unreachable/.test(error)) counts.stopped++;
      else counts.swallowed++;
      counts.worstMs = Math.max(counts.worstMs, told.took);
    }
    ({ output, cpu } = await freshRun(subject));
    assertSame('after an interruption', output, expected);
  }
  return counts;
}

function assertSame(when: string, found: string | null, expected: string | null): void {
  if (found !== expected) throw new Error(`${when} it gives ${found}, not ${expected}`);
}

/** Numbers from 0 to 1, the same for a seed. Source: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
