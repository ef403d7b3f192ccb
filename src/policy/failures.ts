import type { Analysis } from './analysis.ts';
import { reportOf } from './check.ts';
import { formatSize } from './quantity.ts';

/** What one compartment of kind `worker` or `process` can need at a time. */
export interface FailureDemand {
  readonly compartment: string;
  readonly kind: string;
  /** Labels that it can run at, as `check` lists them; `customer:*` stands for any number of members. */
  readonly labels: readonly string[];
  /** Instances, each with a thread or process of its own. */
  readonly instances: number;
  /** Linear memory that they may have, together. */
  readonly memoryBytes: number;
}

/** Of all instances, whatever their kind, in bytes; null where the manifest does not bound it. */
export interface MemoryPlan {
  /** `limits.memory`. */
  readonly limit: number;
  /** What is left of it: those that failed keep theirs, the largest first. */
  readonly left: number;
  readonly needed: number;
  readonly ok: boolean;
}

/** Does the budget of workers and memory still fit when some have failed and are not given back? */
export interface FailurePlan {
  readonly failures: number;
  /** `limits.workers`. */
  readonly workers: number;
  /** What is left of them. */
  readonly left: number;
  readonly demands: readonly FailureDemand[];
  /** All demands together. */
  readonly needed: number;
  readonly memoryBytes: number;
  readonly memory: MemoryPlan | null;
  /** Compartments of which not even one instance would be sure to have a worker while the others have what they may take. */
  readonly starved: readonly string[];
  readonly ok: boolean;
}

/**
 * The worst case: every compartment has as many instances as it may. That is one for each label that it can run at, but no more
 * than its `limits.instances`; where a label has a family in it, or instances live for a call, it is `limits.instances`.
 */
export function planFailures(analysis: Analysis, failures: number): FailurePlan {
  const { policy } = analysis;
  const { nodes } = reportOf(analysis);
  const all = [...policy.compartments.values()].map(({ name, kind, instances, limits }): FailureDemand => {
    const labels = nodes.filter((node) => node.kind === 'compartment' && node.name === name).map(({ id }) => id);
    const isUnbounded = instances === 'per-call' || labels.some((label) => label.includes(':*'));
    const count = isUnbounded ? limits.instances : Math.min(labels.length, limits.instances);
    const memoryBytes = count * limits.memoryBytes;
    const at = labels.map((id) => id.slice(name.length + 1));
    return { compartment: name, kind, labels: at, instances: count, memoryBytes };
  });
  const demands = all.filter(({ kind }) => kind !== 'inline');
  const memory = planMemory(policy.limits.memoryBytes, all, failures);
  const needed = sum(demands.map(({ instances }) => instances));
  const { workers } = policy.limits;
  const left = Math.max(0, workers - failures);
  const starved = demands.filter(({ instances }) => instances > 0 && left - (needed - instances) < 1);
  return {
    failures,
    workers,
    left,
    demands,
    needed,
    memoryBytes: sum(demands.map(({ memoryBytes }) => memoryBytes)),
    memory,
    starved: starved.map(({ compartment }) => compartment),
    ok: needed <= left && memory?.ok !== false,
  };
}

function planMemory(limit: number | null, demands: readonly FailureDemand[], failures: number): MemoryPlan | null {
  if (limit === null) return null;
  const remote = demands.filter(({ kind, instances }) => kind !== 'inline' && instances > 0);
  const largest = remote
    .map(({ instances, memoryBytes }) => ({ instances, each: memoryBytes / instances }))
    .sort((one, other) => other.each - one.each);
  let lost = 0;
  let failed = failures;
  for (const { instances, each } of largest) {
    const count = Math.min(failed, instances);
    lost += count * each;
    failed -= count;
  }
  const left = Math.max(0, limit - lost);
  const needed = sum(demands.map(({ memoryBytes }) => memoryBytes));
  return { limit, left, needed, ok: needed <= left };
}

export function renderFailures(plan: FailurePlan): string {
  const { failures, workers, left, demands, needed, memoryBytes, memory, starved, ok } = plan;
  const rows = demands.map(
    ({ compartment, kind, labels, instances, memoryBytes: memory }) =>
      `  ${compartment} (${kind}): up to ${instances}, ${formatSize(memory)}, at ${labels.join(', ') || 'no label'}\n`,
  );
  const rest = `${workers} workers (limits.workers), ${failures} failed: ${left} left\n`;
  const needs = `needed at most: ${needed}, with ${formatSize(memoryBytes)} of memory\n`;
  const room =
    memory === null
      ? ''
      : `${formatSize(memory.limit)} of memory (limits.memory), ${formatSize(memory.left)} left; needed at most, with what runs inline: ${formatSize(memory.needed)}\n`;
  const problems = [
    ...(needed <= left
      ? []
      : [
          `raise limits.workers to ${needed + failures}, or lower limits.instances; may get none: ${starved.join(', ') || 'nobody'}`,
        ]),
    ...(memory === null || memory.ok
      ? []
      : [
          `raise limits.memory to ${formatSize(memory.needed + memory.limit - memory.left)}, or lower the compartments' limits.memory or limits.instances`,
        ]),
  ];
  const verdict = ok ? 'ok\n' : problems.map((problem) => `not ok: ${problem}\n`).join('');
  return `Workers\n${rows.join('') || '  no compartment has kind worker or process\n'}\n${rest}${needs}${room}${verdict}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
