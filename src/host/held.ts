import type { LifecycleState } from '../broker/transition.ts';
import type { Label, LabelInput } from '../label/index.ts';
import type { LabelledFile } from '../services/files.ts';
import type { World } from '../wasm/types.ts';

/** Something that host code holds: pass it on as `{ from: held }`, and its label goes with it and the journal can follow it. */
export interface Held {
  readonly label: Label;
  /** Number of the message in the journal. */
  readonly message: number;
}

/** A result never comes without its label. */
export interface Reply<T = unknown> extends Held {
  readonly value: T;
  /**
   * Steps that the call took in its compartment, if that has `limits.fuel`: the same each time, and as secret as the
   * instance's data. Absent where a gate released the value: what it took to make it is not released.
   */
  readonly fuel?: number;
}

/** A file of an `fs` resource, with the label that its path gives it. */
export interface HostFile extends LabelledFile, Held {}

export interface PostOptions {
  /** The label of the arguments. */
  readonly label?: LabelInput;
  /** The reply that the arguments were made from: its label is theirs (joined with `label`). */
  readonly from?: Held;
}

export interface CallOptions extends PostOptions {
  readonly signal?: AbortSignal;
  /**
   * From 1 to a day; the nearer one holds of it and the compartment's own `limits.deadline`. Time spent waiting for a busy
   * instance counts. Refused with OPTION_UNENFORCEABLE where the compartment cannot be interrupted.
   */
  readonly deadlineMs?: number;
}

export interface HostSession {
  /** Everything that came in so far, joined. */
  readonly label: Label;
  call<T = unknown>(target: string, args?: readonly unknown[], options?: CallOptions): Promise<Reply<T>>;
  post(target: string, args?: readonly unknown[], options?: PostOptions): Promise<void>;
}

export interface CompartmentStatus {
  readonly name: string;
  readonly sha256: string;
  readonly world: World;
  readonly state: LifecycleState;
  /** Labels at which it has failed and nothing is started; `waitMs` is null where somebody has to resume it. */
  readonly failing: readonly { readonly label: Label; readonly waitMs: number | null }[];
  readonly instances: readonly {
    readonly id: string;
    readonly label: Label;
    readonly state: 'running' | 'suspended';
    /** Null where it is an enclave's, and not shown. */
    readonly memoryBytes: number | null;
  }[];
}
