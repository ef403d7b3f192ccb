import type { Instance, InstanceHost } from '../compartment/contract.ts';
import { isStackExhausted, toGuestError } from '../compartment/guest-error.ts';
import { supply } from '../compartment/supply.ts';
import { Turnstile } from '../compartment/turnstile.ts';
import { CofferdamError } from '../error.ts';
import type { WorldFunction } from '../wasm/types.ts';
import { type AdaptedModule, type AdapterSource, type GuestAccess, ownImports } from './adapter.ts';
import { conformArguments, conformResult } from './conform.ts';

/** An export of the world and the adapter's function for it. */
export interface AdaptedExport {
  /** Under which the adapter has it. */
  readonly key: string;
  readonly func: WorldFunction;
  readonly run: (guest: GuestAccess, ...args: readonly unknown[]) => unknown;
}

/** What an instance and its access share, out of the adapter's reach. */
interface Guest {
  /** By name; of several modules, by `module.name`. */
  readonly exports: Map<string, WebAssembly.ExportValue>;
  readonly modules: string[];
  readonly memories: Set<WebAssembly.Memory>;
  state: unknown;
}

/** One instance of a core module, behind its adapter. */
export class AdapterInstance implements Instance {
  readonly #source: AdapterSource;
  readonly #served: readonly AdaptedExport[];
  readonly #host: InstanceHost;
  readonly #turnstile = new Turnstile();
  readonly #guest: Guest = { exports: new Map(), modules: [], memories: new Set(), state: undefined };
  readonly #access: Access;

  /** Runs the modules' start functions and the adapter's `start`. */
  constructor(source: AdapterSource, served: readonly AdaptedExport[], host: InstanceHost) {
    this.#source = source;
    this.#served = served;
    this.#host = host;
    this.#access = new Access(source, host, this.#turnstile, this.#guest);
    this.#turnstile.pass(() => {
      for (const [i, each] of source.modules.entries()) this.#make(each, i);
      for (const { name } of source.modules) {
        const initialize = name === null ? '_initialize' : `${name}._initialize`;
        if (typeof this.#guest.exports.get(initialize) === 'function') this.#access.call(initialize);
      }
      const { start } = source.adapter;
      if (start) this.#guest.state = this.#trusted('start', () => start(this.#access as GuestAccess<undefined>));
    });
  }

  call(index: number, args: readonly unknown[]): unknown {
    const served = this.#served[index];
    if (served === undefined) throw new RangeError(`There is no export number ${index}`);
    const { func, run, key } = served;
    const maxBytes = this.#source.limits.messageBytes;
    const values = conformArguments(func.type, args, func.name, maxBytes);
    return this.#turnstile.pass(() => {
      const value = this.#trusted(key, () => run(this.#access, ...values));
      if (value instanceof Promise) throw failed(`${key} of the adapter gave a promise - it must answer at once`);
      const what = `what ${key} of the adapter gave`;
      return conformResult(func.type.result, value, { code: 'ADAPTER_FAILED', what, maxBytes });
    });
  }

  async callSuspending(index: number, args: readonly unknown[]): Promise<unknown> {
    return this.call(index, args);
  }

  memoryBytes(): number {
    return this.#access.memoryBytes;
  }

  stop(): void {
    this.#turnstile.stop();
    const { exports, memories } = this.#guest;
    exports.clear();
    memories.clear();
  }

  #make(source: AdaptedModule, index: number): void {
    const { exports, modules, memories } = this.#guest;
    const { name: own, module } = source;
    const imports = supply(this.#imports(source), this.#source.needs ?? null, index, this.#host);
    const made = Object.entries(new WebAssembly.Instance(module, imports).exports);
    if (own !== null) modules.push(own);
    for (const [name, value] of made) {
      exports.set(own === null ? name : `${own}.${name}`, value);
      if (value instanceof WebAssembly.Memory && (own !== null || name === 'memory')) memories.add(value);
    }
  }

  #imports({ name: own, module }: AdaptedModule): WebAssembly.Imports {
    const imports: WebAssembly.Imports = Object.create(null);
    for (const { module: from, name, kind } of ownImports(module)) {
      imports[from] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>;
      imports[from][name] = this.#import(`${from}.${name}`, kind, own);
    }
    return imports;
  }

  /** Of another module, if there is one; else the adapter's. */
  #import(key: string, kind: string, importer: string | null): WebAssembly.ImportValue {
    const exported = this.#guest.exports.get(key);
    if (importer !== null && exported !== undefined) return exported;
    const { imports, globals } = this.#source.adapter;
    if (kind === 'global') {
      const give = globals?.[key];
      return this.#trusted(key, () => give?.(this.#access as GuestAccess<undefined>, importer ?? '')) as number;
    }
    const serve = imports?.[key] as AdaptedExport['run'];
    return (...args: unknown[]) => this.#turnstile.out(() => this.#trusted(key, () => serve(this.#access, ...args)));
  }

  /** Runs the adapter's code: what it throws by itself is its failure, what it was thrown goes on as it is. */
  #trusted<T>(name: string, run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof CofferdamError || isStackExhausted(error)) throw error;
      throw failed(`${name} of the adapter threw - see the cause`, error);
    }
  }
}

