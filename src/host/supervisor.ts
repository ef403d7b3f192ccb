import type { EventEmitter } from 'node:events';
import type { Broker } from '../broker/broker.ts';
import type { Slot } from '../broker/instances.ts';
import type { Recorder } from '../broker/recorder.ts';
import type { Health } from '../compartment/contract.ts';
import { CofferdamError } from '../error.ts';

/** One that has not answered for so many heartbeats is taken for dead: a busy machine is slow for less. */
const PATIENCE_BEATS = 5;

/**
 * Looks after instances that live in threads and processes, and that nobody is inside of: each is asked whether it lives. One that
 * is dead, stuck or stopped is ended, its thread or process with it, before a fresh one can get its work; without this the
 * next call would find out, and fail for it. One that is slow answers late, and lives; one with a call inside is its
 * deadline's business. Without such instances there is no timer.
 */
export function supervise(events: EventEmitter, broker: Broker, recorder: Recorder, heartbeatMs: number): void {
  const { instances, lifecycle } = broker;
  let timer: NodeJS.Timeout | null = null;
  const patienceMs = PATIENCE_BEATS * heartbeatMs;
  const end = (slot: Slot, health: Health) => {
    const found = health === 'dead' ? 'died between two calls' : `did not answer for ${patienceMs} ms`;
    const lost = new CofferdamError('COMPARTMENT_DIED', `${slot.id} ${found}. The next call gets a fresh one.`, {
      details: { compartment: slot.compartment.name, reason: found },
    });
    try {
      recorder.trapped(slot, slot.message, lost);
      lifecycle.failed(slot, lost.code);
    } finally {
      instances.discard(slot, 'failed'); // stops it for good first: whatever it still does, nobody listens
    }
  };
  const look = () => {
    const remote = instances.list().filter(({ compartment }) => compartment.policy.kind !== 'inline');
    for (const slot of remote) {
      const health = slot.chain === null ? slot.instance?.health?.(patienceMs) : undefined;
      if (health === 'dead' || health === 'silent') end(slot, health);
    }
    if (remote.length > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
  events.on('started', ({ compartment }: { readonly compartment: string }) => {
    if (timer !== null || broker.compartments.get(compartment)?.policy.kind === 'inline') return;
    timer = setInterval(look, heartbeatMs).unref();
  });
  events.on('closed', () => {
    if (timer !== null) clearInterval(timer);
  });
}
