import type { Alias, CoreTypeExpr, Declaration, ExternExpr, PlainDeclaration, TypeExpr } from './component-ast.ts';
import {
  type ComponentType,
  type CoreTypeEntity,
  depthAbove,
  type Entity,
  type InstanceType,
  type TypeEntity,
} from './entities.ts';
import { freeResources } from './free-resources.ts';
import { WASM_LIMITS } from './limits.ts';
import { NameScope } from './name-scope.ts';
import { quote } from './quote.ts';
import { resolveCoreType } from './resolve-core.ts';
import { type TypeScope, ValueResolver } from './resolve-values.ts';
import { Substitution } from './substitute.ts';
import { Visibility } from './visibility.ts';

interface DeclarationScope extends TypeScope {
  readonly instances: InstanceType[];
}

/** Turns every other type expression into a resolved type; a component's own definitions use it, and so do declarations. */
export class TypeResolver extends ValueResolver {
  /** Any type but a resource, which only a component can define. */
  type(expr: TypeExpr, scope: TypeScope): TypeEntity {
    this.steps.take();
    switch (expr.kind) {
      case 'func':
        return { kind: 'func', type: this.funcType(expr, scope) };
      case 'instance':
        return { kind: 'instance', type: this.instance(expr.declarations, scope) };
      case 'component':
        return { kind: 'component', type: this.component(expr.declarations, scope) };
      case 'resource':
        return this.fail('a resource can only be defined by a component, not by a type');
      default:
        return { kind: 'value', type: this.valueType(expr, scope) };
    }
  }

  /** An instance type; its resources stay open until an import or export makes such an instance (`open`). */
  private instance(declarations: readonly Declaration[], parent: TypeScope): InstanceType {
    const scope = declarationScope(parent);
    const names = new NameScope('export');
    const exports = new Map<string, Entity>();
    const resources: number[] = [];
    for (const declaration of declarations) {
      if (declaration.kind === 'import') this.fail('an instance type cannot import');
      if (declaration.kind !== 'export') {
        this.plain(declaration, scope);
        continue;
      }
      const entity = this.extern(declaration.type, scope, resources);
      this.expect(names.add(declaration.name, entity));
      exports.set(declaration.name.name, entity);
      push(entity, scope);
    }
    return { exports, resources, depth: this.checkedDepth(exports) };
  }

  private component(declarations: readonly Declaration[], parent: TypeScope): ComponentType {
    const scope = declarationScope(parent);
    const visibility = new Visibility(this.steps);
    const sides = {
      import: { names: new NameScope('import'), entities: new Map<string, Entity>(), resources: [] as number[] },
      export: { names: new NameScope('export'), entities: new Map<string, Entity>(), resources: [] as number[] },
    };
    for (const declaration of declarations) {
      if (declaration.kind !== 'import' && declaration.kind !== 'export') {
        this.plain(declaration, scope);
        continue;
      }
      const { names, entities, resources } = sides[declaration.kind];
      const entity = this.extern(declaration.type, scope, resources);
      this.expect(names.add(declaration.name, entity));
      if (!visibility.isVisible(declaration.kind, entity)) {
        this.fail(`the ${declaration.kind} ${quote(declaration.name.name)} uses a type that has no visible name`);
      }
      entities.set(declaration.name.name, entity);
      push(entity, scope);
    }
    return {
      imports: sides.import.entities,
      exports: sides.export.entities,
      importResources: sides.import.resources,
      exportResources: sides.export.resources,
      depth: this.checkedDepth(sides.import.entities, sides.export.entities),
    };
  }

  private plain(declaration: PlainDeclaration, scope: DeclarationScope): void {
    switch (declaration.kind) {
      case 'core-type':
        scope.coreTypes.push(this.coreType(declaration.type, scope));
        return;
      case 'type':
        scope.types.push(this.type(declaration.type, scope));
        return;
      case 'alias':
        this.aliasDeclaration(declaration.alias, scope);
        return;
    }
  }

  private aliasDeclaration(alias: Alias, scope: DeclarationScope): void {
    if (alias.kind === 'outer') {
      if (alias.sort === 'type') scope.types.push(this.outerType(alias, scope));
      else if (alias.sort === 'core type') scope.coreTypes.push(this.outerCoreType(alias, scope));
      else this.fail('an outer alias in a type may only be to a type or a core type');
      return;
    }
    if (alias.kind !== 'export' || (alias.sort !== 'type' && alias.sort !== 'instance')) {
      this.fail('an alias in a type may only be to a type or an instance');
      return;
    }
    const instance = scope.instances[alias.instance] ?? this.fail(`there is no instance ${alias.instance}`);
    const entity = instance.exports.get(alias.name);
    if (entity === undefined || entity.sort !== alias.sort) {
      this.fail(`instance ${alias.instance} has no ${alias.sort} ${quote(alias.name)}`);
      return;
    }
    push(entity, scope);
  }

