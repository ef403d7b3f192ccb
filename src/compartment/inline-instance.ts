import { type AdapterRuntime, Context, type CoreFunction, fault, Scope } from '../abi/index.ts';
import { CofferdamError } from '../error.ts';
import type { CanonOptions, CoreItem } from '../wasm/plan.ts';
import type { FusedEnd, FusedExport, Instance, InstanceHost } from './contract.ts';
import { guestTrap, isStackExhausted, toGuestError, unreadable } from './guest-error.ts';
import type { InlineCode } from './inline.ts';
import { makeItem } from './items.ts';
import { invalid } from './recipe.ts';
import type { ReadyState } from './start-state.ts';
import { memoriesOf, supply } from './supply.ts';

/** Makes the functions of the small WASI for one instance. */
export type WasiFactory = (
  memory: () => WebAssembly.Memory,
  host: InstanceHost,
) => Readonly<Record<string, (...args: (number | bigint)[]) => unknown>>;

type State = 'free' | 'inside' | 'poisoned' | 'stopped';

/** One instance in the caller's thread. What it can reach is what `host` gives: every core import is made here. */
export class InlineInstance implements Instance, AdapterRuntime {
  readonly code: InlineCode;
  readonly host: InstanceHost;
  readonly scopes: readonly Scope[];
  readonly contexts: readonly Context[];
  readonly resourceClasses: AdapterRuntime['resourceClasses'];
  readonly maxMessageBytes: number;
  readonly instances: WebAssembly.Instance['exports'][] = [];
  /** Parallel to `instances`: memories that were made for them. */
  readonly ownMemories: WebAssembly.Memory[][] = [];
  core: CoreFunction[] = [];
  postReturn: CoreFunction[] = [];
  #promised: CoreFunction[] | null = null;
  readonly #wasi = new Map<number, ReturnType<WasiFactory>>();
  /** A call that may be suspended is inside. */
  isSuspendable = false;
  #state: State = 'inside';
  /** What an import threw first. The guest may catch it, but its call fails all the same. */
  #failure: { readonly error: unknown } | null = null;

