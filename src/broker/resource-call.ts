import { CofferdamError } from '../error.ts';
import type { Edge, HostCallContext } from './edge.ts';

/**
 * Runs a host function for a guest. Conventions as in jco: a function whose type is `result<T, E>` returns the T, or
 * throws an error whose `payload` is the E. Anything else it throws is RESOURCE_FAILED, and the guest sees no detail.
 */
export async function callResource(edge: Edge, args: readonly unknown[], context: HostCallContext): Promise<unknown> {
  if (edge.target.kind !== 'resource') throw new CofferdamError('CALL_TARGET', `${edge.to} is not a resource.`);
  const isResult = edge.type.result?.kind === 'result';
  try {
    const value = await edge.target.func(...args, context);
    return isResult ? { tag: 'ok', val: value } : value;
  } catch (error) {
    if (isResult && error instanceof Error && 'payload' in error) return { tag: 'err', val: error.payload };
    throw new CofferdamError(
      'RESOURCE_FAILED',
      `The host function of resource ${edge.to} failed; the cause has its error. Mend the function.`,
      { cause: error, details: { resource: edge.to, function: edge.name } },
    );
  }
}
