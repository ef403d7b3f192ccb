import type { Resources, Steps } from './entities.ts';
import type { CanonOptions, CoreItem, Lifted, Plan, PlanResource } from './plan.ts';
import { Substitution } from './substitute.ts';
import type { WorldFunction } from './types.ts';

/** Everything of a plan but its resources, which still go by the numbers of the resource table. */
export type Draft = Omit<Plan, 'resources'>;

/** The resources of a plan while it is made: numbered by the table, until the world's are known and come first. */
export class PlanResources {
  private readonly table: Resources;
  private readonly defined = new Map<number, PlanResource>();

  constructor(table: Resources) {
    this.table = table;
  }

  define(resource: number, as: PlanResource): void {
    this.defined.set(this.table.canonical(resource), as);
  }

  /** The finished plan. `first` are the canonical numbers of the world's resources, in its order. */
  finish(draft: Draft, first: readonly number[], steps: Steps): Plan {
    const numbers = new Map<number, number>();
    for (const resource of [...first, ...this.defined.keys()]) {
      if (!numbers.has(resource)) numbers.set(resource, numbers.size);
    }
    const rewrite = new Rewrite((resource) => {
      const number = numbers.get(this.table.canonical(resource));
      if (number === undefined) throw new RangeError(`resource ${resource} of a validated component is not defined`);
      return number;
    }, steps);
    const resources = [...numbers.keys()].map((resource) => rewrite.resource(this.defined.get(resource)));
    const { world, instantiations, exports } = draft;
    return {
      ...draft,
      world: { ...world, imports: world.imports.map(rewrite.worldFunc), exports: world.exports.map(rewrite.worldFunc) },
      instantiations: instantiations.map(({ module, args }) => ({
        module,
        args: args.map((arg) => ({ ...arg, value: rewrite.item(arg.value) })),
      })),
      exports: exports.map((lifted) => rewrite.lifted(lifted)),
      resources,
    };
  }
}

/** Gives every mention of a resource its final number. One object stays one object. */
class Rewrite {
  private readonly number: (resource: number) => number;
  private readonly types: Substitution;
  private readonly items = new Map<CoreItem, CoreItem>();
  private readonly lifts = new Map<Lifted, Lifted>();
  private readonly funcs = new Map<WorldFunction, WorldFunction>();

  constructor(number: (resource: number) => number, steps: Steps) {
    this.number = number;
    this.types = new Substitution(number, steps);
  }

  worldFunc = (func: WorldFunction): WorldFunction => {
    return remember(this.funcs, func, () => ({ ...func, type: this.types.func(func.type) }));
  };

  lifted(lifted: Lifted): Lifted {
    return remember(this.lifts, lifted, () => ({
      core: this.item(lifted.core),
      type: this.types.func(lifted.type),
      options: this.options(lifted.options),
      scope: lifted.scope,
    }));
  }

  item(item: CoreItem): CoreItem {
    return remember(this.items, item, () => {
      switch (item.kind) {
        case 'lower-import':
          return { ...item, options: this.options(item.options) };
        case 'lower-lifted':
          return { ...item, lifted: this.lifted(item.lifted), options: this.options(item.options) };
        case 'resource-new':
        case 'resource-rep':
        case 'resource-drop':
          return { ...item, resource: this.number(item.resource) };
        default:
          return item;
      }
    });
  }

  resource(resource: PlanResource | undefined): PlanResource {
    if (resource === undefined) throw new RangeError('a resource of the world that nobody defined');
    if (resource.kind === 'imported' || resource.dtor === null) return resource;
    return { ...resource, dtor: this.item(resource.dtor) };
  }

  private options(options: CanonOptions): CanonOptions {
    const item = (part: CoreItem | null) => (part === null ? null : this.item(part));
    return {
      encoding: options.encoding,
      memory: item(options.memory),
      realloc: item(options.realloc),
      postReturn: item(options.postReturn),
    };
  }
}

function remember<T>(map: Map<T, T>, key: T, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
