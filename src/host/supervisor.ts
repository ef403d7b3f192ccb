import type { EventEmitter } from 'node:events';
import type { Broker } from '../broker/broker.ts';
import type { HostEvents, Recorder } from '../broker/recorder.ts';
import { CofferdamError } from '../error.ts';

/** How often it looks: what dies between two calls is gone before most next ones. */
const LOOK_MS = 250;

/**
 * Looks after instances that live in threads and processes. One that is dead while nobody is inside is ended, its thread or process
 * with it, before a fresh one can get its work; without this the next call would find out, and fail for it. One that is
 * merely slow has a call inside: its deadline is what ends that. Without such instances there is no timer.
 */
export function supervise(events: EventEmitter, broker: Broker, recorder: Recorder): void {
  const { instances, lifecycle } = broker;
  let timer: NodeJS.Timeout | null = null;
  const look = () => {
    const remote = instances.list().filter(({ compartment }) => compartment.policy.kind !== 'inline');
    for (const slot of remote) {
      if (slot.chain !== null || slot.instance?.health?.(5_000) !== 'dead') continue;
      const { name } = slot.compartment;
      const died = new CofferdamError(
        'COMPARTMENT_DIED',
        `${slot.id} died between two calls. The next gets a fresh one.`,
        {
          details: { compartment: name },
        },
      );
      try {
        recorder.trapped(slot, slot.message, died);
        lifecycle.failed(slot, died.code);
      } finally {
        instances.discard(slot, 'failed'); // stops it for good first: whatever it still does, nobody listens
      }
    }
    if (remote.length > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
  events.on('started', ({ compartment }: HostEvents['started']) => {
    if (timer !== null || broker.compartments.get(compartment)?.policy.kind === 'inline') return;
    timer = setInterval(look, LOOK_MS).unref();
  });
  events.on('closed', () => {
    if (timer !== null) clearInterval(timer);
  });
}
