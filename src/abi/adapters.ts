import type { CanonOptions, PlanResource } from '../wasm/plan.ts';
import type { FuncType } from '../wasm/types.ts';
import { assertAdaptable } from './adaptable.ts';
import type { Context, ContextOwner } from './context.ts';
import { emitExport, emitLifted, emitLowered, type FunctionContext } from './emit-function.ts';
import { Emitter } from './emitter.ts';
import { LIBRARY } from './library.ts';

export type CoreFunction = (...args: never[]) => unknown;

/** What the generated functions need of an instance. */
export interface AdapterRuntime extends ContextOwner {
  readonly contexts: readonly Context[];
  /** By position in `AdapterPlan.lifted`: the core function, the same made to suspend, and post-return. */
  readonly core: readonly CoreFunction[];
  readonly promised: readonly CoreFunction[];
  readonly postReturn: readonly CoreFunction[];
  readonly maxMessageBytes: number;
  /** Around every call of an export: nothing of the guest has run before `enter`. */
  enter(): void;
  exit(): void;
  callImport(index: number, args: readonly unknown[]): unknown;
  awaitImport(index: number, args: readonly unknown[]): Promise<unknown>;
  /** After every wait, before anything of the guest runs. */
  resumed(): void;
  /** The call inside was made so that it can be suspended. */
  readonly isSuspendable: boolean;
  cannotSuspend(id: string): unknown;
  /** Keeps what an import threw, since the guest might catch it. */
  doom(error: unknown): unknown;
  /** An import was called during realloc, post-return, or after another import had failed. */
  cannotLeave(): unknown;
  /** The guest returned although an import that it called had failed. */
  swallowed(): unknown;
}

/** One side of a function: its type, and the context (position in `contexts`) and scope it lives in. */
export interface Side {
  /** For messages. */
  readonly id: string;
  readonly type: FuncType;
  readonly options: CanonOptions;
  readonly context: number;
  readonly scope: number;
}

export interface Lowered extends Side {
  /** Position in the world's imports, or in `AdapterPlan.lifted`. */
  readonly target: { readonly import: number } | { readonly lifted: number };
}

/** The functions of one guest that need adapters. */
export interface AdapterPlan {
  /** First those that are exported, then those that only links inside use. */
  readonly lifted: readonly Side[];
  readonly exported: number;
  readonly lowered: readonly Lowered[];
  readonly resources: readonly PlanResource[];
  readonly scopes: number;
}

export type ExportAdapter = (runtime: AdapterRuntime, args: readonly unknown[]) => unknown;
export type ImportAdapter = (runtime: AdapterRuntime) => CoreFunction;

export interface Adapters {
  /** By position in the world's exports: checks arguments, calls, gives the result (or a promise of it). */
  readonly exports: readonly ExportAdapter[];
  /** By position in `lowered`: makes the core function that an instance imports. */
  readonly imports: readonly ImportAdapter[];
  /** The same for imports that may wait; empty in synchronous adapters. */
  readonly waitingImports: readonly ImportAdapter[];
}

/**
 * Lift and lower code for every function of a guest, once for all its instances. With `isAsync`, exports give promises,
 * links inside the guest wait, and imports come in both forms. Most programs call few of a guest's exports, so each is
 * compiled at its first call, and the imports with the first instance; what cannot be compiled is refused here.
 * Throws ABI_UNSUPPORTED or ABI_TYPE_LIMIT.
 */
export function makeAdapters(plan: AdapterPlan, { isAsync }: { isAsync: boolean }): Adapters {
  assertAdaptable(plan);
  const exports = plan.lifted.slice(0, plan.exported).map((side, i): ExportAdapter => {
    return (runtime, args) => {
      const compiled = compileExport(plan, side, i, isAsync);
      exports[i] = compiled;
      return compiled(runtime, args);
    };
  });
  let imports: ImportAdapter[] | null = null;
  let waiting: ImportAdapter[] | null = null;
  return {
    exports,
    get imports() {
      imports ??= compileImports(plan, isAsync, false);
      return imports;
    },
    get waitingImports() {
      waiting ??= isAsync ? compileImports(plan, isAsync, true) : [];
      return waiting;
    },
  };
}

function compileExport(plan: AdapterPlan, side: Side, index: number, isAsync: boolean): ExportAdapter {
  const emitter = new Emitter();
  const context: FunctionContext = { emitter, plan, isAsync };
  const inner = emitLifted(context, side, index);
  return emitter.run(LIBRARY, emitExport(context, side, index, inner)) as ExportAdapter;
}

function compileImports(plan: AdapterPlan, isAsync: boolean, waits: boolean): ImportAdapter[] {
  const emitter = new Emitter();
  const context: FunctionContext = { emitter, plan, isAsync };
  const inner = new Map<number, string>();
  const names = plan.lowered.map((side) => {
    const { target } = side;
    if (!('lifted' in target)) return emitLowered(context, side, null, waits);
    const { lifted } = target;
    const name = inner.get(lifted) ?? emitLifted(context, plan.lifted[lifted] as Side, lifted);
    inner.set(lifted, name);
    return emitLowered(context, side, name, isAsync);
  });
  return emitter.run(LIBRARY, `[${names.join(', ')}]`) as ImportAdapter[];
}
