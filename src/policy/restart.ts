import * as z from 'zod';
import type { Context } from './context.ts';
import { BOUNDS, COMPARTMENT_DEFAULTS } from './defaults.ts';
import type { RestartPolicy } from './policy.ts';
import { CALL_RATE_PATTERN, DURATION_PATTERN, parseCallRate, parseDuration } from './quantity.ts';
import type { Manifest } from './schema.ts';
import { checked } from './schema-values.ts';
import type { Path } from './source.ts';

type CompartmentEntry = Manifest['compartments'][string];

const [leastMs, mostMs] = BOUNDS.backoffMs;
const [leastRestarts, mostRestarts] = BOUNDS.restarts;

export const restart = z
  .union([
    z.strictObject({
      policy: z.enum(['restart']),
      backoff: checked(
        'MANIFEST_VALUE',
        DURATION_PATTERN,
        (text) => within(parseDuration(text), leastMs, mostMs),
        "write a time from 1ms to 1h, such as '100ms' or '2s'",
      )
        .optional()
        .meta({ description: "The wait after a first failure: '100ms'. It doubles with each further one." }),
      ceiling: checked(
        'MANIFEST_VALUE',
        CALL_RATE_PATTERN,
        (text) => {
          const rate = parseCallRate(text);
          return within(rate?.amount ?? null, leastRestarts, mostRestarts) === null ? null : rate;
        },
        `write ${leastRestarts} to ${mostRestarts} failures per time, such as '10/min'`,
      )
        .optional()
        .meta({ description: "The most failures per time: '10/min'." }),
    }),
    // After the map: a problem is told of the first branch that the value is of the type of.
    z.enum(['fail', 'restart', 'fresh-per-call']),
  ])
  .meta({ description: 'What follows at a label when an instance fails there by its own fault.' });

function within(value: number | null, least: number, most: number): number | null {
  return value !== null && value >= least && value <= most ? value : null;
}

/** `restart` and `instances` of one entry, since `fresh-per-call` is a word for the second. */
export function resolveRestart(
  context: Context,
  { restart, instances }: CompartmentEntry,
  path: Path,
): { readonly restart: RestartPolicy; readonly instances: 'per-label' | 'per-call' } {
  const defaults = COMPARTMENT_DEFAULTS.restart;
  if (restart === 'fresh-per-call') {
    if (instances !== undefined) {
      const text = "'fresh-per-call' means `instances: per-call` — keep one of the two";
      context.report('MANIFEST_CONFLICT', [...path, 'restart'], text);
    }
    return { restart: defaults, instances: 'per-call' };
  }
  const lives = instances ?? COMPARTMENT_DEFAULTS.instances;
  if (restart === undefined || restart === 'restart') return { restart: defaults, instances: lives };
  if (restart === 'fail') return { restart: { ...defaults, policy: 'fail' }, instances: lives };
  const { backoff: backoffMs = defaults.backoffMs, ceiling = defaults.ceiling } = restart;
  if (backoffMs > ceiling.perMs) {
    const text = `no wait is longer than the time of the ceiling, ${ceiling.perMs}ms — write a shorter one`;
    context.report('MANIFEST_CONFLICT', [...path, 'restart', 'backoff'], text);
  }
  return { restart: { policy: 'restart', backoffMs, ceiling }, instances: lives };
}
