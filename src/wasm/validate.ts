import { CofferdamError } from '../error.ts';
import type { Alias, ComponentAst, Definition, TypeExpr } from './component-ast.ts';
import { ComponentScope } from './component-scope.ts';
import { coreMismatch } from './core-types.ts';
import { type ComponentType, type Entity, Resources, Steps, type TypeEntity } from './entities.ts';
import { WASM_LIMITS } from './limits.ts';
import { Matcher } from './match.ts';
import { NameScope } from './name-scope.ts';
import { quote } from './quote.ts';
import { TypeResolver } from './resolve.ts';
import { checkImportNames } from './resolve-core.ts';
import type { Fail } from './resolve-values.ts';
import { CanonValidator, type Feature } from './validate-canon.ts';
import { InstanceValidator } from './validate-instances.ts';
import { Visibility } from './visibility.ts';

export interface Validated {
  readonly type: ComponentType;
  /** What the component needs beyond synchronous calls. */
  readonly features: ReadonlySet<Feature>;
}

/**
 * Type-checks a component and everything nested in it; what is inside core modules is the engine's to check. Throws
 * COMPONENT_INVALID, or WASM_LIMIT for types that would take too long, with the offset of the definition.
 * Source: component-model, Binary.md and Explainer.md, the validation notes of each production.
 */
export function validateComponent(component: ComponentAst): Validated {
  const context = new Context();
  const type = new ComponentValidator(context, null).component(component);
  return { type, features: context.features };
}

/** What all components of one file share. */
class Context {
  readonly resources = new Resources();
  readonly features = new Set<Feature>();
  readonly steps = new Steps(WASM_LIMITS.maxTypeSteps, () =>
    this.fail('its types take too long to compare', 'WASM_LIMIT'),
  );
  at: { readonly offset: number; readonly section: string } = { offset: 0, section: 'component' };

  readonly fail: Fail = (what, code) => {
    const { offset, section } = this.at;
    throw new CofferdamError(
      code ?? 'COMPONENT_INVALID',
      `The component is not valid: ${what} (at byte ${offset}, in ${section}).`,
      {
        details: { offset, section },
      },
    );
  };
}

class ComponentValidator {
  private readonly context: Context;
  private readonly resources: Resources;
  private readonly fail: Fail;
  private readonly types: TypeResolver;
  private readonly scope: ComponentScope;
  private readonly instances: InstanceValidator;
  private readonly canon: CanonValidator;
  private readonly visibility: Visibility;
  private readonly importNames = new NameScope('import');
  private readonly exportNames = new NameScope('export');
  private readonly imports = new Map<string, Entity>();
  private readonly exports = new Map<string, Entity>();
  private readonly importResources: number[] = [];
  private readonly ownResources = new Set<number>();

  constructor(context: Context, parent: ComponentScope | null) {
    this.context = context;
    this.resources = context.resources;
    this.fail = context.fail;
    this.types = new TypeResolver(context.resources, context.steps, context.fail);
    this.visibility = new Visibility(context.steps);
    this.scope = new ComponentScope(parent, context.fail);
    this.instances = new InstanceValidator(this.scope, this.types, context.fail);
    this.canon = new CanonValidator(this.scope, this.types, this.ownResources, context.features, context.fail);
  }

  component(ast: ComponentAst): ComponentType {
    for (const definition of ast.definitions) {
      this.context.at = {
        offset: definition.offset,
        section: `component, ${definition.kind.replace('-', ' ')} section`,
      };
      this.definition(definition);
    }
    return {
      imports: this.imports,
      exports: this.exports,
      importResources: this.importResources,
      exportResources: this.exportResources(),
      depth: this.types.checkedDepth(this.imports, this.exports),
    };
  }

  private definition(definition: Definition): void {
    const { scope } = this;
    switch (definition.kind) {
      case 'core-module': {
        const { imports, exports } = definition.module;
        checkImportNames(imports, this.fail);
        const type = { imports, exports: new Map(exports.map((item) => [item.name, item.type])) };
        scope.push({ sort: 'core module', type });
        return;
      }
      case 'core-instance':
        scope.pushCoreInstance(this.instances.coreInstance(definition.expr));
        return;
      case 'core-type':
        scope.coreTypes.push(this.types.coreType(definition.type, scope));
        return;
      case 'component': {
        const type = new ComponentValidator(this.context, scope).component(definition.component);
        scope.push({ sort: 'component', type });
        return;
      }
      case 'instance':
        scope.push({ sort: 'instance', type: this.instances.instance(definition.expr) });
        return;
      case 'alias':
        this.alias(definition.alias);
        return;
      case 'type':
        scope.push({ sort: 'type', type: this.type(definition.type) });
        return;
      case 'canon':
        this.canon.check(definition.canon);
        return;
      case 'import':
        this.import(definition);
        return;
      case 'export':
        this.export(definition);
        return;
    }
  }

