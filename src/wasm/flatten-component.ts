import { CofferdamError } from '../error.ts';
import type { Alias, ComponentAst, Definition, InstanceExpr, SortRef } from './component-ast.ts';
import { Resources, Steps } from './entities.ts';
import { CoreFlattener } from './flatten-core.ts';
import { type ComponentValue, FlattenScope, type FuncValue, type Value } from './flatten-scope.ts';
import { WASM_LIMITS } from './limits.ts';
import type { Lifted, Plan } from './plan.ts';
import { PlanResources } from './plan-resources.ts';
import { funcNodes } from './plan-size.ts';
import { quote } from './quote.ts';
import { TypeResolver } from './resolve.ts';
import type { Fail } from './resolve-values.ts';
import { type Unsupported, WorldBuilder } from './world-builder.ts';

type Import = Extract<Definition, { kind: 'import' }>;

/**
 * The plan of a validated component. Walks it as an instantiation would, with descriptions in place of instances, so
 * that nested components, aliases and bundles disappear and only core instantiations are left. Throws WASM_LIMIT and
 * WASM_UNSUPPORTED.
 */
export function flattenComponent(ast: ComponentAst): Plan {
  return new Flattener().root(ast);
}

const fail: Fail = (what, code) => {
  throw new CofferdamError(code ?? 'COMPONENT_INVALID', `The component cannot be flattened: ${what}.`);
};

const unsupported: Unsupported = (what, feature) => {
  throw new CofferdamError('WASM_UNSUPPORTED', `The component cannot be run: ${what}.`, { details: { feature } });
};

class Flattener {
  private readonly table = new Resources();
  private readonly resources = new PlanResources(this.table);
  private readonly steps = new Steps(WASM_LIMITS.maxPlanSteps, () =>
    fail('it instantiates its parts too often', 'WASM_LIMIT'),
  );
  private readonly types = new TypeResolver(this.table, this.steps, fail);
  private readonly core = new CoreFlattener(this.types, this.resources, fail);
  private readonly world = new WorldBuilder(this.table, unsupported);
  private readonly exports: Lifted[] = [];
  /** Instances of components, and how many of them the plan numbers: the first is the root. */
  private components = 0;
  private scopes = 1;
  private depth = 0;

  root(ast: ComponentAst): Plan {
    const exports = this.component({ ast, parent: null }, (definition, scope) => this.rootImport(definition, scope));
    for (const [name, value] of exports) this.export(name, value);
    const { imports, resources } = this.world;
    const draft = {
      world: { imports, exports: this.world.exports, resources: [...resources.values()] },
      modules: this.core.modules,
      instantiations: this.core.instantiations,
      exports: this.exports,
      scopes: this.scopes,
      initialize: [],
    };
    return this.resources.finish(draft, [...resources.keys()], this.steps);
  }

  private rootImport(definition: Import, scope: FlattenScope): Value {
    const made: number[] = [];
    const before = this.world.imports.length;
    const entity = this.types.extern(definition.type, scope, made);
    for (const resource of made) this.resources.define(resource, { kind: 'imported' });
    const value = this.world.import(definition.name.name, entity);
    for (const { type } of this.world.imports.slice(before)) this.core.sizes.count(funcNodes(type));
    return value;
  }

  private export(name: string, value: Value): void {
    if (value.sort !== 'instance') {
      this.exportItem(null, name, value);
      return;
    }
    for (const [inner, item] of value.exports) this.exportItem(name, inner, item);
  }

  private exportItem(interfaceName: string | null, name: string, value: Value): void {
    if (value.sort === 'func') this.exportFunc(interfaceName, name, value.func);
    else if (value.sort === 'type') this.world.exportType(interfaceName, name, value.type);
    else unsupported(`it exports a ${value.sort} named ${quote(name)}`, 'component-exports');
  }

  private exportFunc(interfaceName: string | null, name: string, func: FuncValue): void {
    if (func.kind === 'import') {
      unsupported(`it exports its import as ${quote(name)}`, 're-exports');
      return;
    }
    this.core.sizes.count(this.core.sizes.lifted(func.lifted).nodes + funcNodes(func.lifted.type));
    this.world.exportFunc(interfaceName, name, func.lifted.type);
    this.exports.push(func.lifted);
  }

