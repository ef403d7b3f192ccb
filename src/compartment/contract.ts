import type { CoreFunction, LeaveCell } from '../abi/index.ts';
import type { CofferdamError } from '../error.ts';
import type { World } from '../wasm/types.ts';
import type { DirectHost } from './remote/direct.ts';

/**
 * The contract that every kind of compartment keeps (inline, worker, process, enclave around any).
 *
 * Values follow jco's conventions for component values in JavaScript (camelCase record fields, `{tag, val}` variants,
 * `bigint` for 64-bit integers, `Uint8Array` for `list<u8>`, `undefined` for `none`) with one exception: a function's
 * own `result<T, E>` stays `{ tag: 'ok' | 'err', val }` here, since an `err` is an answer and only the host's public
 * surface turns it into an exception. A `stream<T>` or `future<T>` is a `Source`, whoever reads it.
 */
export interface Code {
  /** Types of all imports and exports. */
  readonly world: World;
  /** SHA-256 (hex) of the bytes this was made from. */
  readonly sha256: string;
  /** The state that its instances start from; null, or missing: each initialises itself. */
  readonly start?: SharedStart | null;
  /** Does it have async functions? Then its exports are reached through `Instance.callSuspending` alone. */
  readonly isAsync?: boolean;
  /**
   * Why no crossing can be generated that ends at this import or export (position in the world); null if one can. Where
   * this is missing there is none.
   */
  whyNotFused?(side: 'import' | 'export', index: number): string | null;
  /**
   * A fresh instance with its own memory; no decoding and no compiling happens here. Runs the guest's start function
   * and initialisers, so it can throw GUEST_TRAP or GUEST_EXIT.
   */
  instantiate(host: InstanceHost): Instance;
}

/** A state in which instances of one code start, wherever they run. No data of any label is in it. */
export interface SharedStart {
  /** Makes it, with the time, the fuel and the clock of the first instance. Throws SNAPSHOT_*, and what a guest can. */
  capture(host: InstanceHost): Uint8Array;
  /** Takes one that was made elsewhere, by the same code. */
  adopt(state: Uint8Array): void;
}

/** What the call that is inside may still take: for an instance that runs elsewhere, and is stopped there. */
export interface CallTime {
  /** Milliseconds until its nearest limit; 0: it is past it, Infinity: it has none. `isAside`: this thread does other things meanwhile. */
  leftMs(isAside: boolean): number;
  /** It ran for so long while this thread did other things. */
  ran(ms: number): void;
  /** The error of the limit that it is past; null where there is none. */
  overdue(cause?: unknown): CofferdamError | null;
  /** What takes none of its time, such as to start a thread. */
  exempt<T>(body: () => T): T;
}

/** What one instance can reach: only these four things, each given by the broker for this instance alone. */
export interface InstanceHost {
  /**
   * The guest called its import number `index` (position in `world.imports`). Returns the lifted-and-checked value to
   * lower back, or throws a CofferdamError, which traps the guest. May return a Promise only for an index in
   * `suspending`.
   */
  call(index: number, args: readonly unknown[]): unknown;
  /** Imports that may suspend the guest (JSPI). Exports are then reached through `Instance.callSuspending`. */
  readonly suspending: ReadonlySet<number>;
  /**
   * The guest dropped an object that it owned, of the resource type at `resource` in `world.resources`, that an import
   * had given it. Where this is missing nobody learns of it: dropping is a message, too, so it does not go around the
   * broker.
   */
  drop?(resource: number, value: unknown): void;
  /** The instance failed after its call: in what it goes on with for a stream. Nothing of it runs any more. */
  ended?(error: unknown): void;
  /**
   * Offers a core function of generated Wasm for import `index`, which lifts, lowers and records by itself; null where
   * the call has to come through `call`. `end` may be asked for once the instance is made.
   */
  fuse?(index: number, end: () => FusedEnd): CoreFunction | null;
  /** May the guest call its imports now? Shared with generated crossings; only where `fuse` is. */
  leave?: LeaveCell;
  /** The memory that rewritten code looks at to see whether it must stop; where its code was made for it. */
  readonly interrupt?: WebAssembly.Memory;
  /** An i64 that rewritten code counts down: below 0 it traps. Where its code was made for it. */
  readonly fuel?: WebAssembly.Global;
  /** The limits in time of the call that is inside. */
  readonly time?: CallTime;
  /**
   * Two instances of one compartment that have the same may have a thread or process one after the other: a number for their
   * label. Absent: nobody shares.
   */
  readonly sharing?: number;
  /** What it may do by itself in a thread of its own. */
  readonly direct?: DirectHost;
  /** A call that was suspended goes on: it is stopped again when its time is over. Comes after every wait. */
  resumed?(): void;
  /** Runs what is no call (a destructor that the program asks for) within the limits of one. */
  bounded?<T>(body: () => T): T;
  /** Bytes the guest wrote to stdout or stderr; only with the small WASI. */
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  /** Coarse wall clock in nanoseconds; only with the small WASI. */
  nowNs(): bigint;
  /** Fills with random bytes; only with the small WASI. */
  random(bytes: Uint8Array): void;
}

/** `busy`: a call is inside, which may be slow, and is its deadline's business. `dead`: its thread or process is no more. */
export type Health = 'idle' | 'busy' | 'silent' | 'dead';

export interface Instance {
  /**
   * Calls export number `index` (position in `world.exports`). Throws GUEST_TRAP, GUEST_EXIT, ABI_* (the guest broke
   * the canonical ABI), ARGUMENT_TYPE (the caller's value does not fit; nothing of the guest ran), or whatever
   * `InstanceHost.call` threw, unchanged. After any throw other than ARGUMENT_TYPE the instance is poisoned.
   */
  call(index: number, args: readonly unknown[]): unknown;
  /** The same for a guest that may be suspended in one of its `suspending` imports. */
  callSuspending(index: number, args: readonly unknown[]): Promise<unknown>;
  /** The core function behind export `index`, for a fused crossing; null where it can only be reached by `call`. */
  fusedExport?(index: number): FusedExport | null;
  /** Bytes of linear memory now. */
  memoryBytes(): number;
  /**
   * Of an instance that lives elsewhere: does its thread or process live? An idle one is asked, and nobody waits for its answer
   * here: it is `silent` when it has owed one for `patienceMs`.
   */
  health?(patienceMs: number): Health;
  /** Forgets memory and tables; later calls throw INSTANCE_STOPPED. Ends a thread or process, whatever it does. */
  stop(): void;
}

/** Where an instance keeps the values of one crossing; its strings are UTF-8. */
export interface FusedEnd {
  readonly memory: WebAssembly.Memory | null;
  readonly realloc: CoreFunction | null;
}

export interface FusedExport extends FusedEnd {
  readonly call: CoreFunction;
  readonly postReturn: CoreFunction | null;
}
