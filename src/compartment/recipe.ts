import type { AdapterPlan, ContextItems, Lowered, Side } from '../abi/index.ts';
import { makeResourceClass, pascalCase, type ResourceClass, TypeInterner } from '../abi/index.ts';
import { CofferdamError } from '../error.ts';
import type { CanonOptions, CoreItem, Lifted, Plan } from '../wasm/plan.ts';

/** A plan, numbered for instantiation: worked out once, shared by all instances. */
export interface Recipe {
  readonly plan: Plan;
  readonly adapterPlan: AdapterPlan;
  /** Parallel to `AdapterPlan.lifted`: first the exports of the world, then those that only links inside use. */
  readonly lifted: readonly Lifted[];
  /** Position in `AdapterPlan.lowered`. */
  readonly loweredOf: ReadonlyMap<CoreItem, number>;
  /** By position in `Side.context`. */
  readonly contexts: readonly (ContextItems & { readonly scope: number })[];
  readonly resourceClasses: readonly (ResourceClass | null)[];
  /** String encoding of each import and export of the world; undefined for an import that no module uses. */
  readonly encodings: Readonly<Record<'import' | 'export', readonly (CanonOptions['encoding'] | undefined)[]>>;
}

export function makeRecipe(plan: Plan): Recipe {
  return new RecipeMaker(plan).make();
}

class RecipeMaker {
  readonly #plan: Plan;
  readonly #types = new TypeInterner();
  readonly #contexts: (ContextItems & { scope: number })[] = [];
  readonly #contextKeys = new Map<string, number>();
  readonly #lifted: Lifted[] = [];
  readonly #sides: Side[] = [];
  readonly #lowered: Lowered[] = [];
  readonly #loweredOf = new Map<CoreItem, number>();
  readonly #importEncodings: CanonOptions['encoding'][] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  make(): Recipe {
    const plan = this.#plan;
    if (plan.exports.length !== plan.world.exports.length) throw invalid('its exports are not those of its world');
    plan.exports.forEach((lifted, i) => {
      this.#lift(lifted, plan.world.exports[i]?.id ?? '');
    });
    for (const { args } of plan.instantiations) for (const { value } of args) this.#visit(value);
    // A core function that is lifted, or frees a resource, may itself be a lowered one. Lifting may add to the list.
    for (let i = 0; i < this.#lifted.length; i++) this.#visit((this.#lifted[i] as Lifted).core);
    for (const resource of plan.resources) {
      if (resource.kind === 'defined' && resource.dtor !== null) this.#visit(resource.dtor);
    }
    return {
      plan,
      lifted: this.#lifted,
      loweredOf: this.#loweredOf,
      contexts: this.#contexts,
      encodings: { import: this.#importEncodings, export: plan.exports.map(({ options }) => options.encoding) },
      adapterPlan: {
        lifted: this.#sides,
        exported: plan.exports.length,
        lowered: this.#lowered,
        resources: plan.resources,
        scopes: plan.scopes,
      },
      resourceClasses: plan.resources.map((resource, i) =>
        resource.kind === 'defined' ? makeResourceClass(pascalCase(plan.world.resources[i]?.name ?? 'resource')) : null,
      ),
    };
  }

  #lift(lifted: Lifted, id: string): number {
    const { type, options, scope } = lifted;
    this.#lifted.push(lifted);
    return (
      this.#sides.push({ id, type: this.#types.func(type), options, scope, context: this.#context(options, scope) }) - 1
    );
  }

  #visit(item: CoreItem): void {
    if (item.kind !== 'lower-import' && item.kind !== 'lower-lifted') return;
    if (this.#loweredOf.has(item)) return;
    this.#loweredOf.set(item, this.#lowered.length);
    const { options, scope } = item;
    const side = { options, scope, context: this.#context(options, scope) };
    if (item.kind === 'lower-import') {
      this.#importEncodings[item.import] = options.encoding;
      const imported = this.#plan.world.imports[item.import];
      if (imported === undefined) throw invalid(`it has no import ${item.import}`);
      this.#lowered.push({
        ...side,
        id: imported.id,
        type: this.#types.func(imported.type),
        target: { import: item.import },
      });
      return;
    }
    const known = this.#lifted.indexOf(item.lifted);
    const target = { lifted: known >= 0 ? known : this.#lift(item.lifted, 'a function inside the component') };
    this.#lowered.push({
      ...side,
      id: 'a function inside the component',
      type: this.#types.func(item.lifted.type),
      target,
    });
  }

  #context({ memory, realloc }: CanonOptions, scope: number): number {
    const key = JSON.stringify([memory, realloc, scope]);
    let context = this.#contextKeys.get(key);
    if (context === undefined) {
      context = this.#contexts.push({ memory, realloc, scope }) - 1;
      this.#contextKeys.set(key, context);
    }
    return context;
  }
}

export const invalid = (what: string, cause?: unknown): CofferdamError<'PLAN_INVALID'> =>
  new CofferdamError('PLAN_INVALID', `A plan does not fit its module: ${what} - empty the cache`, { cause });
