import type { CoreExtern, CoreFuncType } from './core-types.ts';
import type { ModuleImport } from './module-info.ts';
import type { FuncType, ValType } from './types.ts';

/**
 * Component-level types with every index resolved. Value types are compared by structure; the identity of their objects
 * says under which name they are visible (visibility.ts). Resources are numbers of one `Resources` table.
 */
export type TypeEntity =
  | { readonly kind: 'value'; readonly type: ValType }
  | { readonly kind: 'func'; readonly type: FuncType }
  | { readonly kind: 'resource'; readonly resource: number }
  | { readonly kind: 'instance'; readonly type: InstanceType }
  | { readonly kind: 'component'; readonly type: ComponentType };

/** What an import or export is. */
export type Entity =
  | { readonly sort: 'core module'; readonly type: ModuleType }
  | { readonly sort: 'func'; readonly type: FuncType }
  | { readonly sort: 'type'; readonly type: TypeEntity }
  | { readonly sort: 'instance'; readonly type: InstanceType }
  | { readonly sort: 'component'; readonly type: ComponentType };

export interface InstanceType {
  readonly exports: ReadonlyMap<string, Entity>;
  /** Bound here: each instance of this type has resources of its own in their place. Empty for an actual instance. */
  readonly resources: readonly number[];
  /** 1 more than the deepest instance or component type inside. */
  readonly depth: number;
}

export interface ComponentType {
  readonly imports: ReadonlyMap<string, Entity>;
  readonly exports: ReadonlyMap<string, Entity>;
  /** Bound: whoever instantiates it chooses them. */
  readonly importResources: readonly number[];
  /** Bound: every instantiation makes new ones. */
  readonly exportResources: readonly number[];
  readonly depth: number;
}

export interface ModuleType {
  readonly imports: readonly ModuleImport[];
  readonly exports: ReadonlyMap<string, CoreExtern>;
}

export type CoreTypeEntity =
  | { readonly kind: 'func'; readonly type: CoreFuncType }
  | { readonly kind: 'module'; readonly type: ModuleType };

/** The depth of a type that holds these. Types refer to each other by index, so nesting in the file does not bound it. */
export function depthAbove(...parts: readonly ReadonlyMap<string, Entity>[]): number {
  let depth = 0;
  for (const entities of parts) for (const entity of entities.values()) depth = Math.max(depth, depthOf(entity));
  return depth + 1;
}

function depthOf(entity: Entity): number {
  if (entity.sort === 'instance' || entity.sort === 'component') return entity.type.depth;
  const isNested = entity.sort === 'type' && (entity.type.kind === 'instance' || entity.type.kind === 'component');
  return isNested ? entity.type.type.depth : 0;
}

/**
 * Numbers for resource types. An export gives a resource another number, whose canonical number says what it is: two
 * types are equal if their canonical numbers are, but only the exported number may be seen from outside.
 */
export class Resources {
  private readonly canonicals: number[] = [];

  fresh(): number {
    return this.canonicals.push(this.canonicals.length) - 1;
  }

  alias(resource: number): number {
    return this.canonicals.push(this.canonical(resource)) - 1;
  }

  canonical(resource: number): number {
    return this.canonicals[resource] ?? resource;
  }
}

/** A bound on work, shared by everything that walks types. */
export class Steps {
  private left: number;
  private readonly exceeded: () => never;

  constructor(max: number, exceeded: () => never) {
    this.left = max;
    this.exceeded = exceeded;
  }

  take(count = 1): void {
    this.left -= count;
    if (this.left < 0) this.exceeded();
  }
}
