import type { Entity, InstanceType, Resources, TypeEntity } from './entities.ts';
import type { Value } from './flatten-scope.ts';
import { quote } from './quote.ts';
import type { FuncType, ResourceType, WorldFunction } from './types.ts';

/** Throws WASM_UNSUPPORTED. */
export type Unsupported = (what: string, feature: string) => never;

/** Collects the world of a component, and makes the values that stand for its imports. */
export class WorldBuilder {
  readonly imports: WorldFunction[] = [];
  readonly exports: WorldFunction[] = [];
  /** Canonical number to resource, in the order of the world. */
  readonly resources = new Map<number, ResourceType>();
  private readonly table: Resources;
  private readonly unsupported: Unsupported;

  constructor(table: Resources, unsupported: Unsupported) {
    this.table = table;
    this.unsupported = unsupported;
  }

  /** An import of the root component, whose type has been opened. */
  import(name: string, entity: Entity): Value {
    switch (entity.sort) {
      case 'func':
        return this.importFunc(null, name, entity.type);
      case 'type':
        return this.importType(null, name, entity.type);
      case 'instance':
        return this.importInstance(name, entity.type);
      default:
        return this.unsupported(`it imports a ${entity.sort} (${quote(name)})`, 'component-imports');
    }
  }

  exportFunc(interfaceName: string | null, name: string, type: FuncType): void {
    this.exports.push(worldFunction(interfaceName, name, type));
  }

  exportType(interfaceName: string | null, name: string, type: TypeEntity): void {
    if (type.kind === 'resource') this.name(type.resource, { name, interface: interfaceName, side: 'export' });
  }

  private importInstance(interfaceName: string, type: InstanceType): Value {
    const exports = new Map<string, Value>();
    for (const [name, entity] of type.exports) {
      if (entity.sort === 'func') exports.set(name, this.importFunc(interfaceName, name, entity.type));
      else if (entity.sort === 'type') exports.set(name, this.importType(interfaceName, name, entity.type));
      else
        this.unsupported(
          `its import ${quote(interfaceName)} holds a ${entity.sort} (${quote(name)})`,
          'nested-instances',
        );
    }
    return { sort: 'instance', exports };
  }

  private importFunc(interfaceName: string | null, name: string, type: FuncType): Value {
    const index = this.imports.push(worldFunction(interfaceName, name, type)) - 1;
    return { sort: 'func', func: { kind: 'import', import: index, type } };
  }

  private importType(interfaceName: string | null, name: string, type: TypeEntity): Value {
    if (type.kind === 'resource') this.name(type.resource, { name, interface: interfaceName, side: 'import' });
    return { sort: 'type', type };
  }

  /** A resource is known by the first name it gets: later ones are `use`s of it. */
  private name(resource: number, type: ResourceType): void {
    const canonical = this.table.canonical(resource);
    if (!this.resources.has(canonical)) this.resources.set(canonical, type);
  }
}

function worldFunction(interfaceName: string | null, name: string, type: FuncType): WorldFunction {
  return { interface: interfaceName, name, id: interfaceName === null ? name : `${interfaceName}#${name}`, type };
}
