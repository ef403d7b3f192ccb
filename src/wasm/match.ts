import { coreMismatch } from './core-types.ts';
import type { ComponentType, Entity, InstanceType, ModuleType, Resources, Steps, TypeEntity } from './entities.ts';
import { quote, quotePair } from './quote.ts';
import { Substitution } from './substitute.ts';
import { Comparison } from './subtype.ts';
import type { ValType } from './types.ts';

/**
 * Checks that entities can stand where others are expected, and learns on the way which actual resource stands for each
 * resource that the expected side leaves open (`bindable`, by canonical number). An open resource is bound where it is
 * named, which always comes before its use. Source: Explainer.md "Type Checking"; each method returns null or a reason.
 */
export class Matcher {
  /** Open resource to actual resource. */
  readonly bindings = new Map<number, number>();
  /** Expected type to the actual type given for it under a name: equal, but visible where the given one is. */
  readonly given = new Map<ValType, ValType>();
  private readonly bindable = new Set<number>();
  private readonly resources: Resources;
  private readonly steps: Steps;
  private readonly comparison: Comparison;

  constructor(bindable: readonly number[], resources: Resources, steps: Steps) {
    this.resources = resources;
    this.steps = steps;
    this.open(bindable);
    this.comparison = new Comparison(
      (actual, expected) => resources.canonical(actual) === resources.canonical(this.bound(expected)),
      (count) => steps.take(count),
    );
  }

  entity(actual: Entity, expected: Entity): string | null {
    this.steps.take();
    switch (expected.sort) {
      case 'core module':
        if (actual.sort !== 'core module') break;
        this.steps.take(actual.type.imports.length + expected.type.imports.length + expected.type.exports.size);
        return matchModule(actual.type, expected.type);
      case 'func':
        if (actual.sort !== 'func') break;
        return this.comparison.func(actual.type, expected.type);
      case 'type':
        if (actual.sort !== 'type') break;
        return this.typeEntity(actual.type, expected.type);
      case 'instance':
        if (actual.sort !== 'instance') break;
        return this.instance(actual.type, expected.type);
      case 'component':
        if (actual.sort !== 'component') break;
        return this.component(actual.type, expected.type);
    }
    return `expected ${article(expected.sort)}, found ${article(actual.sort)}`;
  }

  /** Every one of `expected` has its match in `actual`. */
  entities(what: string, actual: ReadonlyMap<string, Entity>, expected: ReadonlyMap<string, Entity>): string | null {
    for (const [name, entity] of expected) {
      const found = actual.get(name);
      if (found === undefined) return `${what} ${quote(name)} is missing`;
      const problem = this.entity(found, entity);
      if (problem !== null) return `${what} ${quote(name)}: ${problem}`;
    }
    return null;
  }

  private instance(actual: InstanceType, expected: InstanceType): string | null {
    this.open(expected.resources);
    return this.entities('export', actual.exports, expected.exports);
  }

  /** A component that needs less and gives more: what the expected one is given must satisfy the actual one. */
  private component(actual: ComponentType, unbound: ComponentType): string | null {
    const expected = Substitution.of(this.bindings, this.resources, this.steps).component(unbound);
    const needs = new Matcher(actual.importResources, this.resources, this.steps);
    const missing = needs.entities('import', expected.imports, actual.imports);
    if (missing !== null) return missing;
    const given = Substitution.of(needs.bindings, this.resources, this.steps).entities(actual.exports);
    return new Matcher(expected.exportResources, this.resources, this.steps).entities(
      'export',
      given,
      expected.exports,
    );
  }

  /** Types are equal, so each must fit the other; only an open resource takes what it is given. */
  private typeEntity(actual: TypeEntity, expected: TypeEntity): string | null {
    if (actual.kind === 'value' && expected.kind === 'value') {
      this.given.set(expected.type, actual.type);
      return this.comparison.value(actual.type, expected.type);
    }
    if (actual.kind === 'func' && expected.kind === 'func') return this.comparison.func(actual.type, expected.type);
    if (actual.kind === 'resource' && expected.kind === 'resource') {
      return this.resource(actual.resource, expected.resource);
    }
    if (actual.kind === 'instance' && expected.kind === 'instance') {
      const bound = Substitution.of(this.bindings, this.resources, this.steps).instance(expected.type);
      const fresh = () => new Matcher([], this.resources, this.steps);
      return fresh().instance(actual.type, bound) ?? fresh().instance(bound, actual.type);
    }
    if (actual.kind === 'component' && expected.kind === 'component') {
      const bound = Substitution.of(this.bindings, this.resources, this.steps).component(expected.type);
      const fresh = () => new Matcher([], this.resources, this.steps);
      return fresh().component(actual.type, bound) ?? fresh().component(bound, actual.type);
    }
    return `expected a ${expected.kind} type, found a ${actual.kind} type`;
  }

  private resource(actual: number, expected: number): string | null {
    const open = this.resources.canonical(expected);
    if (this.bindable.has(open) && !this.bindings.has(open)) {
      this.bindings.set(open, actual);
      return null;
    }
    const same = this.resources.canonical(actual) === this.resources.canonical(this.bound(expected));
    return same ? null : 'the resource types are not the same';
  }

  private open(resources: readonly number[]): void {
    for (const resource of resources) this.bindable.add(this.resources.canonical(resource));
  }

  private bound(expected: number): number {
    return this.bindings.get(this.resources.canonical(expected)) ?? expected;
  }
}

/** Core modules: fewer imports, more exports. */
function matchModule(actual: ModuleType, expected: ModuleType): string | null {
  const key = (module: string, name: string) => JSON.stringify([module, name]);
  const gifts = new Map(expected.imports.map((item) => [key(item.module, item.name), item]));
  for (const { module, name, type } of actual.imports) {
    const given = gifts.get(key(module, name));
    const label = `core import ${quotePair(module, name)}`;
    if (given === undefined) return `${label} is missing`;
    const problem = coreMismatch(given.type, type);
    if (problem !== null) return `${label}: ${problem}`;
  }
  for (const [name, type] of expected.exports) {
    const found = actual.exports.get(name);
    if (found === undefined) return `core export ${quote(name)} is missing`;
    const problem = coreMismatch(found, type);
    if (problem !== null) return `core export ${quote(name)}: ${problem}`;
  }
  return null;
}

function article(sort: Entity['sort']): string {
  return `${sort === 'instance' ? 'an' : 'a'} ${sort}`;
}
