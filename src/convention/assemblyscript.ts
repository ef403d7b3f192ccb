import { camelCase } from '../abi/names.ts';
import type { Code } from '../compartment/contract.ts';
import { ResumingImports } from '../compartment/resuming.ts';
import type { Needs } from '../compartment/supply.ts';
import { CofferdamError } from '../error.ts';
import { type CoreFuncType, formatCoreFunc, sameFuncType } from '../wasm/core-types.ts';
import type { ModuleInfo } from '../wasm/module-info.ts';
import type { Signature } from '../wasm/module-writer.ts';
import type { CoreType } from '../wasm/opcodes.ts';
import type { FuncType, ValType, World, WorldFunction } from '../wasm/types.ts';
import { AssemblyScriptInstance } from './assemblyscript-instance.ts';
import { elementOf } from './assemblyscript-memory.ts';

/**
 * Code of a module that follows the conventions of @assemblyscript/loader: strings and arrays are objects of its own
 * runtime, made and read through what `--exportRuntime` exports. Types: numbers, bool, string, lists of numbers, lists
 * of strings. A list that the guest *takes* needs its class: `export const Float64Array_ID = idof<Float64Array>()`
 * (`StringArray_ID` for `Array<string>`).
 */
interface AssemblyScriptSource {
  readonly module: WebAssembly.Module;
  /** The outside of that module. */
  readonly info: ModuleInfo;
  readonly world: World;
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  /** What the module imports besides its own imports; null: it was not rewritten. */
  readonly needs?: Needs | null;
  /** `minimal` also gives `trace` (to stderr) and `seed` (randomness); `none` refuses guests that want them. */
  readonly wasi?: 'none' | 'minimal';
}

/** Where each function of the world is in the module. */
export interface AssemblyScriptPlan extends AssemblyScriptSource {
  readonly imports: readonly PlannedImport[];
  /** Core export names, parallel to `world.exports`. */
  readonly exports: readonly string[];
  readonly resuming: ResumingImports;
}

interface PlannedImport {
  readonly module: string;
  readonly name: string;
  /** Position in `world.imports`, or a function of AssemblyScript's own. */
  readonly to: number | Builtin;
}

export type Builtin = 'abort' | 'trace' | 'seed';

const BUILTINS: Readonly<Record<Builtin, CoreFuncType>> = {
  abort: { params: ['i32', 'i32', 'i32', 'i32'], results: [] },
  trace: { params: ['i32', 'i32', 'f64', 'f64', 'f64', 'f64', 'f64'], results: [] },
  seed: { params: [], results: ['f64'] },
};

const RUNTIME: Readonly<Record<string, CoreFuncType>> = {
  __new: { params: ['i32', 'i32'], results: ['i32'] },
  __pin: { params: ['i32'], results: ['i32'] },
  __unpin: { params: ['i32'], results: [] },
};

const CORE_TYPES: Readonly<Record<string, CoreType>> = { s64: 'i64', u64: 'i64', f32: 'f32', f64: 'f64' };
const SCALARS = new Set(['bool', 's8', 'u8', 's16', 'u16', 's32', 'u32', 's64', 'u64', 'f32', 'f64']);

/**
 * Throws ABI_UNSUPPORTED for types that such a module cannot have, WASM_IMPORT_UNKNOWN for imports that nothing serves
 * (naming each), WASM_EXPORT_MISSING and WASM_SIGNATURE where the module is not what its WIT says.
 */
export function makeAssemblyScriptCode(source: AssemblyScriptSource): Code {
  const { world, sha256 } = source;
  for (const { id, type } of [...world.imports, ...world.exports]) assertTypes(id, type);
  const exports = world.exports.map((func) => findExport(func, source.info));
  if (new Set(exports).size < exports.length) throw unsupported('two exports of one name in its world');
  const plan: AssemblyScriptPlan = {
    ...source,
    imports: planImports(source),
    exports,
    resuming: new ResumingImports(),
  };
  assertRuntime(plan);
  return { world, sha256, instantiate: (host) => new AssemblyScriptInstance(plan, host) };
}

function assertTypes(id: string, { params, result, async }: FuncType): void {
  if (async) throw unsupported(`the async function ${id}`);
  for (const type of [...params.map((param) => param.type), ...(result === null ? [] : [result])]) {
    if (SCALARS.has(type.kind) || type.kind === 'string' || elementOf(type) !== null) continue;
    throw unsupported(`a ${type.kind} in ${id}`);
  }
}

