import { CofferdamError } from '../error.ts';
import { type CoreExtern, type CoreFuncType, coreMismatch } from './core-types.ts';
import { layerOf } from './decode-component.ts';
import { flattenFunc, flattenTypes, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS } from './flatten.ts';
import { measure } from './measure.ts';
import type { ModuleImport } from './module-info.ts';
import { type Exporter, exportersOf, importKey, type Member, onlyMember } from './module-set.ts';
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
  return planMembers(onlyMember(bytes), world);
}

/**
 * The same for several core modules that import each other, in the order of `orderMembers`. An import is an export of
 * another module if there is one, and else what it is for a module alone. Each export of the world is that of the one
 * module which has it. A module without a memory of its own uses the one it imports, and the allocator that is exported
 * beside that. Throws WASM_SET_AMBIGUOUS when two modules export the same part of the world.
 */
export function planMembers(members: readonly Member[], world: World): Plan {
  return new CorePlanner(members, world).plan();
}

type CoreExport = Extract<CoreItem, { kind: 'export' }>;

class CorePlanner {
  private readonly world: World;
  private readonly members: readonly Member[];
  /** By importKey. */
  private readonly exporters: ReadonlyMap<string, Exporter>;
  private readonly worldImports: ReadonlyMap<string, number>;
  private readonly unknown = new Set<string>();
  private readonly missing = new Set<string>();
  private readonly wrong = new Set<string>();

  constructor(members: readonly Member[], world: World) {
    this.members = members;
    this.world = world;
    this.worldImports = new Map(
      world.imports.map((item, index) => [importKey(item.interface ?? '$root', item.name), index]),
    );
    this.exporters = exportersOf(members);
  }

  plan(): Plan {
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
    const instantiations = this.members.map((member, module) => ({
      module,
      args: member.info.imports.map((item) => this.argument(item, member)).filter((arg) => arg !== null),
    }));
    const exports = this.world.exports.map(({ id, type }) => this.lifted(id, type));
    const resources = this.world.resources.map((_, index) => this.resource(index));
    const initialize = this.members
      .filter((member) => this.has(member, '_initialize'))
      .map((member) => this.func(member, '_initialize', NOTHING));
    this.report();
    return {
      world: this.world,
      modules: this.members.map(({ range }) => range),
      instantiations,
      exports,
      resources,
      scopes: 1,
      initialize,
    };
  }

  private argument({ module, name, type }: ModuleImport, importer: Member): Argument | null {
    const provider = this.provider(module, name);
    if (provider !== null) return { module, name, value: provider };
    const value = this.imported(module, name, importer);
    if (value === null || (type.kind !== 'func' && value.item.kind !== 'export')) {
      this.unknown.add(`${module}.${name}`);
      return null;
    }
    if (value.type !== null) this.check(`the import ${quotePair(module, name)}`, type, value.type);
    return { module, name, value: value.item };
  }

  /** The export of another member; `orderMembers` compared the types. A module alone has none to import from. */
  private provider(module: string, name: string): CoreExport | null {
    const found = this.members.length === 1 ? undefined : this.exporters.get(importKey(module, name));
    return found === undefined ? null : this.exported(found.member, name);
  }

