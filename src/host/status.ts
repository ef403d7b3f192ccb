import type { Broker } from '../broker/broker.ts';
import { isOpaque } from '../broker/edge.ts';
import type { Wiring } from '../broker/wiring.ts';
import type { CompartmentStatus } from './held.ts';

/** The compartments in force, where they stand, and their live instances. */
export function statusOf(wiring: Wiring, { instances, lifecycle }: Broker): readonly CompartmentStatus[] {
  const live = instances.list();
  return [...wiring.compartments.values()].map((compartment) => {
    const { name, code } = compartment;
    const state = lifecycle.stateOf(name);
    return {
      name,
      sha256: code.sha256,
      world: code.world,
      state,
      failing: lifecycle.failuresOf(compartment).map(({ label, waitMs }) => ({
        label,
        waitMs: waitMs === Number.POSITIVE_INFINITY ? null : Math.ceil(waitMs),
      })),
      instances: live
        .filter((slot) => slot.compartment === compartment)
        .map(({ id, label, instance, chain }) => ({
          id,
          label,
          state: state === 'suspended' && chain === null ? ('suspended' as const) : ('running' as const),
          memoryBytes: isOpaque(compartment) ? null : (instance?.memoryBytes() ?? 0),
        })),
    };
  });
}
