import * as z from 'zod';
import type { Context } from './context.ts';
import { BOUNDS, COMPARTMENT_LIMITS, HOST_LIMITS } from './defaults.ts';
import type { CompartmentLimits, CompartmentPolicy, HostLimits, LinkPolicy } from './policy.ts';
import { COUNT_PATTERN, DURATION_PATTERN, parseCount, parseDuration } from './quantity.ts';
import type { Manifest } from './schema.ts';
import { checked, count, size } from './schema-values.ts';
import type { Path } from './source.ts';

const PAGE_BYTES = 65_536;

function time([least, most]: readonly [number, number]) {
  const advice = `write a time from ${least}ms to ${most / 3_600_000}h, such as '250ms' or '10s'`;
  return checked('MANIFEST_VALUE', DURATION_PATTERN, (text) => within(parseDuration(text), [least, most]), advice);
}

function amount([least, most]: readonly [number, number], description: string) {
  const advice = `write a number from ${least} to ${most}, such as 50000 or '10M' (k, M, G)`;
  return z
    .union([z.int().min(least).max(most), checked('MANIFEST_VALUE', COUNT_PATTERN, inRange, advice)])
    .meta({ description });
  function inRange(text: string): number | null {
    return within(parseCount(text), [least, most]);
  }
}

function within(value: number | null, [least, most]: readonly [number, number]): number | null {
  return value !== null && value >= least && value <= most ? value : null;
}

export const compartmentLimits = z.strictObject({
  memory: size(BOUNDS.memoryBytes, 'Linear memory of one instance, in whole pages of 64KiB.').optional(),
  table: count(BOUNDS.tableEntries, 'Table entries of one instance.').optional(),
  instances: count(BOUNDS.instances, 'Live instances of this compartment.').optional(),
  message: size(BOUNDS.messageBytes, 'One message: arguments or result.').optional(),
  queue: count(BOUNDS.queue, 'Posted messages that wait, per label.').optional(),
  output: size(BOUNDS.outputBytes, 'Output of one call.').optional(),
  deadline: z
    .union([z.literal('none'), time(BOUNDS.deadlineMs)])
    .optional()
    .meta({ description: "Time of one call, with all that it calls and waits for: '250ms', or none." }),
  cpu: time(BOUNDS.cpuMs).optional().meta({ description: "Time of one call in which something runs: '100ms'." }),
  fuel: amount(BOUNDS.fuel, "Instructions of one call, counted alike each time: '10M'.").optional(),
});

export const hostLimits = z.strictObject({
  instances: count(BOUNDS.instances, 'Live instances of all compartments.').optional(),
  memory: size(BOUNDS.hostMemoryBytes, 'Linear memory that all live instances may have.').optional(),
  callDepth: count(BOUNDS.callDepth, 'Calls nested in one another.').optional(),
  waiting: count(BOUNDS.waiting, 'Calls that wait for one busy instance.').optional(),
  workers: count(BOUNDS.workers, 'Threads and processes that run instances.').optional(),
  heartbeat: time(BOUNDS.heartbeatMs)
    .optional()
    .meta({ description: "How often an idle thread or process is asked whether it lives: '1s'." }),
});

export function resolveLimits(
  context: Context,
  limits: Manifest['compartments'][string]['limits'],
  path: Path,
): CompartmentLimits {
  const { memory, table, instances, message, queue, output, deadline, cpu, fuel } = limits ?? {};
  if (memory !== undefined && memory % PAGE_BYTES !== 0) {
    context.report(
      'MANIFEST_VALUE',
      [...path, 'memory'],
      'memory comes in pages of 64KiB — write a multiple, such as 64MiB',
    );
  }
  return {
    memoryBytes: memory ?? COMPARTMENT_LIMITS.memoryBytes,
    tableEntries: table ?? COMPARTMENT_LIMITS.tableEntries,
    instances: instances ?? COMPARTMENT_LIMITS.instances,
    messageBytes: message ?? COMPARTMENT_LIMITS.messageBytes,
    queue: queue ?? COMPARTMENT_LIMITS.queue,
    outputBytes: output ?? COMPARTMENT_LIMITS.outputBytes,
    deadlineMs: deadline === 'none' ? null : (deadline ?? COMPARTMENT_LIMITS.deadlineMs),
    isDeadlineGiven: deadline !== undefined,
    cpuMs: cpu ?? COMPARTMENT_LIMITS.cpuMs,
    fuel: fuel ?? COMPARTMENT_LIMITS.fuel,
  };
}

export function resolveHostLimits({ limits }: Manifest): HostLimits {
  return {
    instances: limits?.instances ?? HOST_LIMITS.instances,
    memoryBytes: limits?.memory ?? HOST_LIMITS.memoryBytes,
    callDepth: limits?.callDepth ?? HOST_LIMITS.callDepth,
    waiting: limits?.waiting ?? HOST_LIMITS.waiting,
    workers: limits?.workers ?? HOST_LIMITS.workers,
    heartbeatMs: limits?.heartbeat ?? HOST_LIMITS.heartbeatMs,
  };
}

/**
 * Says of each compartment whether it has to be stoppable: those with a deadline or a limit on CPU time, and those that
 * they can call, or the time would end while nobody can be stopped.
 */
export function withInterruptions(
  compartments: ReadonlyMap<string, CompartmentPolicy>,
  links: readonly LinkPolicy[],
): ReadonlyMap<string, CompartmentPolicy> {
  const reached = [...compartments.values()]
    .filter(({ limits }) => limits.deadlineMs !== null || limits.cpuMs !== null)
    .map(({ name }) => name);
  const stoppable = new Set(reached);
  for (let name = reached.pop(); name !== undefined; name = reached.pop()) {
    for (const { from, to, toKind, post } of links) {
      if (from !== name || toKind !== 'compartment' || post || stoppable.has(to)) continue;
      stoppable.add(to);
      reached.push(to);
    }
  }
  return new Map(
    [...compartments].map(([name, compartment]) => [name, { ...compartment, isInterruptible: stoppable.has(name) }]),
  );
}
