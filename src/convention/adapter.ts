import type { Code } from '../compartment/contract.ts';
import type { Needs } from '../compartment/supply.ts';
import { CofferdamError } from '../error.ts';
import { REWRITE_MODULE } from '../wasm/rewrite/rewritten.ts';
import type { World, WorldFunction } from '../wasm/types.ts';
import { type AdaptedExport, AdapterInstance } from './adapter-instance.ts';
import { assertCopyable, BEYOND_COPYING } from './conform.ts';

/**
 * What a trusted adapter gets of its guest: the functions and the memory of that one instance, nothing else. It can be
 * used only while a call is inside. Pointers and lengths are checked against the memory; what does not fit throws
 * ADAPTER_FAILED. A trap of the guest ends the call, also when the adapter catches it.
 */
export interface GuestAccess<State = unknown> {
  /** What `start` returned for this instance. */
  readonly state: State;
  readonly memoryBytes: number;
  /** Of several modules: the names of those that are made by now, in order. */
  readonly modules: readonly string[];
  /** Calls a core export, `module.name` of several modules. Gives its i32, f32 or f64 result; 0 when it has none. */
  call(name: string, ...args: readonly (number | bigint)[]): number;
  /** The same for an i64 result. */
  callWide(name: string, ...args: readonly (number | bigint)[]): bigint;
  /** What a core global holds that is exported; named as functions are. */
  global(name: string): number | bigint;
  /** A copy. Of several modules: of the one memory that they export. */
  read(pointer: number, length: number): Uint8Array;
  /** Text that must be UTF-8. */
  readText(pointer: number, length: number): string;
  write(pointer: number, bytes: Uint8Array): void;
  /** Calls an import of the world (`interface#name`, or its name), along a link or to a resource. */
  callImport(id: string, ...args: readonly unknown[]): unknown;
}

/**
 * Makes a core module that speaks a protocol of its own keep to a WIT world. Adapters are the operator's code and part
 * of what must be trusted. One adapter serves many instances at many labels: it must keep nothing but in `state`.
 */
export interface Adapter<State = unknown> {
  /** Runs once in each new instance, before its first call. */
  readonly start?: (guest: GuestAccess<undefined>) => State;
  /** Serves core imports, by `module.name`. */
  readonly imports?: Readonly<
    Record<string, (guest: GuestAccess<State>, ...args: never[]) => number | bigint | undefined>
  >;
  /**
   * Gives core globals that don't change, by `module.name`: what the module `importer` gets of it. Asked for just before
   * that module is made.
   */
  readonly globals?: Readonly<Record<string, (guest: GuestAccess<undefined>, importer: string) => number | bigint>>;
  /** Serves the exports of the world, by `interface#name` or by name. Arguments and results are checked. */
  readonly exports: Readonly<Record<string, (guest: GuestAccess<State>, ...args: never[]) => unknown>>;
}

/** One of the modules that an adapter speaks for. */
export interface AdaptedModule {
  /** By which others import it; null for the only one. */
  readonly name: string | null;
  readonly module: WebAssembly.Module;
}

export interface AdapterSource {
  /** In the order in which they are made. */
  readonly modules: readonly AdaptedModule[];
  readonly world: World;
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  /** What they import besides the guest's own imports; null: they were not rewritten. */
  readonly needs?: Needs | null;
  readonly adapter: Adapter;
}

/** For the type checker: an adapter file is `export default defineAdapter({ … })`. */
export function defineAdapter<State>(adapter: Adapter<State>): Adapter {
  return adapter as Adapter;
}

/**
 * Throws ADAPTER_INVALID when the adapter does not serve the world's exports, WASM_IMPORT_UNKNOWN for core imports that
 * it does not serve (naming each), ABI_UNSUPPORTED for types that hold handles or streams.
 */
export function makeAdapterCode(source: AdapterSource): Code {
  const { modules, world, sha256, adapter } = source;
  if (typeof adapter !== 'object' || adapter === null || typeof adapter.exports !== 'object') {
    throw invalid('The adapter is none - write: export default defineAdapter({ exports: { … } })');
  }
  for (const { type } of [...world.imports, ...world.exports]) assertCopyable(type, BEYOND_COPYING);
  const served = world.exports.map((func) => findExport(func, world, adapter));
  assertNothingElse(served, adapter);
  assertImports(modules, adapter);
  return { world, sha256, instantiate: (host) => new AdapterInstance(source, served, host) };
}

function findExport(func: WorldFunction, world: World, { exports }: Adapter): AdaptedExport {
  const isUnique = world.exports.filter(({ name }) => name === func.name).length === 1;
  const key = [func.id, ...(isUnique ? [func.name] : [])].find((each) => Object.hasOwn(exports, each));
  const run = key === undefined ? undefined : exports[key];
  if (key === undefined || typeof run !== 'function') {
    throw invalid(`The adapter does not serve the export ${func.id} - add a function of that name to its exports`);
  }
  return { key, func, run: run as AdaptedExport['run'] };
}

function assertNothingElse(served: readonly AdaptedExport[], { exports }: Adapter): void {
  const extra = Object.keys(exports).find((key) => served.every((each) => each.key !== key));
  if (extra !== undefined) throw invalid(`The adapter serves ${extra}, which its WIT does not export - add it there`);
}

function assertImports(modules: readonly AdaptedModule[], { imports = {}, globals = {} }: Adapter): void {
  const made = new Set<string>();
  const unknown: string[] = [];
  for (const { name: own, module } of modules) {
    for (const { module: from, name, kind } of ownImports(module)) {
      const key = `${from}.${name}`;
      const offered = kind === 'function' ? imports : kind === 'global' ? globals : {};
      if (!made.has(key) && typeof ownValue(offered, key) !== 'function') unknown.push(key);
    }
    if (own !== null) for (const { name } of WebAssembly.Module.exports(module)) made.add(`${own}.${name}`);
  }
  if (unknown.length === 0) return;
  const message = `Nothing serves the imports ${unknown.join(', ')} - add functions of these names to the adapter's imports (or globals)`;
  throw new CofferdamError('WASM_IMPORT_UNKNOWN', message, { details: { imports: unknown } });
}

/** Without what the rewriting added. */
export function ownImports(module: WebAssembly.Module) {
  return WebAssembly.Module.imports(module).filter((each) => each.module !== REWRITE_MODULE);
}

const ownValue = (from: object, key: string): unknown => (Object.hasOwn(from, key) ? from[key as never] : undefined);

const invalid = (message: string): CofferdamError<'ADAPTER_INVALID'> => new CofferdamError('ADAPTER_INVALID', message);
