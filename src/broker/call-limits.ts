import { CofferdamError } from '../error.ts';
import type { Chain } from './chain.ts';
import { toCofferdamError } from './crossing.ts';
import type { Compartment } from './edge.ts';
import type { Slot } from './instances.ts';
import { TimedEntry } from './timing.ts';

const NO_LIMITS = { deadlineMs: null, cpuMs: null };

/** What a call into a compartment may take. A component with async functions cannot be stopped, and has no such limits. */
export function timedEntry({ name, code, policy }: Compartment): TimedEntry {
  return new TimedEntry(name, code.isAsync ? NO_LIMITS : policy.limits);
}

/** The counter of one instance's fuel, full; null where it is not counted. */
export function fuelOf({ code, policy }: Compartment): WebAssembly.Global | null {
  const { fuel } = policy.limits;
  if (fuel === null || code.isAsync) return null;
  return new WebAssembly.Global({ value: 'i64', mutable: true }, BigInt(fuel));
}

/** What a chain failed of: a trap that a limit was the reason for is that limit's error. `inside`: the outermost first. */
export function failureOf(error: unknown, chain: Chain, inside: readonly Slot[]): CofferdamError {
  const cause = toCofferdamError(error);
  if (cause.code !== 'GUEST_TRAP' || chain.failure !== null) return cause;
  return chain.timing.exceeded(cause) ?? spent(inside, cause) ?? cause;
}

function spent(inside: readonly Slot[], cause: CofferdamError): CofferdamError | null {
  const dry = inside.findLast(({ fuel }) => fuel !== null && (fuel.value as bigint) < 0n);
  if (dry === undefined) return null;
  const { name: compartment, policy } = dry.compartment;
  const { fuel: limit } = policy.limits;
  return new CofferdamError(
    'LIMIT_FUEL',
    `A call into ${compartment} used up its fuel of ${limit}. Raise compartments.${compartment}.limits.fuel, or mend the guest.`,
    { cause, details: { compartment, limit } },
  );
}
