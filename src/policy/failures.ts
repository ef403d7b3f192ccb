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

/** Does the budget of workers still fit when some have failed and are not given back? */
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
  const demands = [...policy.compartments.values()].flatMap(({ name, kind, instances, limits }): FailureDemand[] => {
    if (kind === 'inline') return [];
    const labels = nodes.filter((node) => node.kind === 'compartment' && node.name === name).map(({ id }) => id);
    const isUnbounded = instances === 'per-call' || labels.some((label) => label.includes(':*'));
    const count = isUnbounded ? limits.instances : Math.min(labels.length, limits.instances);
    const memoryBytes = count * limits.memoryBytes;
    return [
      { compartment: name, kind, labels: labels.map((id) => id.slice(name.length + 1)), instances: count, memoryBytes },
    ];
  });
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
    starved: starved.map(({ compartment }) => compartment),
    ok: needed <= left,
  };
}

export function renderFailures(plan: FailurePlan): string {
  const { failures, workers, left, demands, needed, memoryBytes, starved, ok } = plan;
  const rows = demands.map(
    ({ compartment, kind, labels, instances, memoryBytes: memory }) =>
      `  ${compartment} (${kind}): up to ${instances}, ${formatSize(memory)}, at ${labels.join(', ') || 'no label'}\n`,
  );
  const rest = `${workers} workers (limits.workers), ${failures} failed: ${left} left\n`;
  const needs = `needed at most: ${needed}, with ${formatSize(memoryBytes)} of memory\n`;
  const verdict = ok
    ? 'ok\n'
    : `not ok: raise limits.workers to ${needed + failures}, or lower limits.instances; may get none: ${starved.join(', ') || 'nobody'}\n`;
  return `Workers\n${rows.join('') || '  no compartment has kind worker or process\n'}\n${rest}${needs}${verdict}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
