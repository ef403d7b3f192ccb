import * as z from 'zod';

/*
 * What `cofferdam bench --json` writes. schema/bench.schema.json is made of it, and `--compare` reads it back.
 */

const positive = z.number().positive();

const measuredSchema = z.strictObject({
  p50: positive.describe('The median sample, in the unit of the row.'),
  p99: positive.describe('Of samples; of batches, where the row takes batches.'),
  best: positive.describe('The least sample.'),
  q1: positive.describe('The first quartile.'),
  q3: positive.describe('The third quartile.'),
  rounds: z.array(positive).max(1000).describe('The median of each round: how they scatter tells noise from change.'),
  samples: z.int().positive().describe('How many samples were taken.'),
});

const name = z.string().min(1).max(200);
const unit = z.enum(['ns', 'us', 'ms', 'KiB', 'x']).describe('Of one operation; x is a ratio.');

export const figuresSchema = z.strictObject({
  format: z.literal(1).describe('The version of this format.'),
  startedAt: z.iso.datetime(),
  seconds: z.number().nonnegative().describe('How long the run took.'),
  quick: z.boolean().describe('A few samples only: the figures mean little.'),
  machine: z.strictObject({
    cpu: z.string().max(200),
    cores: z.int().positive(),
    memoryGiB: z.number().nonnegative(),
    os: z.string().max(200),
  }),
  versions: z
    .record(z.string().max(200), z.string().max(200).nullable())
    .describe('Of all that was measured; null for a peer that is not installed.'),
  about: z
    .array(z.strictObject({ id: name, what: z.string().max(2000), unit, sampling: z.enum(['batch', 'each']) }))
    .max(1000)
    .describe('The rows that were asked for, in order.'),
  rows: z
    .array(z.strictObject({ id: name, subject: name, unit, ...measuredSchema.shape }))
    .max(10_000)
    .describe('One for each subject of a row that was measured.'),
  missing: z
    .array(
      z.strictObject({
        id: name,
        subject: name,
        kind: z.enum(['missing', 'failed', 'cannot']),
        reason: z.string().max(2000),
      }),
    )
    .max(10_000)
    .describe('Subjects that were not measured: not installed, failed, or unable to do it at all.'),
  targets: z
    .array(
      z.strictObject({
        id: name,
        subject: name,
        target: z.string().max(2000),
        bound: positive.nullable().describe('In the unit of the row.'),
        isMet: z.boolean().nullable().describe('Null when it cannot be said.'),
        timesBound: positive.nullable(),
      }),
    )
    .max(10_000),
  scaling: z
    .array(
      z.strictObject({
        id: name,
        subject: name,
        what: z.string().max(2000),
        unit,
        by: z.string().max(200).describe('What grows.'),
        points: z
          .array(z.strictObject({ x: positive, p50: positive, best: positive, q1: positive, q3: positive }))
          .max(1000),
        exponent: z.number().describe('b of cost = a * x^b, fitted to the medians; 0 is flat, 1 is linear.'),
        low: z.number().describe('The lower end of its 95 % interval.'),
        high: z.number().describe('The upper end.'),
      }),
    )
    .max(1000)
    .describe('Cost as work grows; empty when that was not asked for.'),
  application: z
    .strictObject({
      manifest: z.string().max(4096),
      crossingShare: z
        .number()
        .min(0)
        .max(1)
        .nullable()
        .describe('Of the time of all calls that were measured; null if none.'),
      edges: z
        .array(
          z.strictObject({
            edge: z.string().max(4096),
            crossing: z.string().max(200).describe('How it is crossed: fused, prepared, posted, …'),
            reason: z.string().max(2000).nullable().describe('Why it was not measured.'),
            measured: z.strictObject(measuredSchema.shape).nullable().describe('In nanoseconds.'),
            inside: positive.nullable().describe('The median of the same call without a boundary, in nanoseconds.'),
          }),
        )
        .max(10_000),
      advice: z.array(z.strictObject({ edge: z.string().max(4096), text: z.string().max(2000) })).max(10_000),
    })
    .nullable()
    .describe("An application's own edges; null when no manifest was given."),
});

export type Figures = z.infer<typeof figuresSchema>;
