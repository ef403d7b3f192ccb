import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '../broker/broker.ts';
import type { Compartment } from '../broker/edge.ts';
import type { Recorder } from '../broker/recorder.ts';
import type { Wiring } from '../broker/wiring.ts';
import { CofferdamError } from '../error.ts';
import { unknownCompartment } from './target.ts';

/** Who acts, as the journal names it. */
export type Actor = 'program' | 'control';

/** How often `stop` looks whether all is delivered. */
const LOOK_MS = 5;

/** What an operator does to one compartment. Each act is on disk before it takes effect; one that changes nothing is none. */
export class Operator {
  readonly #broker: Broker;
  readonly #recorder: Recorder;
  readonly #wiring: () => Wiring;

  /** `wiring` throws HOST_CLOSED when nothing is in force any more. */
  constructor(broker: Broker, recorder: Recorder, wiring: () => Wiring) {
    this.#broker = broker;
    this.#recorder = recorder;
    this.#wiring = wiring;
  }

  suspend(name: string, by: Actor): void {
    this.#find(name);
    const { lifecycle } = this.#broker;
    if (lifecycle.stateOf(name) === 'suspended') return;
    this.#recorder.operated('suspend', name, by);
    lifecycle.suspend(name);
  }

  resume(name: string, by: Actor): void {
    const compartment = this.#find(name);
    const { lifecycle } = this.#broker;
    if (!lifecycle.isHeld(compartment)) return;
    this.#recorder.operated('resume', name, by);
    lifecycle.resume(name);
  }

  /** Resolves when nothing of it runs any more. */
  async stop(name: string, by: Actor, graceMs: number): Promise<void> {
    this.#find(name);
    const { lifecycle } = this.#broker;
    const state = lifecycle.stateOf(name);
    if (state === 'stopped') return;
    this.#recorder.operated('stop', name, by);
    // What waits for a suspended compartment would run what somebody wanted to stand still.
    if (state !== 'suspended') {
      lifecycle.drain(name);
      const untilMs = performance.now() + graceMs;
      while (lifecycle.isDraining(name) && this.#isBusy(name) && performance.now() < untilMs) await sleep(LOOK_MS);
      // Resumed or replaced meanwhile: whoever did that meant it.
      if (!lifecycle.isDraining(name)) return;
    }
    lifecycle.stop(name);
    this.#end(name);
  }

  /** A change of code is recorded as such; this says who asked for it. */
  replacing(name: string, by: Actor): void {
    this.#find(name);
    if (by !== 'program') this.#recorder.operated('replace', name, by);
  }

  #isBusy(name: string): boolean {
    const { posts, instances } = this.#broker;
    return (
      posts.waitsFor(name) || instances.list().some((slot) => slot.compartment.name === name && slot.chain !== null)
    );
  }

  #end(name: string): void {
    for (const slot of this.#broker.instances.list()) {
      if (slot.compartment.name !== name) continue;
      slot.chain?.onOverdue(
        new CofferdamError('COMPARTMENT_STOPPED', `${name} was stopped during the call. Resume or replace it.`, {
          details: { compartment: name },
        }),
      );
      this.#broker.instances.discard(slot, 'stopped');
    }
  }

  #find(name: string): Compartment {
    const wiring = this.#wiring();
    const compartment = wiring.compartments.get(name);
    if (compartment) return compartment;
    throw unknownCompartment(wiring, name);
  }
}
