import type { ComponentAst } from './component-ast.ts';
import type { CoreTypeEntity, TypeEntity } from './entities.ts';
import type { ModuleInfo } from './module-info.ts';
import type { CoreItem, Lifted, ModuleRange } from './plan.ts';
import type { TypeScope } from './resolve-values.ts';
import type { FuncType } from './types.ts';

/** What an index of a component stands for, once it is known which instance of the component is meant. */
export type Value =
  | { readonly sort: 'core module'; readonly module: ModuleValue }
  | { readonly sort: 'func'; readonly func: FuncValue }
  | { readonly sort: 'type'; readonly type: TypeEntity }
  | { readonly sort: 'instance'; readonly exports: ReadonlyMap<string, Value> }
  | { readonly sort: 'component'; readonly component: ComponentValue };

/** A component function: the world's import number `import`, or one that was lifted in this file. */
export type FuncValue =
  | { readonly kind: 'import'; readonly import: number; readonly type: FuncType }
  | { readonly kind: 'lifted'; readonly lifted: Lifted };

export interface ModuleValue {
  readonly range: ModuleRange;
  readonly module: ModuleInfo;
}

/** A component, with the scope that its outer aliases reach. */
export interface ComponentValue {
  readonly ast: ComponentAst;
  readonly parent: FlattenScope | null;
}

/** A core instance: made by an instantiation, or a bundle of things that exist. */
export type CoreInstanceValue =
  | { readonly kind: 'instantiated'; readonly instance: number }
  | { readonly kind: 'bundle'; readonly exports: ReadonlyMap<string, CoreItem> };

/** The kinds of things that core instances export. */
export type CoreItemSort = 'func' | 'table' | 'memory' | 'global' | 'tag';

/** The index spaces of one instance of a component. */
export class FlattenScope implements TypeScope {
  readonly kind = 'component';
  readonly parent: FlattenScope | null;
  readonly #takeNumber: () => number;
  #number: number | null = null;
  readonly types: TypeEntity[] = [];
  readonly coreTypes: CoreTypeEntity[] = [];
  readonly modules: ModuleValue[] = [];
  readonly components: ComponentValue[] = [];
  readonly instances: ReadonlyMap<string, Value>[] = [];
  readonly funcs: FuncValue[] = [];
  readonly coreInstances: CoreInstanceValue[] = [];
  readonly core: { readonly [K in CoreItemSort]: CoreItem[] } = {
    func: [],
    table: [],
    memory: [],
    global: [],
    tag: [],
  };

  /** `takeNumber` gives the next number among the plan's scopes. */
  constructor(parent: FlattenScope | null, takeNumber: () => number) {
    this.parent = parent;
    this.#takeNumber = takeNumber;
  }

  /**
   * Its number among the plan's scopes, given at first use: a component that only passes on what it was given, as those
   * that toolchains put around an exported interface, has nothing that could hold a handle or be entered.
   */
  get number(): number {
    this.#number ??= this.#takeNumber();
    return this.#number;
  }

  push(value: Value): void {
    switch (value.sort) {
      case 'core module':
        this.modules.push(value.module);
        return;
      case 'func':
        this.funcs.push(value.func);
        return;
      case 'type':
        this.types.push(value.type);
        return;
      case 'instance':
        this.instances.push(value.exports);
        return;
      case 'component':
        this.components.push(value.component);
    }
  }

  at<T>(space: readonly T[], index: number): T {
    const item = space[index];
    // The component has been validated, so this is a mistake of ours, not of the file.
    if (item === undefined) throw new RangeError(`index ${index} of a validated component`);
    return item;
  }
}