  outerType(alias: Extract<Alias, { kind: 'outer' }>, scope: TypeScope): TypeEntity {
    const { target, leavesComponent } = this.outer(alias.count, scope);
    const entity = this.typeAt(target, alias.index);
    if (leavesComponent && freeResources(entity, this.resources, this.steps).size > 0) {
      this.fail('an outer alias that leaves a component may not be to a type that refers to resources');
    }
    return entity;
  }

  outerCoreType(alias: { readonly count: number; readonly index: number }, scope: TypeScope): CoreTypeEntity {
    const { target } = this.outer(alias.count, scope);
    return target.coreTypes[alias.index] ?? this.fail(`there is no core type ${alias.index}`);
  }

  outer(count: number, scope: TypeScope): { target: TypeScope; leavesComponent: boolean } {
    let target = scope;
    let leavesComponent = false;
    for (let level = 0; level < count; level++) {
      leavesComponent ||= target.kind === 'component';
      target = target.parent ?? this.fail(`an outer alias leaves ${count} scopes, more than there are`);
    }
    return { target, leavesComponent };
  }

  /** The type of an import or export; the resources it makes are added to `made`. */
  extern(expr: ExternExpr, scope: TypeScope, made: number[]): Entity {
    this.steps.take();
    if (expr.sort === 'core module') {
      const entity = scope.coreTypes[expr.index] ?? this.fail(`there is no core type ${expr.index}`);
      if (entity.kind !== 'module') return this.fail(`core type ${expr.index} is not a module type`);
      return { sort: 'core module', type: entity.type };
    }
    if (expr.sort === 'func') return { sort: 'func', type: this.funcAt(scope, expr.index) };
    if (expr.sort === 'type') {
      if (expr.index !== null) return { sort: 'type', type: this.renamed(this.typeAt(scope, expr.index)) };
      const resource = this.resources.fresh();
      made.push(resource);
      return { sort: 'type', type: { kind: 'resource', resource } };
    }
    const entity = this.typeAt(scope, expr.index);
    if (expr.sort === 'instance' && entity.kind === 'instance') {
      return { sort: 'instance', type: this.open(entity.type, made) };
    }
    if (expr.sort === 'component' && entity.kind === 'component') return { sort: 'component', type: entity.type };
    return this.fail(
      `type ${expr.index} is a ${entity.kind} type, not ${expr.sort === 'instance' ? 'an instance' : 'a component'} type`,
    );
  }

  /** The same type under a new name: equal, but an object or number of its own. */
  renamed(entity: TypeEntity): TypeEntity {
    if (entity.kind === 'value') return { kind: 'value', type: { ...entity.type } };
    if (entity.kind === 'resource') return { kind: 'resource', resource: this.resources.alias(entity.resource) };
    return entity;
  }

  /** An instance of this type, with resources of its own. */
  open(type: InstanceType, made: number[]): InstanceType {
    const fresh = new Map<number, number>();
    for (const resource of type.resources) {
      const own = this.resources.fresh();
      fresh.set(this.resources.canonical(resource), own);
      made.push(own);
    }
    if (fresh.size === 0) return type;
    const exports = Substitution.of(fresh, this.resources, this.steps).entities(type.exports);
    return { exports, resources: [], depth: type.depth };
  }

  /** The depth of an instance or component type with these parts, which must stay within bounds. */
  checkedDepth(...parts: readonly ReadonlyMap<string, Entity>[]): number {
    const depth = depthAbove(...parts);
    if (depth > WASM_LIMITS.maxNesting) this.fail(`types nest deeper than ${WASM_LIMITS.maxNesting}`, 'WASM_LIMIT');
    return depth;
  }

  coreType(expr: CoreTypeExpr, scope: TypeScope): CoreTypeEntity {
    return resolveCoreType(expr, (alias) => this.outerCoreType(alias, scope), this.fail);
  }

  private expect(problem: string | null): void {
    if (problem !== null) this.fail(problem);
  }
}

function declarationScope(parent: TypeScope): DeclarationScope {
  return { kind: 'type', parent, types: [], coreTypes: [], instances: [] };
}

function push(entity: Entity, scope: DeclarationScope): void {
  if (entity.sort === 'type') scope.types.push(entity.type);
  if (entity.sort === 'instance') scope.instances.push(entity.type);
}