  /** What an import is, and the signature it must have if the world says so. */
  private imported(
    module: string,
    name: string,
    importer: Member,
  ): { item: CoreItem; type: CoreFuncType | null } | null {
    if (module === 'wasi_snapshot_preview1') return { item: { kind: 'wasi', name }, type: null };
    if (Object.hasOwn(BUILTINS, module) && BUILTINS[module]?.includes(name))
      return { item: { kind: 'builtin', name }, type: null };
    const index = this.worldImports.get(importKey(module, name)) ?? -1;
    const imported = this.world.imports[index];
    if (imported !== undefined) {
      const { type } = imported;
      const options = this.options(importer, type, 'lower', null);
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
    const member = this.owner(id) ?? this.lacks(id);
    const post = `cabi_post_${id}`;
    const postReturn = this.has(member, post)
      ? this.func(member, post, { params: signature.results, results: [] })
      : null;
    const options = this.options(member, type, 'lift', postReturn);
    return { core: this.func(member, id, signature), type, options, scope: 0 };
  }

  private resource(index: number): PlanResource {
    const resource = this.world.resources[index];
    if (resource === undefined || resource.side === 'import') return { kind: 'imported' };
    const name = `${resource.interface === null ? '' : `${resource.interface}#`}[dtor]${resource.name}`;
    const member = this.owner(name);
    return { kind: 'defined', dtor: member && this.func(member, name, { params: ['i32'], results: [] }), scope: 0 };
  }

  /** The only member that exports this part of the world; null when none does. */
  private owner(name: string): Member | null {
    const [first, second] = this.members.filter((member) => this.has(member, name));
    if (first === undefined || second === undefined) return first ?? null;
    throw new CofferdamError(
      'WASM_SET_AMBIGUOUS',
      `Both ${quote(first.name)} and ${quote(second.name)} export ${quote(name)}. Leave one of these modules out.`,
      { details: { export: name, modules: [first.name, second.name] } },
    );
  }

  private lacks(name: string): Member {
    this.missing.add(name);
    return this.members.at(-1) as Member;
  }

  private has(member: Member, name: string): boolean {
    return this.typeOf(member, name) !== undefined;
  }

  private exported(member: Member, name: string): CoreExport {
    return { kind: 'export', instance: this.members.indexOf(member), name };
  }

  /** Memory and realloc are given whenever they are there, and asked for when the type needs them. */
  private options(
    member: Member,
    type: FuncType,
    direction: 'lift' | 'lower',
    postReturn: CoreItem | null,
  ): CanonOptions {
    const params = type.params.map((param) => param.type);
    const results = type.result === null ? [] : [type.result];
    const incoming = direction === 'lift' ? params : results;
    const isWide = flattenTypes(params).length > MAX_FLAT_PARAMS;
    const needsRealloc = hasPointer(incoming) || (direction === 'lift' && isWide);
    const needsMemory =
      hasPointer([...params, ...results]) || isWide || flattenTypes(results).length > MAX_FLAT_RESULTS;
    const [owner, name] = this.memoryOf(member);
    const allocator = this.has(member, 'cabi_realloc') ? member : owner;
    return {
      encoding: 'utf8',
      memory: needsMemory || this.has(owner, name) ? this.memory(owner, name) : null,
      realloc:
        needsRealloc || this.has(allocator, 'cabi_realloc') ? this.func(allocator, 'cabi_realloc', REALLOC) : null,
      postReturn,
    };
  }

  /** Its own, or the one it imports from another member. */
  private memoryOf(member: Member): [owner: Member, name: string] {
    if (this.has(member, 'memory') || this.members.length === 1) return [member, 'memory'];
    const [imported] = member.info.imports.filter(({ type }) => type.kind === 'memory');
    const found = imported && this.exporters.get(importKey(imported.module, imported.name));
    return found === undefined ? [member, 'memory'] : [found.member, imported?.name ?? 'memory'];
  }

  private memory(owner: Member, name: string): CoreItem {
    const type = this.typeOf(owner, name);
    if (type === undefined) this.missing.add(name);
    else if (type.kind !== 'memory' || type.limits.shared || type.limits.index64) {
      this.wrong.add('the export memory must be an unshared 32-bit memory');
    }
    return this.exported(owner, name);
  }

  private func(member: Member, name: string, type: CoreFuncType): CoreItem {
    const found = this.typeOf(member, name);
    if (found === undefined) this.missing.add(name);
    else this.check(`the export ${quote(name)}`, found, type);
    return this.exported(member, name);
  }

  private typeOf(member: Member, name: string): CoreExtern | undefined {
    const found = this.exporters.get(importKey(member.name, name));
    // The memory that is made may have the name of another member.
    return found?.member === member ? found.type : undefined;
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

function isAsync(type: FuncType): boolean {
  const types = type.params.map((param) => param.type);
  if (type.result !== null) types.push(type.result);
  return type.async || types.some((item) => measure(item).isAsync);
}

function hasPointer(types: readonly ValType[]): boolean {
  return types.some((type) => measure(type).hasPointer);
}
