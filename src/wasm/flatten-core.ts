import type { Canon, CoreInstanceExpr, CoreSort, OptionsExpr } from './component-ast.ts';
import type { CoreInstanceValue, CoreItemSort, FlattenScope, ModuleValue } from './flatten-scope.ts';
import { WASM_LIMITS } from './limits.ts';
import type { Argument, CanonOptions, CoreItem, Instantiation, ModuleRange } from './plan.ts';
import type { PlanResources } from './plan-resources.ts';
import { PlanSizes } from './plan-size.ts';
import type { TypeResolver } from './resolve.ts';
import type { Fail } from './resolve-values.ts';

/** The core side of flattening: which modules are instantiated with what, and what each core index stands for. */
export class CoreFlattener {
  readonly modules: ModuleRange[] = [];
  readonly instantiations: Instantiation[] = [];
  private readonly moduleNumbers = new Map<ModuleValue['module'], number>();
  private readonly types: TypeResolver;
  private readonly resources: PlanResources;
  private readonly fail: Fail;
  readonly sizes: PlanSizes;

  constructor(types: TypeResolver, resources: PlanResources, fail: Fail) {
    this.types = types;
    this.resources = resources;
    this.fail = fail;
    this.sizes = new PlanSizes(fail);
  }

  instance(expr: CoreInstanceExpr, scope: FlattenScope): CoreInstanceValue {
    if (expr.kind === 'exports') {
      const items = expr.exports.map(
        ({ name, sort, index }) => [name, scope.at(scope.core[itemSort(sort)], index)] as const,
      );
      return { kind: 'bundle', exports: new Map(items) };
    }
    const value = scope.at(scope.modules, expr.module);
    const given = new Map(expr.args.map((arg) => [arg.name, scope.at(scope.coreInstances, arg.instance)]));
    this.types.steps.take(value.module.imports.length);
    const args = value.module.imports.map(({ module, name }): Argument => {
      const instance = given.get(module);
      if (instance === undefined) throw new RangeError(`a validated component gives no ${module}`);
      const item = this.export(instance, name);
      this.sizes.count(this.sizes.item(item).nodes);
      return { module, name, value: item };
    });
    if (this.instantiations.length >= WASM_LIMITS.maxInstantiations) {
      this.fail('it makes too many core instances', 'WASM_LIMIT');
    }
    const instance = this.instantiations.push({ module: this.number(value), args }) - 1;
    return { kind: 'instantiated', instance };
  }

  alias(sort: CoreSort, instance: number, name: string, scope: FlattenScope): void {
    scope.core[itemSort(sort)].push(this.export(scope.at(scope.coreInstances, instance), name));
  }

  canon(canon: Canon, scope: FlattenScope): void {
    switch (canon.kind) {
      case 'lift': {
        const core = scope.at(scope.core.func, canon.func);
        const type = this.types.funcAt(scope, canon.type);
        const lifted = { core, type, options: this.options(canon.options, scope), scope: scope.number };
        this.sizes.lifted(lifted);
        scope.funcs.push({ kind: 'lifted', lifted });
        return;
      }
      case 'lower': {
        const func = scope.at(scope.funcs, canon.func);
        const options = this.options(canon.options, scope);
        const lowered: CoreItem =
          func.kind === 'import'
            ? { kind: 'lower-import', import: func.import, options, scope: scope.number }
            : { kind: 'lower-lifted', lifted: func.lifted, options, scope: scope.number };
        this.sizes.item(lowered);
        scope.core.func.push(lowered);
        return;
      }
      case 'builtin':
        scope.core.func.push({ kind: 'builtin', name: canon.builtin.name });
        return;
      default: {
        const kind = (
          { 'resource.new': 'resource-new', 'resource.rep': 'resource-rep', 'resource.drop': 'resource-drop' } as const
        )[canon.kind];
        const resource = this.types.resourceAt(scope, canon.type);
        scope.core.func.push({ kind, resource, scope: scope.number });
      }
    }
  }

  /** A resource type defined by the component of `scope`. */
  defineResource(dtor: number | null, scope: FlattenScope): void {
    const resource = this.types.resources.fresh();
    const item = dtor === null ? null : scope.at(scope.core.func, dtor);
    this.resources.define(resource, { kind: 'defined', dtor: item, scope: scope.number });
    scope.types.push({ kind: 'resource', resource });
  }

  private export(instance: CoreInstanceValue, name: string): CoreItem {
    if (instance.kind === 'instantiated') return { kind: 'export', instance: instance.instance, name };
    const item = instance.exports.get(name);
    if (item === undefined) throw new RangeError(`a validated component has no core export ${name}`);
    return item;
  }

  private number(value: ModuleValue): number {
    const known = this.moduleNumbers.get(value.module);
    if (known !== undefined) return known;
    const number = this.modules.push(value.range) - 1;
    this.moduleNumbers.set(value.module, number);
    return number;
  }

  private options(options: OptionsExpr, scope: FlattenScope): CanonOptions {
    const at = (space: readonly CoreItem[], index: number | null) => (index === null ? null : scope.at(space, index));
    return {
      encoding: options.encoding,
      memory: at(scope.core.memory, options.memory),
      realloc: at(scope.core.func, options.realloc),
      postReturn: at(scope.core.func, options.postReturn),
    };
  }
}

function itemSort(sort: CoreSort): CoreItemSort {
  if (sort === 'type' || sort === 'module' || sort === 'instance')
    throw new RangeError(`a core ${sort} in a validated component`);
  return sort;
}
