import type { Label } from '../label/index.ts';

/**
 * Where a compartment, a compartment at one label, or an instance stands. `declared`: in the manifest. `loaded`: its code is
 * ready, and nothing of it runs. `running`: it has instances, or is one. `suspended`: nothing enters it until it is resumed.
 * `poisoned`: it failed by its own fault, and is not entered. `stopped`: it is over, or nothing enters it until it is resumed.
 */
export type LifecycleState = 'declared' | 'loaded' | 'running' | 'suspended' | 'poisoned' | 'stopped';

/** From one state to another. For operators: none of it goes to a guest. */
export interface Transition {
  readonly compartment: string;
  /** Null when it is about the compartment. */
  readonly instance: string | null;
  /** Of the instance, or where the compartment failed; null when it is about all of the compartment. */
  readonly label: Label | null;
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  /** The code of a failure, or in words. */
  readonly why: string;
  /** Wall clock, in milliseconds. */
  readonly at: number;
}
