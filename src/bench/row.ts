import type { Scene } from './scene.ts';

export type Unit = 'ns' | 'us' | 'ms' | 'KiB' | 'x';

/** Samples are in nanoseconds, or in bytes, or (`x`) a ratio. */
export const PER_UNIT: Readonly<Record<Unit, number>> = { ns: 1, us: 1e3, ms: 1e6, KiB: 1024, x: 1 };

/** One thing that is measured, and who is measured at it. */
export interface Row {
  readonly id: string;
  readonly what: string;
  /** Of one operation. */
  readonly unit: Unit;
  /**
   * `batch`: a sample is the mean of some milliseconds of operations, since reading the clock costs more than one of them;
   * p99 is then of batches. `each`: a sample is one operation.
   */
  readonly sampling: 'batch' | 'each';
  /** Samples of one subject in one round; the default suits operations below a millisecond. */
  readonly samples?: number;
  readonly targets: readonly Target[];
  readonly subjects: Readonly<Record<string, MakeSubject>>;
}

/** A bound on the median of `cofferdam`; that of `subject`, if it is another one of ours. */
export type Target = { readonly subject?: string } & (
  | { readonly atMost: number }
  /** The bound is `times` the median of the fastest of these peers. */
  | { readonly times: number; readonly of: readonly string[] }
);

export type MakeSubject = (scene: Scene) => Promise<Subject>;

/** Something that can be done many times. */
export interface Subject {
  /**
   * Does it `count` times and checks that it was done: throws when a result is wrong. May return the nanoseconds it took,
   * where another process held the clock, or the bytes or the ratio, where those are counted.
   */
  run(count: number): Took | Promise<Took>;
  /** Makes ready for a sample, and tidies up after it: outside the clock. */
  before?(): void | Promise<void>;
  after?(): void | Promise<void>;
  /** Least and most operations of one sample. */
  readonly counts?: readonly [number, number];
  close?(): void | Promise<void>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: most subjects return nothing.
export type Took = number | void;

/** A result is not what it should be: then a time means nothing. */
export function assertRight(subject: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  const [was, is] = [expected, found].map((value) => String(value).slice(0, 40));
  throw new Error(`${subject} gave ${is}, not ${was}`);
}
