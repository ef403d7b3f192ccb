import type { FuncType, World } from './types.ts';

/**
 * How to make an instance, worked out once per module: nested components, aliases, shims and fix-ups are all flattened
 * into a straight list of core instantiations. Plain data: it crosses a worker boundary and is cached on disk, so it
 * holds no functions and no compiled modules. The executor walks `instantiations` in order.
 */
export interface Plan {
  readonly world: World;
  /** The core modules, as byte ranges of the file. A core module's own plan has one range: the whole file. */
  readonly modules: readonly ModuleRange[];
  readonly instantiations: readonly Instantiation[];
  /** Parallel to `world.exports`. */
  readonly exports: readonly Lifted[];
  /**
   * Resource types. The first `world.resources.length` are the world's, in its order; after them those that never
   * leave the component. `own` and `borrow` types in this plan refer to positions in this list.
   */
  readonly resources: readonly PlanResource[];
  /**
   * Component instances that were flattened away, but for those that lift, lower and define nothing; each has its own
   * handle table and may-leave state. At least 1.
   */
  readonly scopes: number;
  /**
   * Core functions without parameters and results to call once after all instantiations, in order: the `_initialize` of
   * a core module built as a reactor. Empty for components, which run theirs as a start function.
   */
  readonly initialize: readonly CoreItem[];
}

export interface ModuleRange {
  readonly start: number;
  readonly end: number;
}

export interface Instantiation {
  /** Position in `modules`. The new instance's number is its position in `instantiations`. */
  readonly module: number;
  readonly args: readonly Argument[];
}

/** What satisfies the core import `module.name`. */
export interface Argument {
  readonly module: string;
  readonly name: string;
  readonly value: CoreItem;
}

export type CoreItem =
  /**
   * An export of a core instance made by an earlier instantiation. In the options of a lowered function of a core
   * module's own plan it is of the instance being made: look options up when the function is first called.
   */
  | { readonly kind: 'export'; readonly instance: number; readonly name: string }
  /** `canon lower` of the world's import number `import`. */
  | { readonly kind: 'lower-import'; readonly import: number; readonly options: CanonOptions; readonly scope: number }
  /** `canon lower` of a function that was lifted inside the same file (a link between nested components). */
  | { readonly kind: 'lower-lifted'; readonly lifted: Lifted; readonly options: CanonOptions; readonly scope: number }
  | { readonly kind: 'resource-new'; readonly resource: number; readonly scope: number }
  | { readonly kind: 'resource-rep'; readonly resource: number; readonly scope: number }
  | { readonly kind: 'resource-drop'; readonly resource: number; readonly scope: number }
  /** A function of the small WASI (`wasi_snapshot_preview1`), for core modules built against wasi-libc. */
  | { readonly kind: 'wasi'; readonly name: string }
  /** The other things that the small runtimes of core guests expect, given by the executor (`env.abort`, …). */
  | { readonly kind: 'builtin'; readonly name: string };

/** `canon lift`: a core function, seen as a component function. */
export interface Lifted {
  readonly core: CoreItem;
  readonly type: FuncType;
  readonly options: CanonOptions;
  /** The component instance that it enters. */
  readonly scope: number;
}

export interface CanonOptions {
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
  readonly memory: CoreItem | null;
  readonly realloc: CoreItem | null;
  readonly postReturn: CoreItem | null;
}

export type PlanResource =
  /** Implemented by somebody else: its handles hold what the import gave. */
  | { readonly kind: 'imported' }
  /** Defined here; `dtor` runs when the last owner drops it. */
  | { readonly kind: 'defined'; readonly dtor: CoreItem | null; readonly scope: number };
