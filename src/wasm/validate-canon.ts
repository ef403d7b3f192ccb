import type { Builtin, Canon, OptionsExpr } from './component-ast.ts';
import type { ComponentScope } from './component-scope.ts';
import { type CoreFuncType, formatCoreFunc, sameFuncType } from './core-types.ts';
import { flattenFunc, flattenTypes, MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS } from './flatten.ts';
import { formatFunc } from './format.ts';
import { measure } from './measure.ts';
import type { TypeResolver } from './resolve.ts';
import type { Fail } from './resolve-values.ts';
import type { FuncType, ValType } from './types.ts';

const REALLOC: CoreFuncType = { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] };
const CALLBACK: CoreFuncType = { params: ['i32', 'i32', 'i32'], results: ['i32'] };

/** Parts of the component model beyond synchronous calls that a component turned out to use. */
export type Feature = 'async' | 'error-context' | 'threads';

/** Checks the canonical definitions of one component (CanonicalABI.md "Canonical Definitions"). */
export class CanonValidator {
  private readonly scope: ComponentScope;
  private readonly types: TypeResolver;
  private readonly fail: Fail;
  private readonly features: Set<Feature>;
  /** Canonical numbers of the resources that this component defines itself. */
  private readonly ownResources: ReadonlySet<number>;

  constructor(
    scope: ComponentScope,
    types: TypeResolver,
    ownResources: ReadonlySet<number>,
    features: Set<Feature>,
    fail: Fail,
  ) {
    this.scope = scope;
    this.types = types;
    this.ownResources = ownResources;
    this.features = features;
    this.fail = fail;
  }

  check(canon: Canon): void {
    switch (canon.kind) {
      case 'lift':
        this.scope.push({ sort: 'func', type: this.lift(canon) });
        return;
      case 'lower':
        this.addFunc(this.lower(canon));
        return;
      case 'resource.new':
      case 'resource.rep': {
        const resource = this.types.resourceAt(this.scope, canon.type);
        if (!this.ownResources.has(this.types.resources.canonical(resource))) {
          this.fail(`${canon.kind} of a resource that the component does not define`);
        }
        this.addFunc({ params: ['i32'], results: ['i32'] });
        return;
      }
      case 'resource.drop':
        this.types.resourceAt(this.scope, canon.type);
        this.addFunc({ params: ['i32'], results: [] });
        return;
      case 'builtin':
        this.features.add(canon.builtin.feature);
        this.addFunc(this.builtin(canon.builtin));
    }
  }

  private addFunc(type: CoreFuncType): void {
    this.scope.pushCore({ kind: 'func', type });
  }

  private lift({ func, options, type: typeIndex }: Extract<Canon, { kind: 'lift' }>): FuncType {
    const type = this.types.funcAt(this.scope, typeIndex);
    const core = this.coreFunc(func);
    this.checkOptions(options);
    if (options.async && !type.async) this.fail('only an async function can be lifted with the option async');
    if (options.async && options.postReturn !== null) this.fail('the options async and post-return exclude each other');
    const mode = options.async ? (options.callback === null ? 'stackful' : 'callback') : null;
    const expected = flattenFunc(type, 'lift', mode);
    if (!sameFuncType(core, expected)) {
      this.fail(
        `lifting \`${formatFunc(type)}\` needs \`${formatCoreFunc(expected)}\`, found \`${formatCoreFunc(core)}\``,
      );
    }
    if (options.postReturn !== null) {
      this.checkFunc('post-return', options.postReturn, { params: expected.results, results: [] });
    }
    if (options.callback !== null) this.checkFunc('callback', options.callback, CALLBACK);
    const { paramCount, resultCount, params, results } = sides(type);
    this.need('realloc', options, hasPointer(params) || paramCount > MAX_FLAT_PARAMS);
    const maxResults = options.async ? MAX_FLAT_PARAMS : MAX_FLAT_RESULTS;
    this.need('memory', options, hasPointer(params) || hasPointer(results) || resultCount > maxResults);
    this.noteFeatures(type, options);
    return type;
  }

