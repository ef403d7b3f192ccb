/** What a module is rewritten for. Whatever is asked for, its own memories become imports. */
export interface RewriteOptions {
  /** Check the interrupt memory at loop heads and at the entries of functions that call. */
  readonly interrupt: boolean;
  /**
   * Count down fuel and trap when it would fall below zero: `own` in a global of the module, for a module that is alone
   * in its instance; `shared` in a global that it imports, for modules that share one amount.
   */
  readonly fuel: false | 'own' | 'shared';
  /** Export what a snapshot needs: mutable globals, tables and the functions that may stand in them. */
  readonly snapshot: boolean;
  /**
   * For an instance whose state is then overwritten from a snapshot: no start function, and data segments without
   * bytes. The same module must have been compiled without this option first.
   */
  readonly restore?: boolean;
}

/**
 * A rewritten module and what a runtime must know of it. To run it, give it under `REWRITE_MODULE`: each of `memories`
 * under its name; `INTERRUPT`, the interrupt memory (shared, one page) if `importsInterrupt`; and `FUEL`, a mutable i64
 * global, if `fuel` is `shared`. If `fuel` is `own`, such a global is exported as `FUEL_EXPORT`. It starts at
 * 2^63 - 1, set it before each call; a negative value after a trap means that fuel ran out.
 */
export interface Rewritten {
  readonly bytes: Uint8Array;
  /** The module's own memories, in the order of their indices: to be made anew for each instance. */
  readonly memories: readonly OwnMemory[];
  readonly importsInterrupt: boolean;
  readonly fuel: false | 'own' | 'shared';
  /** Null unless `snapshot` or `restore` was asked for. */
  readonly snapshot: SnapshotExports | null;
  /**
   * Why the state of an instance cannot be captured and put into another one; null: it can, through its memories, and
   * what is exported for `snapshot`. Always told.
   */
  readonly whyNoSnapshot: string | null;
}

/**
 * Names under which a module exports its state. Two instances of one module have the same functions at the same indices of
 * the table `functions`, so a reference found in a table or global of one is, by its index there, known in the other. What
 * is exported anyway, and what other modules export, stands only in the exports.
 */
export interface SnapshotExports {
  /** Mutable globals that the module defines: numbers or references to functions. */
  readonly globals: readonly string[];
  /** Tables of functions that the module defines. */
  readonly tables: readonly string[];
  /** A table with the functions that the module's tables and globals can hold; null: there are none. */
  readonly functions: string | null;
}

/** A memory that the module defined itself and now imports: the limits are those of the given bytes. */
export interface OwnMemory {
  /** Under which it is imported from `REWRITE_MODULE`: `memory:0`, counted among the module's own memories. */
  readonly name: string;
  /** In pages of 64 KiB. */
  readonly initialPages: number;
  /** Null: none is declared. */
  readonly maximumPages: number | null;
  /** Whether addresses are i64 (memory64). */
  readonly index64: boolean;
}

/** Names that start so belong to the runtime: a guest that imports or exports one is refused. */
export const RESERVED_PREFIX = 'cofferdam:';
/** What the host serves to enclaves: the one interface of ours that guests import. */
export const OPEN_PREFIX = 'cofferdam:enclave/';
export const REWRITE_MODULE = 'cofferdam:rewrite';
export const INTERRUPT = 'interrupt';
export const FUEL = 'fuel';
export const FUEL_EXPORT = 'cofferdam:fuel';
