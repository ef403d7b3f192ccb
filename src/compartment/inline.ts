import { isScalar, whyNotFusable } from '../abi/fused/index.ts';
import { type Adapters, MAX_LIST_BYTES, makeAdapters } from '../abi/index.ts';
import type { Plan } from '../wasm/plan.ts';
import type { World } from '../wasm/types.ts';
import type { Code, Instance, InstanceHost } from './contract.ts';
import { InlineInstance, type WasiFactory } from './inline-instance.ts';
import { invalid, makeRecipe, type Recipe } from './recipe.ts';
import { ResumingImports } from './resuming.ts';
import { type SnapshotOptions, StartState } from './start-state.ts';
import type { Needs } from './supply.ts';

export interface InlineOptions {
  readonly plan: Plan;
  /** The file that the plan was made from. */
  readonly bytes: Uint8Array;
  /** Of `bytes`, in hex. */
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  /** `plan.modules`, compiled; if they are at hand. */
  readonly modules?: readonly WebAssembly.Module[];
  /** What they import besides the guest's own imports; absent: they were not rewritten. */
  readonly needs?: Needs | null;
  /** Grants the small WASI. */
  readonly wasi?: WasiFactory;
  /** Instances start from the state that one had after it was initialised; absent: each is initialised by itself. */
  readonly snapshot?: SnapshotOptions | null;
}

/**
 * Code that runs in the caller's thread: core modules compiled and lift and lower code made once, shared by all
 * instances. Throws ABI_UNSUPPORTED, ABI_TYPE_LIMIT or PLAN_INVALID.
 */
export async function makeInlineCode(options: InlineOptions): Promise<Code> {
  const { plan, bytes } = options;
  const recipe = makeRecipe(plan);
  const modules =
    options.modules ??
    (await Promise.all(plan.modules.map(({ start, end }) => WebAssembly.compile(bytes.slice(start, end)))));
  return new InlineCode(recipe, modules, options);
}

/** Everything about a guest that its instances share. */
export class InlineCode implements Code {
  readonly world: World;
  readonly sha256: string;
  readonly recipe: Recipe;
  readonly modules: readonly WebAssembly.Module[];
  readonly wasi: WasiFactory | null;
  readonly needs: Needs | null;
  readonly resuming = new ResumingImports();
  readonly maxMessageBytes: number;
  readonly adapters: Adapters;
  /** The state that instances start from; null: they initialise themselves. */
  readonly start: StartState | null;
  #suspendingAdapters: Adapters | null = null;

  constructor(
    recipe: Recipe,
    modules: readonly WebAssembly.Module[],
    { plan, sha256, limits, needs, wasi, snapshot }: InlineOptions,
  ) {
    if (modules.length !== plan.modules.length) throw invalid(`it has ${plan.modules.length} modules`);
    this.world = plan.world;
    this.sha256 = sha256;
    this.recipe = recipe;
    this.modules = modules;
    this.wasi = wasi ?? null;
    this.needs = needs ?? null;
    this.start = snapshot ? new StartState(this, snapshot) : null;
    this.maxMessageBytes = Math.min(limits.messageBytes, MAX_LIST_BYTES);
    this.adapters = makeAdapters(recipe.adapterPlan, { isAsync: false });
  }

  /** Compiled at the first instance that has imports which wait. */
  get suspendingAdapters(): Adapters {
    this.#suspendingAdapters ??= makeAdapters(this.recipe.adapterPlan, { isAsync: true });
    return this.#suspendingAdapters;
  }

  /** A component of several scopes keeps a handle table and a state for each: its crossings come through JavaScript. */
  whyNotFused(side: 'import' | 'export', index: number): string | null {
    const { plan, encodings } = this.recipe;
    const type = (side === 'import' ? this.world.imports : this.world.exports)[index]?.type;
    if (plan.scopes > 1) return 'it is made of several components';
    if (type === undefined || encodings[side][index] !== 'utf8') return 'its strings are not utf8, or it is not used';
    // A gate for scalars calls the export itself, and would leave its post-return out.
    const isPosted = side === 'export' && plan.exports[index]?.options.postReturn !== null;
    return whyNotFusable(type) ?? (isPosted && isScalar(type) ? 'it has a post-return for plain numbers' : null);
  }

  instantiate(host: InstanceHost): Instance {
    return new InlineInstance(this, host, this.start?.ready(host) ?? null);
  }
}