  private type(expr: TypeExpr): TypeEntity {
    if (expr.kind !== 'resource') return this.types.type(expr, this.scope);
    if (expr.dtor !== null) {
      const found = this.scope.at(this.scope.core.func, 'core function', expr.dtor);
      const problem = coreMismatch(found, { kind: 'func', type: { params: ['i32'], results: [] } });
      if (problem !== null) this.fail(`a destructor: ${problem}`);
    }
    const resource = this.resources.fresh();
    this.ownResources.add(resource);
    return { kind: 'resource', resource };
  }

  private import({ name, type }: Extract<Definition, { kind: 'import' }>): void {
    const entity = this.types.extern(type, this.scope, this.importResources);
    this.expect(this.importNames.add(name, entity));
    this.checkVisible('import', name.name, entity);
    this.imports.set(name.name, entity);
    this.scope.push(entity);
  }

  private export({ name, ref, type }: Extract<Definition, { kind: 'export' }>): void {
    const actual = this.scope.entity(ref);
    const entity = type === null ? this.renamed(actual) : this.ascribed(actual, type);
    this.expect(this.exportNames.add(name, entity));
    this.checkVisible('export', name.name, entity);
    this.exports.set(name.name, entity);
    this.scope.push(entity);
  }

  private checkVisible(side: 'import' | 'export', name: string, entity: Entity): void {
    if (this.visibility.isVisible(side, entity)) return;
    this.fail(`the ${side} ${quote(name)} uses a resource, record, variant, enum or flags that has no visible name`);
  }

  /** An exported type is seen under the exported name, as a type of its own; an instance names what it holds as it is. */
  private renamed(entity: Entity): Entity {
    return entity.sort === 'type' ? { sort: 'type', type: this.types.renamed(entity.type) } : entity;
  }

  private ascribed(actual: Entity, type: Parameters<TypeResolver['extern']>[0]): Entity {
    const made: number[] = [];
    const expected = this.types.extern(type, this.scope, made);
    const problem = new Matcher(made, this.resources, this.context.steps).entity(actual, expected);
    if (problem !== null) this.fail(`the ascribed type of an export is not one of what is exported: ${problem}`);
    return expected;
  }

  /** The resources named by exports that no import brought in. */
  private exportResources(): number[] {
    const found = new Set<number>();
    const collect = (entities: ReadonlyMap<string, Entity>) => {
      for (const entity of entities.values()) {
        if (entity.sort === 'instance') collect(entity.type.exports);
        if (entity.sort === 'type' && entity.type.kind === 'resource') {
          found.add(this.resources.canonical(entity.type.resource));
        }
      }
    };
    collect(this.exports);
    for (const resource of this.importResources) found.delete(this.resources.canonical(resource));
    return [...found];
  }

  private alias(alias: Alias): void {
    const { scope } = this;
    switch (alias.kind) {
      case 'export': {
        const entity = scope.at(scope.instances, 'instance', alias.instance).exports.get(alias.name);
        if (entity?.sort === alias.sort) {
          scope.push(entity);
          return;
        }
        this.fail(`instance ${alias.instance} has no ${alias.sort} ${quote(alias.name)}`);
        return;
      }
      case 'core-export': {
        const item = scope.at(scope.coreInstances, 'core instance', alias.instance).get(alias.name);
        if (item?.kind === alias.sort) {
          scope.pushCore(item);
          return;
        }
        this.fail(`core instance ${alias.instance} has no ${alias.sort} ${quote(alias.name)}`);
        return;
      }
      case 'outer':
        this.outerAlias(alias);
        return;
    }
  }

  private outerAlias(alias: Extract<Alias, { kind: 'outer' }>): void {
    const { scope } = this;
    if (alias.sort === 'type') {
      scope.push({ sort: 'type', type: this.types.outerType(alias, scope) });
      return;
    }
    if (alias.sort === 'core type') {
      scope.coreTypes.push(this.types.outerCoreType(alias, scope));
      return;
    }
    // A component stands in components only, so each scope that is left is one.
    const target = this.types.outer(alias.count, scope).target as ComponentScope;
    if (alias.sort === 'core module' || alias.sort === 'component') {
      scope.push(target.entity({ sort: alias.sort, index: alias.index }));
      return;
    }
    this.fail(`an outer alias cannot be to a ${alias.sort}`);
    return;
  }

  private expect(problem: string | null): void {
    if (problem !== null) this.fail(problem);
  }
}
