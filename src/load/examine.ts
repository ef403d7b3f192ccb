import {
  type ComponentAst,
  formatCoreExtern,
  formatFunc,
  inspectModule,
  layerOf,
  type ModuleInfo,
  type ModuleRange,
  measure,
  understandComponent,
  type World,
  type WorldFunction,
} from '../wasm/index.ts';
import { type Producer, readCustomSections } from './custom-sections.ts';

/** Asks the parsing worker what is in these bytes. */
export interface ExamineJob {
  readonly task: 'examine';
  readonly bytes: Uint8Array;
}

/** What is in a file: plain data. Every text in it comes from the file. */
export interface Examination {
  readonly kind: 'component' | 'core';
  readonly imports: readonly Item[];
  readonly exports: readonly Item[];
  /** The core modules, in file order; a core module's own only one is itself. */
  readonly modules: readonly ExaminedModule[];
  /** Of the file itself, not of the modules in a component. */
  readonly custom: readonly { readonly name: string; readonly bytes: number }[];
  readonly producers: readonly Producer[];
  /** What it takes to run it, beyond WebAssembly 1.0, as far as its outside shows: `memory64`, `resources`, … */
  readonly features: readonly string[];
  /** What its toolchain says it was allowed to use: `simd128`, `bulk-memory`, … */
  readonly targetFeatures: readonly string[];
  /** Does it need more than synchronous calls (WASI 0.3)? Then `features` says what. */
  readonly isAsync: boolean;
}

/** `name` is `interface#function` or `module.name`; `type` is WIT for a component and text format for a core module. */
export interface Item {
  readonly name: string;
  readonly type: string;
  /** Declared `async` in WIT. */
  readonly isAsync?: true;
  /** It has a stream or a future among its parameters or in its result. */
  readonly hasStreams?: true;
}

export interface ExaminedModule {
  readonly bytes: number;
  readonly codeBytes: number;
  readonly functions: number;
  readonly hasStart: boolean;
  /** In pages of 64 KiB. */
  readonly memories: readonly Extent[];
  /** In entries. */
  readonly tables: readonly Extent[];
}

export interface Extent {
  readonly initial: number;
  readonly maximum: number | null;
  readonly imported: boolean;
}

/** Throws WASM_*, also for what is no WebAssembly. Runs in the disposable worker. */
export function examine({ bytes }: ExamineJob): Examination {
  return layerOf(bytes) === 'component' ? examineComponent(bytes) : examineModule(bytes);
}

function examineModule(bytes: Uint8Array): Examination {
  const range = { start: 0, end: bytes.length };
  const info = inspectModule(bytes);
  const { sections, producers, targetFeatures } = readCustomSections(bytes, range);
  return {
    kind: 'core',
    imports: info.imports.map(({ module, name, type }) => ({
      name: `${module}.${name}`,
      type: formatCoreExtern(type),
    })),
    exports: info.exports.map(({ name, type }) => ({ name, type: formatCoreExtern(type) })),
    modules: [examined(range, info)],
    custom: sections,
    producers,
    features: sorted(moduleFeatures(info)),
    targetFeatures: sorted(targetFeatures),
    isAsync: false,
  };
}

function examineComponent(bytes: Uint8Array): Examination {
  const { ast, plan, features: beyond } = understandComponent(bytes);
  const { world } = plan;
  const modules = modulesIn(ast);
  const customs = [ast.range, ...modules.map(({ range }) => range)].map((range) => readCustomSections(bytes, range));
  const features = [
    ...(world.resources.length > 0 ? ['resources'] : []),
    ...beyond,
    ...modules.flatMap(({ module }) => moduleFeatures(module)),
  ];
  return {
    kind: 'component',
    imports: world.imports.map((item) => typed(item, world)),
    exports: world.exports.map((item) => typed(item, world)),
    modules: modules.map(({ range, module }) => examined(range, module)),
    custom: customs[0]?.sections ?? [],
    producers: distinct(customs.flatMap(({ producers }) => producers)),
    features: sorted(features),
    targetFeatures: sorted(customs.flatMap(({ targetFeatures }) => targetFeatures)),
    isAsync: beyond.size > 0,
  };
}

function typed({ id, type }: WorldFunction, world: World): Item {
  const types = [...type.params.map((param) => param.type), ...(type.result === null ? [] : [type.result])];
  return {
    name: id,
    type: formatFunc(type, (resource) => world.resources[resource]?.name ?? `resource-${resource}`),
    ...(type.async ? { isAsync: true } : {}),
    ...(types.some((each) => measure(each).isAsync) ? { hasStreams: true } : {}),
  };
}

interface FoundModule {
  readonly range: ModuleRange;
  readonly module: ModuleInfo;
}

function modulesIn({ definitions }: ComponentAst): FoundModule[] {
  return definitions.flatMap((definition) => {
    if (definition.kind === 'core-module') return [definition];
    return definition.kind === 'component' ? modulesIn(definition.component) : [];
  });
}

function examined({ start, end }: ModuleRange, { counts, hasStart, memories, tables }: ModuleInfo): ExaminedModule {
  const extent = ({ min, max, imported }: { min: number; max: number | null; imported: boolean }): Extent => ({
    initial: min,
    maximum: max,
    imported,
  });
  const { codeBytes, functions, importedFunctions } = counts;
  return {
    bytes: end - start,
    codeBytes,
    functions: functions - importedFunctions,
    hasStart,
    memories: memories.map(extent),
    tables: tables.map(extent),
  };
}

function moduleFeatures({ memories, tables, imports, exports }: ModuleInfo): string[] {
  const externs = [...imports, ...exports].map(({ type }) => type);
  return [
    ...(memories.some(({ index64 }) => index64) ? ['memory64'] : []),
    ...(memories.length > 1 ? ['multi-memory'] : []),
    ...(memories.some(({ shared }) => shared) ? ['threads'] : []),
    ...(tables.some(({ element }) => element !== '(ref null func)') ? ['reference-types'] : []),
    ...(externs.some(({ kind }) => kind === 'tag') ? ['exception-handling'] : []),
    ...(externs.some((type) => type.kind === 'func' && type.type.results.length > 1) ? ['multivalue'] : []),
  ];
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function distinct(producers: readonly Producer[]): Producer[] {
  return [...new Map(producers.map((producer) => [JSON.stringify(producer), producer])).values()];
}
