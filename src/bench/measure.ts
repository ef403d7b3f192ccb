import type { Row, Subject } from './row.ts';

/** How long and how often. */
export interface Plan {
  readonly warmUpMs: number;
  readonly rounds: number;
  /** Samples of one subject in one round, for rows that do not say. */
  readonly samples: number;
  readonly batchMs: number;
  /** Rows of slow operations have no more samples than this in a round. */
  readonly maxSamples: number;
}

export const THOROUGH: Plan = { warmUpMs: 250, rounds: 9, samples: 5, batchMs: 8, maxSamples: 1000 };
export const QUICK: Plan = { warmUpMs: 20, rounds: 2, samples: 3, batchMs: 1, maxSamples: 10 };

/** In nanoseconds (or bytes, or as a ratio), each of one operation. */
export interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly best: number;
  readonly q1: number;
  readonly q3: number;
  /** The median of each round: how they scatter tells noise from change. */
  readonly rounds: readonly number[];
  readonly samples: number;
}

export type Outcome =
  | { readonly kind: 'measured'; readonly measured: Measured }
  | { readonly kind: 'missing' | 'failed' | 'cannot'; readonly reason: string };

interface Running {
  readonly subject: Subject;
  readonly count: number;
  readonly samples: number[];
  readonly rounds: number[];
  failure: string | null;
}

/**
 * Measures all subjects of a row in turns: a round visits each of them, in another order than the round before, so that
 * what the machine does meanwhile hits all of them alike.
 */
export async function measureRow(
  row: Row,
  subjects: ReadonlyMap<string, Subject>,
  plan: Plan,
): Promise<Map<string, Outcome>> {
  const running = new Map<string, Running>();
  for (const [name, subject] of subjects) running.set(name, await warmUp(row, subject, plan));
  const order = [...running.values()];
  for (let round = 0; round < plan.rounds; round++) {
    for (const each of order) await takeSamples(row, each, plan);
    order.push(...order.splice(0, 1));
  }
  return new Map([...running].map(([name, each]) => [name, outcomeOf(each)]));
}

/** Runs until the engine has compiled all of it, and finds how many operations fill a batch. */
async function warmUp({ sampling }: Row, subject: Subject, { warmUpMs, batchMs }: Plan): Promise<Running> {
  const running = { subject, samples: [], rounds: [], failure: null };
  const [least, most] = subject.counts ?? [1, Number.POSITIVE_INFINITY];
  const until = performance.now() + warmUpMs;
  let count = least;
  let isFull = false;
  let fastest = Number.POSITIVE_INFINITY; // of one operation: a stall of the machine says nothing about it
  try {
    do {
      const tookMs = (await timed(subject, count)) / 1e6;
      fastest = Math.min(fastest, tookMs / count);
      isFull = sampling === 'each' || count >= most || fastest * count >= batchMs / 2;
      if (sampling === 'each') continue;
      const wanted = fastest > 0 ? batchMs / fastest : count * 2;
      count = Math.max(least, Math.min(most, Math.ceil(Math.min(wanted, count * 4))));
    } while (performance.now() < until || !isFull);
    return { ...running, count };
  } catch (error) {
    return { ...running, count, failure: messageOf(error) };
  }
}

async function takeSamples(row: Row, running: Running, plan: Plan): Promise<void> {
  const { subject, count, samples } = running;
  const wanted = Math.min(row.samples ?? plan.samples, plan.maxSamples);
  const first = samples.length;
  for (let i = 0; i < wanted && running.failure === null; i++) {
    try {
      samples.push((await timed(subject, count)) / count);
    } catch (error) {
      running.failure = messageOf(error);
    }
  }
  running.rounds.push(quantile(ordered(samples.slice(first)), 0.5));
}

async function timed(subject: Subject, count: number): Promise<number> {
  await subject.before?.();
  const start = process.hrtime.bigint();
  // Awaiting what is no promise would cost a turn of the microtask queue.
  const done = subject.run(count);
  const own = done instanceof Promise ? await done : done;
  const took = process.hrtime.bigint() - start;
  await subject.after?.();
  return own ?? Number(took);
}

function outcomeOf({ samples, rounds, failure }: Running): Outcome {
  return failure === null
    ? { kind: 'measured', measured: summarise(samples, rounds) }
    : { kind: 'failed', reason: failure };
}

function summarise(samples: readonly number[], rounds: readonly number[]): Measured {
  const sorted = ordered(samples);
  const at = (q: number) => quantile(sorted, q);
  return { p50: at(0.5), p99: at(0.99), best: at(0), q1: at(0.25), q3: at(0.75), rounds, samples: sorted.length };
}

function ordered(samples: readonly number[]): number[] {
  return samples.toSorted((a, b) => a - b);
}

/** The nearest sample at or above the rank. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

const MAX_MESSAGE = 600;

/** On one line, with the causes behind it; a guest may have worded it, so it is not endless. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, MAX_MESSAGE);
  const line = error.message.split('\n', 1)[0] ?? '';
  const cause = error.cause === undefined ? '' : messageOf(error.cause);
  return (line.includes(cause) ? line : `${line} (${cause})`).slice(0, MAX_MESSAGE);
}