  private lower({ func, options }: Extract<Canon, { kind: 'lower' }>): CoreFuncType {
    const type = this.scope.at(this.scope.funcs, 'function', func);
    this.checkOptions(options);
    if (options.postReturn !== null) this.fail('the option post-return belongs to a lifted function');
    if (options.callback !== null) this.fail('the option callback belongs to a lifted function');
    if (options.async && !type.async) this.fail('only an async function can be lowered with the option async');
    const { paramCount, resultCount, params, results } = sides(type);
    const maxParams = options.async ? MAX_FLAT_ASYNC_PARAMS : MAX_FLAT_PARAMS;
    const maxResults = options.async ? 0 : MAX_FLAT_RESULTS;
    this.need('realloc', options, hasPointer(results));
    const inMemory = paramCount > maxParams || resultCount > maxResults;
    this.need('memory', options, hasPointer(params) || hasPointer(results) || inMemory);
    this.noteFeatures(type, options);
    return flattenFunc(type, 'lower', options.async ? 'async' : null);
  }

  /** What holds for the options of every canonical definition (CanonicalABI.md "canonopt Validation"). */
  private checkOptions(options: OptionsExpr): void {
    if (options.memory !== null) this.checkMemory(options.memory);
    if (options.realloc !== null) {
      if (options.memory === null) this.fail('the option realloc needs the option memory');
      this.checkFunc('realloc', options.realloc, REALLOC);
    }
    if (options.callback !== null && !options.async) this.fail('the option callback needs the option async');
    if (options.async) this.features.add('async');
  }

  private checkMemory(index: number): void {
    const { limits } = this.scope.at(this.scope.core.memory, 'core memory', index);
    if (limits.shared || limits.index64) this.fail('the option memory must be an unshared 32-bit memory');
  }

  private checkFunc(what: string, index: number, expected: CoreFuncType): void {
    const found = this.coreFunc(index);
    if (sameFuncType(found, expected)) return;
    this.fail(`the option ${what} must be \`${formatCoreFunc(expected)}\`, not \`${formatCoreFunc(found)}\``);
  }

  private coreFunc(index: number): CoreFuncType {
    return this.scope.at(this.scope.core.func, 'core function', index).type;
  }

  private need(option: 'memory' | 'realloc', options: OptionsExpr, isNeeded: boolean): void {
    if (isNeeded && options[option] === null) this.fail(`the option ${option} is required`);
  }

  private noteFeatures(type: FuncType, options: OptionsExpr): void {
    const types = sides(type);
    if (type.async || options.async || [...types.params, ...types.results].some((item) => measure(item).isAsync)) {
      this.features.add('async');
    }
  }

  private builtin(builtin: Builtin): CoreFuncType {
    const { options, element, memory, thread } = builtin;
    if (options !== null) this.checkOptions(options);
    if (memory !== null) this.checkMemory(memory);
    if (element !== null) {
      const type = this.types.valueAt(this.scope, element.type);
      if (type.kind !== element.kind) this.fail(`${builtin.name} of a type that is not a ${element.kind}`);
    }
    if (thread !== null) this.checkThread(builtin.name, thread);
    if (builtin.signature !== null) return builtin.signature;
    const result = builtin.result === null ? [] : [this.types.value(builtin.result, this.scope)];
    if (options !== null) {
      if (options.realloc !== null || options.postReturn !== null || options.async || options.callback !== null) {
        this.fail('task.return takes only the options memory and string-encoding');
      }
      const flat = flattenTypes(result);
      this.need('memory', options, hasPointer(result) || flat.length > MAX_FLAT_PARAMS);
    }
    const params = flattenTypes(result);
    return { params: params.length > MAX_FLAT_PARAMS ? ['i32'] : params, results: [] };
  }

  private checkThread(name: string, thread: NonNullable<Builtin['thread']>): void {
    const type = this.scope.at(this.scope.coreTypes, 'core type', thread.type);
    if (type.kind !== 'func' || !sameFuncType(type.type, { params: ['i32'], results: [] })) {
      this.fail(`${name} needs a start function of type \`(func (param i32))\``);
    }
    if (thread.table === null) return;
    const table = this.scope.at(this.scope.core.table, 'core table', thread.table);
    if (table.element !== '(ref null func)') this.fail(`${name} needs a table of functions`);
  }
}

function sides(type: FuncType) {
  const params = type.params.map((param) => param.type);
  const results = type.result === null ? [] : [type.result];
  return { params, results, paramCount: flattenTypes(params).length, resultCount: flattenTypes(results).length };
}

function hasPointer(types: readonly ValType[]): boolean {
  return types.some((type) => measure(type).hasPointer);
}
