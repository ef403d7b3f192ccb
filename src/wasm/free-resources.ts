import type { Entity, InstanceType, Resources, Steps, TypeEntity } from './entities.ts';
import { children } from './measure.ts';
import type { FuncType, ValType } from './types.ts';

/** The resources, by canonical number, that a type mentions without binding them itself. */
export function freeResources(entity: TypeEntity, resources: Resources, steps: Steps): Set<number> {
  const walk = new FreeResources(resources, steps);
  walk.typeEntity(entity);
  for (const resource of walk.bound) walk.found.delete(resource);
  return walk.found;
}

/** Numbers are unique, so what is bound anywhere inside is never what is free outside. */
class FreeResources {
  readonly found = new Set<number>();
  readonly bound = new Set<number>();
  private readonly seen = new Set<object>();
  private readonly resources: Resources;
  private readonly steps: Steps;

  constructor(resources: Resources, steps: Steps) {
    this.resources = resources;
    this.steps = steps;
  }

  typeEntity(entity: TypeEntity): void {
    switch (entity.kind) {
      case 'value':
        this.value(entity.type);
        return;
      case 'func':
        this.func(entity.type);
        return;
      case 'resource':
        this.found.add(this.resources.canonical(entity.resource));
        return;
      case 'instance':
        this.instance(entity.type);
        return;
      case 'component':
        this.bind(entity.type.importResources);
        this.bind(entity.type.exportResources);
        for (const item of entity.type.imports.values()) this.entity(item);
        for (const item of entity.type.exports.values()) this.entity(item);
    }
  }

  private entity(entity: Entity): void {
    switch (entity.sort) {
      case 'core module':
        return;
      case 'type':
        this.typeEntity(entity.type);
        return;
      case 'func':
        this.func(entity.type);
        return;
      case 'instance':
        this.instance(entity.type);
        return;
      case 'component':
        this.typeEntity({ kind: 'component', type: entity.type });
        return;
    }
  }

  private instance(type: InstanceType): void {
    if (this.isSeen(type)) return;
    this.bind(type.resources);
    for (const item of type.exports.values()) this.entity(item);
  }

  private func(type: FuncType): void {
    if (this.isSeen(type)) return;
    for (const param of type.params) this.value(param.type);
    if (type.result !== null) this.value(type.result);
  }

  private value(type: ValType): void {
    if (this.isSeen(type)) return;
    if (type.kind === 'own' || type.kind === 'borrow') this.found.add(this.resources.canonical(type.resource));
    for (const child of children(type)) this.value(child);
  }

  private bind(resources: readonly number[]): void {
    for (const resource of resources) this.bound.add(this.resources.canonical(resource));
  }

  private isSeen(type: object): boolean {
    this.steps.take();
    if (this.seen.has(type)) return true;
    this.seen.add(type);
    return false;
  }
}
