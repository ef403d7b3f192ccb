import type { Subject } from './row.ts';
import { assertRight } from './row.ts';

/** What a call does: `add` two numbers, give back a string of 16 bytes, give back 64 KiB, or an order. */
export type Operation = 'add' | 'echo' | 'bytes' | 'place';

/** The export of the caller that does it `n` times inside, as WIT names it and as jco does. */
export const RUN = {
  add: { wit: 'run-add', jco: 'runAdd', core: 'run-add' },
  echo: { wit: 'run-echo', jco: 'runEcho', core: 'run-echo' },
  bytes: { wit: 'run-bytes', jco: 'runBytes', core: 'run-bytes' },
  place: { wit: 'run-place', jco: 'runPlace', core: 'run-place' },
} as const satisfies Record<Operation, object>;

/** What the caller answers when `n` operations went right. */
export function answerTo(operation: Operation, n: number): number {
  return operation === 'add' ? ((n * (n + 1)) / 2) >>> 0 : n;
}

/** A guest that makes the calls itself: one entry from the host for all of them. */
export function insideSubject(name: string, operation: Operation, run: (n: number) => unknown): Subject {
  return { run: (n) => assertRight(name, Number(run(n)) >>> 0, answerTo(operation, n)) };
}

/** Crossings at one pair before the next has its turn. */
const CALLS = 100;

/** Many guests that make the calls themselves, visited by turns. */
export function amongSubject(name: string, runs: readonly ((n: number) => number)[]): Subject {
  const sum = answerTo('add', CALLS);
  for (const run of runs) assertRight(name, run(CALLS), sum);
  let next = 0;
  return {
    run(count) {
      for (let i = 0; i < count; i += CALLS) {
        if (runs[next]?.(CALLS) !== sum) throw new Error(`${name}: pair ${next} gave something else`);
        next = (next + 1) % runs.length;
      }
    },
    counts: [CALLS * 5000, CALLS * 5000],
  };
}

/** Sixteen strings of 16 bytes, so that none is the result of the call before. */
export const TEXTS: readonly string[] = Array.from({ length: 16 }, (_, i) => `hello, wrld ${1000 + i}`);

/** What is asked across threads: two numbers, or a string of so many bytes. */
export type Question = 'add' | 16 | 1024;

export function textsOf(bytes: Exclude<Question, 'add'>): readonly string[] {
  return TEXTS.map((text) => text.padEnd(bytes, 'and so on '));
}

/** One question after the other, each answered before the next. */
export function askingSubject(
  name: string,
  question: Question,
  add: (a: number, b: number) => Promise<number>,
  echo: (text: string) => Promise<string>,
): Subject {
  return {
    async run(count) {
      if (question === 'add') {
        let sum = 0;
        for (let i = 1; i <= count; i++) sum = await add(sum, i);
        assertRight(name, sum >>> 0, answerTo('add', count));
        return;
      }
      const texts = textsOf(question);
      for (let i = 0; i < count; i++) assertRight(name, await echo(texts[i & 15] as string), texts[i & 15]);
    },
  };
}

/** The host calls `add` or `echo` from JavaScript, at once. */
export function scalarSubject(name: string, add: (a: number, b: number) => number): Subject {
  return {
    run(count) {
      let sum = 0;
      for (let i = 1; i <= count; i++) sum = add(sum, i);
      assertRight(name, sum >>> 0, answerTo('add', count));
    },
  };
}

export function stringSubject(name: string, echo: (text: string) => string, texts = TEXTS): Subject {
  return {
    run(count) {
      for (let i = 0; i < count; i++) {
        const text = texts[i & 15] as string;
        if (echo(text) !== text) assertRight(name, 'something else', text);
      }
    },
  };
}
