import { CofferdamError } from '../error.ts';
import { type CoreExtern, type CoreFuncType, coreMismatch } from './core-types.ts';
import { layerOf } from './decode-component.ts';
import { flattenFunc, flattenTypes, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS } from './flatten.ts';
import { measure } from './measure.ts';
import { inspectModule } from './module.ts';
import type { ModuleImport, ModuleInfo } from './module-info.ts';
import type { Argument, CanonOptions, CoreItem, Lifted, Plan, PlanResource } from './plan.ts';
import { quote, quotePair } from './quote.ts';
import type { FuncType, ValType, World } from './types.ts';

const REALLOC: CoreFuncType = { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] };
const NOTHING: CoreFuncType = { params: [], results: [] };

/** What small runtimes import besides their world and WASI: AssemblyScript's assertion failure. */
const BUILTINS: Readonly<Record<string, readonly string[]>> = { env: ['abort'] };

/**
 * The plan of a core module that speaks the canonical ABI by hand, described by `world`. It imports `interface.name`
 * (or `$root.name`), exports `interface#name` (or `name`), and beside it `cabi_post_…`, `cabi_realloc` and `memory`;
 * resources as in `[resource-drop]r`, and `[export]interface.[resource-new]r`. `_initialize` runs first.
 * Options of its imports refer to exports of the module itself. Throws WASM_KIND, WASM_IMPORT_UNKNOWN,
 * WASM_EXPORT_MISSING, WASM_SIGNATURE, WASM_UNSUPPORTED, and what `inspectModule` throws.
 * Source: component-model, BuildTargets.md of the time of WASI 0.2, as wit-bindgen emits it.
 */
export function planCore(bytes: Uint8Array, world: World): Plan {
  if (layerOf(bytes) === 'component') {
    throw new CofferdamError(
      'WASM_KIND',
      'This is a component, not a core module. It carries its own types: plan it as it is.',
    );
  }
  return new CorePlanner(inspectModule(bytes), world).plan(bytes.length);
}

class CorePlanner {
  private readonly world: World;
  private readonly info: ModuleInfo;
  private readonly found: ReadonlyMap<string, CoreExtern>;
  private readonly worldImports: ReadonlyMap<string, number>;
  private readonly unknown = new Set<string>();
  private readonly missing = new Set<string>();
  private readonly wrong = new Set<string>();

  constructor(info: ModuleInfo, world: World) {
    this.info = info;
    this.world = world;
    this.worldImports = new Map(world.imports.map((item, index) => [key(item.interface ?? '$root', item.name), index]));
    this.found = new Map(info.exports.map((item) => [item.name, item.type]));
  }

  plan(size: number): Plan {
    const [async] = [...this.world.imports, ...this.world.exports].filter(({ type }) => isAsync(type));
    if (async !== undefined) {
      throw new CofferdamError(
        'WASM_UNSUPPORTED',
        `The world's function ${async.id} is async, which is not run here.`,
        {
          details: { feature: 'async' },
        },
      );
    }
    const args = this.info.imports.map((item) => this.argument(item));
    const exports = this.world.exports.map(({ id, type }) => this.lifted(id, type));
    const resources = this.world.resources.map((_, index) => this.resource(index));
    const initialize = this.found.has('_initialize') ? [this.func('_initialize', NOTHING)] : [];
    this.report();
    const modules = [{ start: 0, end: size }];
    return {
      world: this.world,
      modules,
      instantiations: [{ module: 0, args: args.filter((arg) => arg !== null) }],
      exports,
      resources,
      scopes: 1,
      initialize,
    };
  }

  private argument({ module, name, type }: ModuleImport): Argument | null {
    const value = this.imported(module, name);
    if (value === null || (type.kind !== 'func' && value.item.kind !== 'export')) {
      this.unknown.add(`${module}.${name}`);
      return null;
    }
    if (value.type !== null) this.check(`the import ${quotePair(module, name)}`, type, value.type);
    return { module, name, value: value.item };
  }

  /** What an import is, and the signature it must have if the world says so. */
  private imported(module: string, name: string): { item: CoreItem; type: CoreFuncType | null } | null {
    if (module === 'wasi_snapshot_preview1') return { item: { kind: 'wasi', name }, type: null };
    if (Object.hasOwn(BUILTINS, module) && BUILTINS[module]?.includes(name)) return { item: { kind: 'builtin', name }, type: null };
    const index = this.worldImports.get(key(module, name)) ?? -1;
    const imported = this.world.imports[index];
    if (imported !== undefined) {
      const { type } = imported;
      const options = this.options(type, 'lower', null);
      return { item: { kind: 'lower-import', import: index, options, scope: 0 }, type: flattenFunc(type, 'lower') };
    }
    return this.importedResource(module, name);
  }