/** What the adapter holds of its guest: only private fields lead to the instance. */
class Access implements GuestAccess {
  readonly #source: AdapterSource;
  readonly #host: InstanceHost;
  readonly #turnstile: Turnstile;
  readonly #guest: Guest;

  constructor(source: AdapterSource, host: InstanceHost, turnstile: Turnstile, guest: Guest) {
    this.#source = source;
    this.#host = host;
    this.#turnstile = turnstile;
    this.#guest = guest;
  }

  get state(): unknown {
    return this.#guest.state;
  }

  get memoryBytes(): number {
    return [...this.#guest.memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  }

  get modules(): readonly string[] {
    return [...this.#guest.modules];
  }

  global(name: string): number | bigint {
    const found = this.#inside().exports.get(name);
    return found instanceof WebAssembly.Global
      ? (found.value as number | bigint)
      : fail(`the guest has no global ${name}`);
  }

  call(name: string, ...args: readonly (number | bigint)[]): number {
    const result = this.#call(name, args) ?? 0;
    return typeof result === 'number' ? result : fail(`${name} gives no number`);
  }

  callWide(name: string, ...args: readonly (number | bigint)[]): bigint {
    const result = this.#call(name, args);
    return typeof result === 'bigint' ? result : fail(`${name} gives no i64`);
  }

  #call(name: string, args: readonly (number | bigint)[]): unknown {
    const func = this.#inside().exports.get(name);
    if (typeof func !== 'function') return fail(`the guest has no function ${name}`);
    try {
      return (func as WebAssembly.ExportFunction)(...args);
    } catch (error) {
      // Whatever the adapter makes of it: a guest that trapped is in no state to go on.
      throw this.#turnstile.fail(toGuestError(error));
    }
  }

  read(pointer: number, length: number): Uint8Array {
    return this.#bytes(pointer, length).slice();
  }

  readText(pointer: number, length: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#bytes(pointer, length));
    } catch (error) {
      if (error instanceof CofferdamError) throw error;
      return fail(`the ${length} bytes at ${pointer} are not UTF-8`);
    }
  }

  write(pointer: number, bytes: Uint8Array): void {
    this.#bytes(pointer, bytes.length).set(bytes);
  }

  callImport(id: string, ...args: readonly unknown[]): unknown {
    this.#inside();
    const { imports } = this.#source.world;
    const exact = imports.findIndex((func) => func.id === id);
    const index = exact >= 0 ? exact : imports.findIndex((func) => func.name === id);
    const func = imports[index];
    if (func === undefined) return fail(`its world has no import ${id}`);
    if (this.#host.suspending.has(index)) {
      const message = `The import ${id} must wait, and an adapter cannot - serve it by something that answers at once`;
      throw new CofferdamError('SUSPENSION_SYNC', message);
    }
    const maxBytes = this.#source.limits.messageBytes;
    const types = func.type.params.map((param) => param.type);
    const expected = { code: 'ADAPTER_FAILED', what: `an argument of ${id}`, maxBytes } as const;
    if (args.length !== types.length) return fail(`${id} takes ${types.length} arguments`);
    const values = types.map((type, i) => conformResult(type, args[i], expected));
    return this.#turnstile.out(() => this.#host.call(index, values));
  }

  #inside(): Guest {
    return this.#turnstile.isInside ? this.#guest : fail('it used its guest while no call was inside');
  }

  #bytes(pointer: number, length: number): Uint8Array {
    const [memory, ...others] = this.#inside().memories;
    if (memory === undefined || others.length > 0) return fail('the guest exports no memory, or more than one');
    // Core i32 arrive signed.
    const at = pointer >>> 0;
    const { buffer } = memory;
    if (!Number.isInteger(length) || length < 0 || at + length > buffer.byteLength) {
      return fail(`${length} bytes at ${at} are out of the guest's memory`);
    }
    return new Uint8Array(buffer, at, length);
  }
}

function fail(what: string): never {
  throw failed(`The adapter failed: ${what} - correct it, or distrust its guest`);
}

function failed(message: string, cause?: unknown): CofferdamError<'ADAPTER_FAILED'> {
  return new CofferdamError('ADAPTER_FAILED', message, { cause });
}
