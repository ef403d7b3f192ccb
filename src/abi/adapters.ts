import type { CanonOptions, PlanResource } from '../wasm/plan.ts';
import type { FuncType } from '../wasm/types.ts';
import type { Context, ContextOwner } from './context.ts';
import { containsKind, emitExport, emitLifted, emitLowered, type FunctionContext } from './emit-function.ts';
import { Emitter } from './emitter.ts';
import { layoutOf, unsupported } from './layout.ts';
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

export interface Adapters {
  /** By position in the world's exports: checks arguments, calls, gives the result (or a promise of it). */
  readonly exports: readonly ((runtime: AdapterRuntime, args: readonly unknown[]) => unknown)[];
  /** By position in `lowered`: makes the core function that an instance imports. */
  readonly imports: readonly ((runtime: AdapterRuntime) => CoreFunction)[];
  /** The same for imports that may wait; empty in synchronous adapters. */
  readonly waitingImports: readonly ((runtime: AdapterRuntime) => CoreFunction)[];
}

/**
 * Compiles lift and lower code for every function of a guest, once for all its instances. With `isAsync`, exports give
 * promises, links inside the guest wait, and imports come in both forms. Throws ABI_UNSUPPORTED or ABI_TYPE_LIMIT.
 */
export function compileAdapters(plan: AdapterPlan, { isAsync }: { isAsync: boolean }): Adapters {
  for (const { id, type } of [...plan.lifted, ...plan.lowered]) {
    if (type.async) throw unsupported(`asynchronous functions (${id})`);
    for (const param of type.params) layoutOf(param.type);
    if (type.result !== null) layoutOf(type.result);
    if (containsKind(type.result, ['borrow'])) throw unsupported(`a borrowed handle as a result (${id})`);
  }
  const emitter = new Emitter();
  const context: FunctionContext = { emitter, plan, isAsync };
  const inner = plan.lifted.map((side, i) => emitLifted(context, side, i));
  const exports = plan.lifted
    .slice(0, plan.exported)
    .map((side, i) => emitExport(context, side, i, inner[i] as string));
  const lower = (waits: boolean): string[] =>
    plan.lowered.map((side) => {
      const { target } = side;
      return 'lifted' in target
        ? emitLowered(context, side, inner[target.lifted] as string, isAsync)
        : emitLowered(context, side, null, waits);
    });
  const imports = lower(false);
  const waitingImports = isAsync ? lower(true) : [];
  const lists = [exports, imports, waitingImports].map((names) => `[${names.join(', ')}]`);
  const [exportList, importList, waitingList] = emitter.run(LIBRARY, `[${lists.join(', ')}]`) as [
    Adapters['exports'],
    Adapters['imports'],
    Adapters['waitingImports'],
  ];
  return { exports: exportList, imports: importList, waitingImports: waitingList };
}