  /** Makes an instance of a component; `give` answers its imports. */
  private component(
    component: ComponentValue,
    give: (definition: Import, scope: FlattenScope) => Value,
  ): ReadonlyMap<string, Value> {
    const isRoot = this.components === 0;
    const scope = new FlattenScope(component.parent, () => (isRoot ? 0 : this.scopes++));
    this.components += 1;
    this.depth += 1;
    if (this.components > WASM_LIMITS.maxScopes || this.depth > WASM_LIMITS.maxInstanceDepth) {
      fail('it makes too many instances of components, or too deep', 'WASM_LIMIT');
    }
    const exports = new Map<string, Value>();
    for (const definition of component.ast.definitions) {
      this.steps.take();
      if (definition.kind === 'import') scope.push(give(definition, scope));
      else if (definition.kind === 'export') {
        const value = lookUp(definition.ref, scope);
        exports.set(definition.name.name, value);
        scope.push(value);
      } else this.definition(definition, scope);
    }
    this.depth -= 1;
    return exports;
  }

  private definition(definition: Exclude<Definition, { kind: 'import' | 'export' }>, scope: FlattenScope): void {
    switch (definition.kind) {
      case 'core-module':
        scope.modules.push(definition);
        return;
      case 'core-instance':
        scope.coreInstances.push(this.core.instance(definition.expr, scope));
        return;
      case 'core-type':
        scope.coreTypes.push(this.types.coreType(definition.type, scope));
        return;
      case 'component':
        scope.components.push({ ast: definition.component, parent: scope });
        return;
      case 'instance':
        scope.instances.push(this.instance(definition.expr, scope));
        return;
      case 'alias':
        this.alias(definition.alias, scope);
        return;
      case 'type':
        if (definition.type.kind === 'resource') this.core.defineResource(definition.type.dtor, scope);
        else scope.types.push(this.types.type(definition.type, scope));
        return;
      case 'canon':
        this.core.canon(definition.canon, scope);
    }
  }

  private instance(expr: InstanceExpr, scope: FlattenScope): ReadonlyMap<string, Value> {
    if (expr.kind === 'exports') return new Map(expr.exports.map(({ name, ref }) => [name.name, lookUp(ref, scope)]));
    const args = new Map(expr.args.map((arg) => [arg.name, lookUp(arg.ref, scope)]));
    return this.component(scope.at(scope.components, expr.component), ({ name }) => {
      const value = args.get(name.name);
      if (value === undefined) throw new RangeError(`a validated component gives no ${name.name}`);
      return value;
    });
  }

  private alias(alias: Alias, scope: FlattenScope): void {
    if (alias.kind === 'core-export') {
      this.core.alias(alias.sort, alias.instance, alias.name, scope);
    } else if (alias.kind === 'export') {
      const value = scope.at(scope.instances, alias.instance).get(alias.name);
      if (value === undefined) throw new RangeError(`a validated component has no export ${alias.name}`);
      scope.push(value);
    } else if (alias.sort === 'core type') {
      scope.coreTypes.push(this.types.outerCoreType(alias, scope));
    } else {
      const target = this.types.outer(alias.count, scope).target as FlattenScope;
      scope.push(lookUp({ sort: alias.sort, index: alias.index }, target));
    }
  }
}

function lookUp(ref: SortRef, scope: FlattenScope): Value {
  switch (ref.sort) {
    case 'core module':
      return { sort: 'core module', module: scope.at(scope.modules, ref.index) };
    case 'func':
      return { sort: 'func', func: scope.at(scope.funcs, ref.index) };
    case 'type':
      return { sort: 'type', type: scope.at(scope.types, ref.index) };
    case 'instance':
      return { sort: 'instance', exports: scope.at(scope.instances, ref.index) };
    case 'component':
      return { sort: 'component', component: scope.at(scope.components, ref.index) };
  }
  throw new RangeError(`a ${ref.sort} in a validated component`);
}
