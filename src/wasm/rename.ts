import type { Entity, InstanceType, Resources, Steps, TypeEntity } from './entities.ts';
import { Substitution } from './substitute.ts';

/**
 * The instance as seen under the name it is exported by: each type it exports gets an identity of its own, and its
 * other exports refer to that one. So only what is reached through the exported instance counts as named.
 */
export function renameInstance(instance: InstanceType, resources: Resources, steps: Steps): InstanceType {
  const aliases = new Map<number, number>();
  const substitution = new Substitution((resource) => aliases.get(resource) ?? resource, steps);

  function renameAll(type: InstanceType): InstanceType {
    const exports = new Map<string, Entity>();
    for (const [name, entity] of type.exports) exports.set(name, rename(entity));
    return { exports, resources: type.resources };
  }

  function rename(entity: Entity): Entity {
    if (entity.sort === 'instance') return { sort: 'instance', type: renameAll(entity.type) };
    if (entity.sort !== 'type') return substitution.entity(entity);
    return { sort: 'type', type: renameType(entity.type) };
  }

  function renameType(type: TypeEntity): TypeEntity {
    if (type.kind === 'resource') {
      const alias = aliases.get(type.resource) ?? resources.alias(type.resource);
      aliases.set(type.resource, alias);
      return { kind: 'resource', resource: alias };
    }
    if (type.kind !== 'value') return substitution.typeEntity(type);
    const renamed = { ...substitution.value(type.type) };
    substitution.replace(type.type, renamed);
    return { kind: 'value', type: renamed };
  }

  return renameAll(instance);
}