  private importedResource(module: string, name: string): { item: CoreItem; type: CoreFuncType } | null {
    const match = /^\[(resource-new|resource-rep|resource-drop)\](.+)$/.exec(name);
    const kind = match?.[1] as 'resource-new' | 'resource-rep' | 'resource-drop' | undefined;
    const side = module.startsWith('[export]') ? 'export' : 'import';
    const from = side === 'export' ? module.slice('[export]'.length) : module;
    const resource = this.world.resources.findIndex(
      (item) => item.side === side && item.name === match?.[2] && (item.interface ?? '$root') === from,
    );
    if (kind === undefined || resource < 0 || (side === 'import' && kind !== 'resource-drop')) return null;
    return {
      item: { kind, resource, scope: 0 },
      type: { params: ['i32'], results: kind === 'resource-drop' ? [] : ['i32'] },
    };
  }

  private lifted(id: string, type: FuncType): Lifted {
    const signature = flattenFunc(type, 'lift');
    const post = `cabi_post_${id}`;
    const postReturn = this.found.has(post) ? this.func(post, { params: signature.results, results: [] }) : null;
    return { core: this.func(id, signature), type, options: this.options(type, 'lift', postReturn), scope: 0 };
  }

  private resource(index: number): PlanResource {
    const resource = this.world.resources[index];
    if (resource === undefined || resource.side === 'import') return { kind: 'imported' };
    const dtor = `${resource.interface === null ? '' : `${resource.interface}#`}[dtor]${resource.name}`;
    const isThere = this.found.has(dtor);
    return { kind: 'defined', dtor: isThere ? this.func(dtor, { params: ['i32'], results: [] }) : null, scope: 0 };
  }

  /** Memory and realloc are given whenever they are there, and asked for when the type needs them. */
  private options(type: FuncType, direction: 'lift' | 'lower', postReturn: CoreItem | null): CanonOptions {
    const params = type.params.map((param) => param.type);
    const results = type.result === null ? [] : [type.result];
    const incoming = direction === 'lift' ? params : results;
    const isWide = flattenTypes(params).length > MAX_FLAT_PARAMS;
    const needsRealloc = hasPointer(incoming) || (direction === 'lift' && isWide);
    const needsMemory =
      hasPointer([...params, ...results]) || isWide || flattenTypes(results).length > MAX_FLAT_RESULTS;
    return {
      encoding: 'utf8',
      memory: needsMemory || this.found.has('memory') ? this.memory() : null,
      realloc: needsRealloc || this.found.has('cabi_realloc') ? this.func('cabi_realloc', REALLOC) : null,
      postReturn,
    };
  }

  private memory(): CoreItem {
    const type = this.found.get('memory');
    if (type === undefined) this.missing.add('memory');
    else if (type.kind !== 'memory' || type.limits.shared || type.limits.index64) {
      this.wrong.add('the export memory must be an unshared 32-bit memory');
    }
    return { kind: 'export', instance: 0, name: 'memory' };
  }

  private func(name: string, type: CoreFuncType): CoreItem {
    const found = this.found.get(name);
    if (found === undefined) this.missing.add(name);
    else this.check(`the export ${quote(name)}`, found, type);
    return { kind: 'export', instance: 0, name };
  }

  private check(what: string, found: CoreExtern, type: CoreFuncType): void {
    const expected: CoreExtern = { kind: 'func', type };
    const mismatch = coreMismatch(found, expected);
    if (mismatch !== null) this.wrong.add(`${what}: ${mismatch}`);
  }

  /** Everything that does not fit is named at once, so that a guest's author fixes it in one go. */
  private report(): void {
    if (this.unknown.size > 0) {
      const imports = [...this.unknown];
      const shown = imports.map(quote);
      throw new CofferdamError(
        'WASM_IMPORT_UNKNOWN',
        `The module imports what its world does not declare: ${list(shown)}. Declare it in the WIT, or build without it.`,
        { details: { imports: imports.slice(0, MAX_DETAILS) } },
      );
    }
    if (this.missing.size > 0) {
      const exports = [...this.missing];
      throw new CofferdamError(
        'WASM_EXPORT_MISSING',
        `The module lacks what its world needs: ${list(exports)}. Export it, or take it out of the WIT.`,
        { details: { exports: exports.slice(0, MAX_DETAILS) } },
      );
    }
    if (this.wrong.size === 0) return;
    const mismatches = [...this.wrong];
    throw new CofferdamError(
      'WASM_SIGNATURE',
      `The module does not fit its world: ${list(mismatches)}. Make the WIT and the guest agree.`,
      { details: { mismatches: mismatches.slice(0, MAX_DETAILS) } },
    );
  }
}

/** A hostile module can have a million imports; these many are listed. */
const MAX_SHOWN = 20;
const MAX_DETAILS = 1000;

function list(names: readonly string[]): string {
  if (names.length <= MAX_SHOWN) return names.join(', ');
  return `${names.slice(0, MAX_SHOWN).join(', ')} and ${names.length - MAX_SHOWN} more`;
}

function key(module: string, name: string): string {
  return JSON.stringify([module, name]);
}

function isAsync(type: FuncType): boolean {
  const types = type.params.map((param) => param.type);
  if (type.result !== null) types.push(type.result);
  return type.async || types.some((item) => measure(item).isAsync);
}

function hasPointer(types: readonly ValType[]): boolean {
  return types.some((type) => measure(type).hasPointer);
}
