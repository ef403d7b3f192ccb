import type { Code } from '../compartment/contract.ts';
import { makeLoader } from '../load/index.ts';
import type { Policy } from '../policy/policy.ts';
import { VERSION } from '../version.ts';
import { measurementIn } from './enclaves.ts';

/** A link that demands another measurement than there is: a host would refuse it. */
export interface Mismatch {
  readonly from: string;
  readonly to: string;
  readonly compartment: string;
  readonly demanded: string;
  readonly actual: string;
}

/** The measurement of each compartment, as this version would launch it. Nothing of a guest runs. Throws LOAD_*, WASM_*. */
export async function measurementsOf(policy: Policy): Promise<ReadonlyMap<string, string>> {
  await using loader = await makeLoader({ baseDir: policy.baseDir });
  const codes = new Map<string, Pick<Code, 'sha256' | 'world'>>();
  for (const [name, compartment] of policy.compartments) codes.set(name, await loader.load(compartment));
  const measured = [...codes.keys()].map(
    (name) => [name, measurementIn(policy, name, codes, { version: VERSION })] as const,
  );
  return new Map(measured);
}

export function mismatchesOf(policy: Policy, measurements: ReadonlyMap<string, string>): Mismatch[] {
  return policy.links.flatMap(({ from, to, measurement }) => {
    if (measurement === null) return [];
    const [compartment, demanded] = measurement.to === null ? [from, measurement.from ?? ''] : [to, measurement.to];
    const actual = measurements.get(compartment) ?? '';
    return actual === demanded ? [] : [{ from, to, compartment, demanded, actual }];
  });
}
