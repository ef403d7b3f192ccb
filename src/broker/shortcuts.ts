import type { CompartmentPolicy, Policy } from '../policy/policy.ts';
import type { Compartment, Edge } from './edge.ts';

/*
 * Which links are crossed without the broker's JavaScript in this thread: in generated Wasm between inline instances, or from
 * one thread to another. They are decided once for all calls of an epoch.
 */

/**
 * Why the crossing of a link (import `index` of `from`) is not generated Wasm; null if it is: a call between two inline
 * instances that live as long as their label, without a gate. A chain of such calls enters an instance at most once, so
 * its depth is bounded by the number of compartments.
 */
export function whyNotFused(policy: Policy, from: Compartment, edge: Edge, index: number): string | null {
  const { target } = edge;
  const why = whyDecidedEachTime(policy, edge);
  if (why !== null || target.kind === 'resource') return why;
  return (
    whyEndNotFused(from, 'import', index) ??
    whyEndNotFused(target.compartment, 'export', target.index) ??
    whyOwnLimits(from.policy, target.compartment.policy)
  );
}

/**
 * Why a link is not crossed from one thread to another; null if it is. While a caller waits for a function of the program this
 * thread does other things, so it would not be there for what the callee asks for.
 */
export function whyNotDirect(policy: Policy, from: Compartment, edge: Edge, isWaiting: boolean): string | null {
  const { target } = edge;
  const why = whyDecidedEachTime(policy, edge);
  if (why !== null || target.kind === 'resource') return why;
  const to = target.compartment;
  for (const { name, policy } of [from, to]) {
    if (policy.kind !== 'worker') return `${name} is no worker`;
    if (policy.enclave !== null) return `${name} is an enclave`;
    if (policy.instances === 'per-call') return `${name} has instances: per-call`;
  }
  return (
    whyOwnLimits(from.policy, to.policy) ?? (isWaiting ? `${from.name} may wait for a function of the program` : null)
  );
}

function whyDecidedEachTime(policy: Policy, { to, target, isPost, linkGate, exportGate }: Edge): string | null {
  if (target.kind === 'resource') return `${to} is a function of the program`;
  if (isPost) return 'it is a post';
  if (linkGate !== null || exportGate !== null) return `the ${linkGate ? 'link' : 'export'} has a gate`;
  if (policy.limits.callDepth < policy.compartments.size) return 'limits.callDepth is less than there are compartments';
  return null;
}

/** Nobody sets limits for the callee on the way: those of its caller must be reached first. */
function whyOwnLimits({ name, limits: outer }: CompartmentPolicy, { name: callee, limits: own }: CompartmentPolicy) {
  const outermost = Math.min(outer.deadlineMs ?? Number.POSITIVE_INFINITY, outer.cpuMs ?? Number.POSITIVE_INFINITY);
  if ((own.deadlineMs ?? Number.POSITIVE_INFINITY) < (outer.deadlineMs ?? Number.POSITIVE_INFINITY)) {
    return `limits.deadline of ${callee} is shorter than that of ${name}`;
  }
  if (own.cpuMs !== null && own.cpuMs < outermost) return `limits.cpu of ${callee} is shorter than that of ${name}`;
  return own.fuel === null ? null : `${callee} has limits.fuel`;
}

function whyEndNotFused({ name, policy, code }: Compartment, side: 'import' | 'export', index: number): string | null {
  if (policy.instances === 'per-call') return `${name} has instances: per-call`;
  const engine = code.isAsync === true ? 'jco' : `abi: ${policy.abi}`;
  const why = code.whyNotFused ? code.whyNotFused(side, index) : `it runs in JavaScript (${engine})`;
  return why && `${name}: ${why}`;
}
