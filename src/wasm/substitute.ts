import type { ComponentType, Entity, InstanceType, Resources, Steps, TypeEntity } from './entities.ts';
import type { FuncType, ValType } from './types.ts';

/**
 * Rewrites types with other resources in place of some. Objects that do not change are kept, and one object always
 * becomes the same other object, so that sharing and visibility survive.
 */
export class Substitution {
  private readonly resource: (resource: number) => number;
  private readonly steps: Steps;
  private readonly values = new Map<ValType, ValType>();
  private readonly funcs = new Map<FuncType, FuncType>();

  constructor(resource: (resource: number) => number, steps: Steps) {
    this.resource = resource;
    this.steps = steps;
  }

  /** By canonical number. */
  static of(map: ReadonlyMap<number, number>, resources: Resources, steps: Steps): Substitution {
    return new Substitution((resource) => map.get(resources.canonical(resource)) ?? resource, steps);
  }

  /** From now on `from` becomes `to`. */
  replace(from: ValType, to: ValType): void {
    this.values.set(from, to);
  }

  value(type: ValType): ValType {
    const known = this.values.get(type);
    if (known !== undefined) return known;
    this.steps.take();
    const result = this.rebuild(type);
    this.values.set(type, result);
    return result;
  }

  func(type: FuncType): FuncType {
    const known = this.funcs.get(type);
    if (known !== undefined) return known;
    const params = this.list(type.params, (param) => this.named(param));
    const result = this.optional(type.result);
    const changed = params !== type.params || result !== type.result;
    const rewritten = changed ? { params, result, async: type.async } : type;
    this.funcs.set(type, rewritten);
    return rewritten;
  }

  typeEntity(entity: TypeEntity): TypeEntity {
    switch (entity.kind) {
      case 'value':
        return { kind: 'value', type: this.value(entity.type) };
      case 'func':
        return { kind: 'func', type: this.func(entity.type) };
      case 'resource':
        return { kind: 'resource', resource: this.resource(entity.resource) };
      case 'instance':
        return { kind: 'instance', type: this.instance(entity.type) };
      case 'component':
        return { kind: 'component', type: this.component(entity.type) };
    }
  }

  entity(entity: Entity): Entity {
    this.steps.take();
    switch (entity.sort) {
      case 'core module':
        return entity;
      case 'func':
        return { sort: 'func', type: this.func(entity.type) };
      case 'type':
        return { sort: 'type', type: this.typeEntity(entity.type) };
      case 'instance':
        return { sort: 'instance', type: this.instance(entity.type) };
      case 'component':
        return { sort: 'component', type: this.component(entity.type) };
    }
  }

  entities(map: ReadonlyMap<string, Entity>): Map<string, Entity> {
    return new Map([...map].map(([name, entity]) => [name, this.entity(entity)]));
  }

  instance(type: InstanceType): InstanceType {
    return { ...type, exports: this.entities(type.exports) };
  }

  component(type: ComponentType): ComponentType {
    return { ...type, imports: this.entities(type.imports), exports: this.entities(type.exports) };
  }

  private rebuild(type: ValType): ValType {
    switch (type.kind) {
      case 'list': {
        const element = this.value(type.element);
        return element === type.element ? type : { ...type, element };
      }
      case 'record': {
        const fields = this.list(type.fields, (field) => this.named(field));
        return fields === type.fields ? type : { kind: 'record', fields };
      }
      case 'variant': {
        const cases = this.list(type.cases, (item) => {
          const payload = this.optional(item.type);
          return payload === item.type ? item : { name: item.name, type: payload };
        });
        return cases === type.cases ? type : { kind: 'variant', cases };
      }
      case 'tuple': {
        const elements = this.list(type.elements, (element) => this.value(element));
        return elements === type.elements ? type : { kind: 'tuple', elements };
      }
      case 'option': {
        const some = this.value(type.some);
        return some === type.some ? type : { kind: 'option', some };
      }
      case 'result': {
        const ok = this.optional(type.ok);
        const err = this.optional(type.err);
        return ok === type.ok && err === type.err ? type : { kind: 'result', ok, err };
      }
      case 'own':
      case 'borrow': {
        const resource = this.resource(type.resource);
        return resource === type.resource ? type : { kind: type.kind, resource };
      }
      case 'stream':
      case 'future': {
        const element = this.optional(type.element);
        return element === type.element ? type : { kind: type.kind, element };
      }
      default:
        return type;
    }
  }

  private optional(type: ValType | null): ValType | null {
    return type === null ? null : this.value(type);
  }

  private named<T extends { readonly name: string; readonly type: ValType }>(item: T): T {
    const type = this.value(item.type);
    return type === item.type ? item : { ...item, type };
  }

  private list<T>(items: readonly T[], rewrite: (item: T) => T): readonly T[] {
    const rewritten = items.map(rewrite);
    return rewritten.some((item, index) => item !== items[index]) ? rewritten : items;
  }
}