function unsupported(what: string): CofferdamError<'ABI_UNSUPPORTED'> {
  const message = `An AssemblyScript guest cannot have ${what} - use numbers, bool, string, or lists of numbers or strings`;
  return new CofferdamError('ABI_UNSUPPORTED', `${message}; other types need a component`);
}

const coreTypeOf = (type: ValType): CoreType => CORE_TYPES[type.kind] ?? 'i32';

export const coreFuncOf = ({ params, result }: FuncType): Signature => ({
  params: params.map((param) => coreTypeOf(param.type)),
  results: result === null ? [] : [coreTypeOf(result)],
});

function planImports({ info, world, wasi = 'none' }: AssemblyScriptSource): PlannedImport[] {
  const unknown: string[] = [];
  const planned = info.imports.flatMap(({ module, name, type }): PlannedImport[] => {
    const to = findImport(module, name, world.imports);
    if (to === null || type.kind !== 'func' || (to !== 'abort' && typeof to === 'string' && wasi === 'none')) {
      unknown.push(`${module}.${name}`);
      return [];
    }
    const expected = typeof to === 'number' ? coreFuncOf((world.imports[to] as WorldFunction).type) : BUILTINS[to];
    assertSignature(`the import ${module}.${name}`, expected, type.type);
    return [{ module, name, to }];
  });
  if (unknown.length === 0) return planned;
  const wants = unknown.some((name) => name === 'env.seed' || name === 'env.trace');
  const remedy = wants ? 'wasi: minimal gives seed and trace; ' : '';
  const message = `Nothing serves the imports ${unknown.join(', ')} - ${remedy}declare others in its WIT`;
  throw new CofferdamError('WASM_IMPORT_UNKNOWN', message, { details: { imports: unknown } });
}

/**
 * An import is named as `@external("desk:out/notify", "send")` says; or, where the guest has no decorator, by the
 * file and the function that declare it: `notify.send`. Functions at world level are in `$root`, or in `env`.
 */
function findImport(module: string, name: string, imports: readonly WorldFunction[]): number | Builtin | null {
  const found = imports.flatMap((func, i) => {
    const isName = name === func.name || name === camelCase(func.name);
    return isName && moduleNames(func.interface).includes(module) ? [i] : [];
  });
  if (found.length > 1) throw unsupported(`two imports that ${module}.${name} could mean`);
  if (found[0] !== undefined) return found[0];
  return module === 'env' && Object.hasOwn(BUILTINS, name) ? (name as Builtin) : null;
}

function moduleNames(id: string | null): string[] {
  if (id === null) return ['$root', 'env'];
  const unversioned = id.replace(/@[^/]*$/, '');
  return [id, unversioned, unversioned.slice(unversioned.lastIndexOf('/') + 1)];
}

function findExport({ id, name, type }: WorldFunction, { exports }: ModuleInfo): string {
  for (const candidate of [id, name, camelCase(name)]) {
    const found = exports.find((each) => each.name === candidate);
    if (found?.type.kind !== 'func') continue;
    assertSignature(`the export ${candidate}`, coreFuncOf(type), found.type.type);
    return candidate;
  }
  const message = `The guest has no export ${camelCase(name)}, which its WIT promises - export such a function`;
  throw new CofferdamError('WASM_EXPORT_MISSING', message, { details: { export: id } });
}

function assertSignature(what: string, expected: CoreFuncType, actual: CoreFuncType): void {
  if (sameFuncType(expected, actual)) return;
  const message = `By its WIT ${what} is ${formatCoreFunc(expected)}, but it is ${formatCoreFunc(actual)} - correct one`;
  throw new CofferdamError('WASM_SIGNATURE', message);
}

/** Strings and lists need the runtime; numbers don't. */
function assertRuntime({ world, info }: AssemblyScriptPlan): void {
  const types = [...world.imports, ...world.exports].flatMap(({ type }) => [
    ...type.params.map((param) => param.type),
    ...(type.result === null ? [] : [type.result]),
  ]);
  if (types.every((type) => SCALARS.has(type.kind))) return;
  for (const [name, expected] of Object.entries(RUNTIME)) {
    const found = info.exports.find((each) => each.name === name)?.type;
    if (found?.kind !== 'func') throw runtimeMissing(name);
    assertSignature(`the export ${name}`, expected, found.type);
  }
  if (info.exports.find((each) => each.name === 'memory')?.type.kind !== 'memory') throw runtimeMissing('memory');
}

function runtimeMissing(name: string): CofferdamError<'WASM_EXPORT_MISSING'> {
  const message = `The guest has no export ${name}, which strings and lists need - compile it with --exportRuntime`;
  return new CofferdamError('WASM_EXPORT_MISSING', message, { details: { export: name } });
}
