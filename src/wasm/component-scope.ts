import type { CoreSort, SortRef } from './component-ast.ts';
import type { CoreExtern } from './core-types.ts';
import type { ComponentType, CoreTypeEntity, Entity, InstanceType, ModuleType, TypeEntity } from './entities.ts';
import { WASM_LIMITS } from './limits.ts';
import type { Fail, TypeScope } from './resolve-values.ts';
import type { FuncType } from './types.ts';

export type CoreInstanceType = ReadonlyMap<string, CoreExtern>;

/** The index spaces of one component while it is validated. Nothing is ever removed, and indices never change. */
export class ComponentScope implements TypeScope {
  readonly kind = 'component';
  readonly parent: ComponentScope | null;
  readonly types: TypeEntity[] = [];
  readonly coreTypes: CoreTypeEntity[] = [];
  readonly modules: ModuleType[] = [];
  readonly components: ComponentType[] = [];
  readonly instances: InstanceType[] = [];
  readonly funcs: FuncType[] = [];
  readonly coreInstances: CoreInstanceType[] = [];
  readonly core: { readonly [K in CoreExtern['kind']]: Extract<CoreExtern, { kind: K }>[] } = {
    func: [],
    table: [],
    memory: [],
    global: [],
    tag: [],
  };
  private readonly fail: Fail;

  constructor(parent: ComponentScope | null, fail: Fail) {
    this.parent = parent;
    this.fail = fail;
  }

  at<T>(space: readonly T[], what: string, index: number): T {
    return space[index] ?? this.fail(`there is no ${what} ${index}`);
  }

  entity(ref: SortRef): Entity {
    switch (ref.sort) {
      case 'core module':
        return { sort: 'core module', type: this.at(this.modules, 'core module', ref.index) };
      case 'func':
        return { sort: 'func', type: this.at(this.funcs, 'function', ref.index) };
      case 'type':
        return { sort: 'type', type: this.at(this.types, 'type', ref.index) };
      case 'instance':
        return { sort: 'instance', type: this.at(this.instances, 'instance', ref.index) };
      case 'component':
        return { sort: 'component', type: this.at(this.components, 'component', ref.index) };
    }
    return this.fail(`a ${ref.sort} can be neither imported nor exported`);
  }

  push(entity: Entity): void {
    switch (entity.sort) {
      case 'core module':
        this.add(this.modules, entity.type, 'core modules', WASM_LIMITS.maxComponentParts);
        return;
      case 'func':
        this.add(this.funcs, entity.type, 'functions');
        return;
      case 'type':
        this.add(this.types, entity.type, 'types');
        return;
      case 'instance':
        this.add(this.instances, entity.type, 'instances', WASM_LIMITS.maxComponentParts);
        return;
      case 'component':
        this.add(this.components, entity.type, 'components', WASM_LIMITS.maxComponentParts);
        return;
    }
  }

  pushCore(item: CoreExtern): void {
    this.add<CoreExtern>(this.core[item.kind], item, `core ${item.kind} entries`);
  }

  pushCoreInstance(instance: CoreInstanceType): void {
    this.add(this.coreInstances, instance, 'core instances', WASM_LIMITS.maxComponentParts);
  }

  coreItem(sort: CoreSort, index: number): CoreExtern {
    if (sort === 'type' || sort === 'module' || sort === 'instance') {
      return this.fail(`a core ${sort} cannot be exported by a core instance`);
    }
    return this.at<CoreExtern>(this.core[sort], `core ${sort}`, index);
  }

  private add<T>(space: T[], item: T, what: string, max: number = WASM_LIMITS.maxComponentItems): void {
    if (space.push(item) > max) this.fail(`a component has more than ${max} ${what}`, 'WASM_LIMIT');
  }
}