  /** `start` is the state that it starts from; null: its own initialisation makes it. */
  constructor(code: InlineCode, host: InstanceHost, start: ReadyState | null = null) {
    const { recipe } = code;
    this.code = code;
    this.host = host;
    this.maxMessageBytes = code.maxMessageBytes;
    // A generated crossing enters without telling; the engine itself refuses to suspend where nothing may be suspended.
    this.isSuspendable = host.leave !== undefined;
    this.resourceClasses = recipe.resourceClasses;
    this.scopes = Array.from({ length: recipe.plan.scopes }, () => new Scope(host.leave));
    this.contexts = recipe.contexts.map(
      (items) => new Context(this, this.#scope(items.scope), items, code.maxMessageBytes),
    );
    if (host.suspending.size > 0) assertSuspension();
    try {
      this.#instantiate(start);
      this.exit();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #scope(scope: number): Scope {
    const found = this.scopes[scope];
    if (found === undefined) throw invalid(`it has no scope ${scope}`);
    return found;
  }

  #instantiate(start: ReadyState | null): void {
    const { recipe, needs } = this.code;
    const modules = start?.modules ?? this.code.modules;
    for (const [i, { module, args }] of recipe.plan.instantiations.entries()) {
      const imports: WebAssembly.Imports = Object.create(null);
      for (const { module: from, name, value } of args) {
        imports[from] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>;
        imports[from][name] = makeItem(this, value, i) as WebAssembly.ImportValue;
      }
      const compiled = modules[module];
      if (compiled === undefined) throw invalid(`it has no module ${module}`);
      const supplied = () => supply(imports, needs, module, this.host, start?.pagesOf(i) ?? null);
      this.instances.push(instantiate(compiled, supplied).exports);
      this.ownMemories.push(memoriesOf(imports, needs, module));
    }
    this.core = recipe.lifted.map((lifted) => this.function(lifted.core));
    this.postReturn = recipe.lifted.map(({ options }) =>
      options.postReturn === null ? nothing : this.function(options.postReturn),
    );
    if (start === null) for (const item of recipe.plan.initialize) this.function(item)();
    else start.restore(this);
  }

  call(index: number, args: readonly unknown[]): unknown {
    if (this.#state !== 'free') throw this.#refusal();
    try {
      return this.#export(this.code.adapters.exports, index)(this, args);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async callSuspending(index: number, args: readonly unknown[]): Promise<unknown> {
    assertSuspension();
    if (this.#state !== 'free') throw this.#refusal();
    this.isSuspendable = true;
    try {
      return await this.#export(this.code.suspendingAdapters.exports, index)(this, args);
    } catch (error) {
      throw this.#fail(error);
    } finally {
      this.isSuspendable = this.host.leave !== undefined;
    }
  }

  #export<T>(exports: readonly T[], index: number): T {
    const found = exports[index];
    if (found === undefined) throw new CofferdamError('ARGUMENT_TYPE', `There is no export ${index} - count them anew`);
    return found;
  }

  #refusal(): CofferdamError {
    if (this.#state === 'inside') {
      const message = 'The instance is still inside another call - break the cycle of calls';
      return new CofferdamError('INSTANCE_REENTERED', message);
    }
    const why = this.#state === 'stopped' ? 'was stopped' : 'failed in an earlier call';
    return new CofferdamError('INSTANCE_STOPPED', `The instance ${why} - make a new one`);
  }

  /** Nothing of the guest ran while the state is `free`: then the instance is as good as before. */
  #fail(error: unknown): unknown {
    if (this.#state === 'free') return error instanceof CofferdamError ? error : unreadable(error);
    if (this.#state === 'inside') this.#state = 'poisoned';
    return this.#failure === null ? toGuestError(error) : this.#failure.error;
  }

  fusedExport(index: number): FusedExport | null {
    const lifted = this.code.recipe.lifted[index];
    const call = this.core[index];
    if (lifted === undefined || call === undefined || this.code.whyNotFused('export', index) !== null) return null;
    const postReturn = lifted.options.postReturn === null ? null : (this.postReturn[index] ?? null);
    return { ...this.fusedEnd(lifted.options), call, postReturn };
  }

  fusedEnd({ memory, realloc }: CanonOptions): FusedEnd {
    return {
      memory: memory && (this.resolve(memory) as WebAssembly.Memory | null),
      realloc: realloc && this.function(realloc),
    };
  }

  memoryBytes(): number {
    const memories = new Set<WebAssembly.Memory>();
    for (const exports of this.instances) {
      for (const value of Object.values(exports)) if (value instanceof WebAssembly.Memory) memories.add(value);
    }
    return [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  }

  stop(): void {
    this.#state = 'stopped';
    this.instances.length = 0;
    this.ownMemories.length = 0;
    this.core = [];
    this.postReturn = [];
    this.#promised = null;
    for (const context of this.contexts) context.forget();
  }

  // What generated code and the items of the plan call.

  enter(): void {
    this.#state = 'inside';
  }

  exit(): void {
    if (this.#failure !== null) throw this.#failure.error;
    if (this.#state !== 'inside') throw this.#refusal();
    this.#state = 'free';
  }

  /** The core functions, made to return promises while their imports wait. */
  get promised(): readonly CoreFunction[] {
    this.#promised ??= this.core.map((core) => WebAssembly.promising(core as (...args: unknown[]) => unknown));
    return this.#promised;
  }

  callImport(index: number, args: readonly unknown[]): unknown {
    try {
      return this.host.call(index, args);
    } catch (error) {
      throw this.#thrownByHost(error);
    }
  }

  async awaitImport(index: number, args: readonly unknown[]): Promise<unknown> {
    try {
      const value = await this.host.call(index, args);
      if (this.#state === 'stopped' || this.#state === 'poisoned') throw this.#refusal();
      return value;
    } catch (error) {
      throw this.#thrownByHost(error);
    }
  }

  resumed(): void {
    this.host.resumed?.();
  }

  cannotSuspend(id: string): unknown {
    const message = `The guest called ${id}, which must wait, from a call that cannot wait - use callSuspending`;
    return this.doom(new CofferdamError('SUSPENSION_SYNC', message));
  }

  /** Passed on unchanged; but a guest that recurses until the host has no stack left has trapped. */
  #thrownByHost(error: unknown): unknown {
    this.#failure ??= { error: isStackExhausted(error) ? toGuestError(error) : error };
    return this.#failure.error;
  }

  doom(error: unknown): unknown {
    this.#failure ??= { error: toGuestError(error) };
    return this.#failure.error;
  }

  cannotLeave(): unknown {
    return this.doom(fault('ABI_LEAVE', 'it called an import in realloc or post-return'));
  }

  swallowed(): unknown {
    return this.#failure?.error ?? guestTrap('it caught an exception of the host');
  }

  resolve(item: CoreItem): unknown {
    if (item.kind !== 'export') return makeItem(this, item, 0);
    return this.instances[item.instance]?.[item.name] ?? null;
  }

  function(item: CoreItem): CoreFunction {
    const found = this.resolve(item);
    if (typeof found !== 'function') throw invalid('a core function that it names is not there');
    return found as CoreFunction;
  }

  /** The small WASI of the instantiation numbered `importer`, over the memory it exports; undefined if not granted. */
  wasi(importer: number): ReturnType<WasiFactory> | undefined {
    let functions = this.#wasi.get(importer);
    if (functions === undefined && this.code.wasi !== null) {
      functions = this.code.wasi(() => this.#memoryOf(importer), this.host);
      this.#wasi.set(importer, functions);
    }
    return functions;
  }

  #memoryOf(instantiation: number): WebAssembly.Memory {
    const memory = this.instances[instantiation]?.memory;
    if (memory instanceof WebAssembly.Memory) return memory;
    throw guestTrap('it called WASI, which needs a memory under the name `memory`');
  }

  destroy(resource: number, rep: number): void {
    if (this.#state === 'poisoned' || this.#state === 'stopped') return;
    if (this.#state === 'inside') throw this.#refusal();
    const run = () => {
      this.enter();
      try {
        this.runDestructor(resource, rep, null);
        this.exit();
      } catch (error) {
        throw this.#fail(error);
      }
    };
    if (this.host.bounded) this.host.bounded(run);
    else run();
  }

  /** `from` is the scope that dropped the last handle, or null for the host. */
  runDestructor(resource: number, rep: number, from: number | null): void {
    const defined = this.code.recipe.plan.resources[resource];
    if (defined?.kind !== 'defined' || defined.dtor === null) return;
    const scope = this.#scope(defined.scope);
    const destructor = this.function(defined.dtor) as (rep: number) => void;
    if (from === defined.scope) {
      destructor(rep);
      return;
    }
    if (scope.entered) throw this.#refusal();
    scope.entered = true;
    destructor(rep);
    if (!scope.mayLeave) throw this.swallowed();
    scope.entered = false;
  }
}

function instantiate(module: WebAssembly.Module, imports: () => WebAssembly.Imports): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, imports());
  } catch (error) {
    if (error instanceof WebAssembly.LinkError) throw invalid('an import is not what the module asks for', error);
    // V8: its memory could not be reserved.
    if (error instanceof RangeError && !isStackExhausted(error)) throw guestTrap('no room for its memory', error);
    throw error;
  }
}

const nothing: CoreFunction = () => undefined;

function assertSuspension(): void {
  if (typeof WebAssembly.Suspending === 'function' && typeof WebAssembly.promising === 'function') return;
  const message = 'This engine cannot suspend Wasm - run on Node 25 or later, or serve imports that answer at once';
  throw new CofferdamError('SUSPENSION_MISSING', message);
}
