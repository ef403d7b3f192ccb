import { deserialize, serialize } from 'node:v8';
import { CofferdamError } from '../error.ts';
import type { SnapshotExports } from '../wasm/rewrite/index.ts';
import type { InstanceHost, SharedStart } from './contract.ts';
import type { InlineCode } from './inline.ts';
import { InlineInstance } from './inline-instance.ts';
import { invalid } from './recipe.ts';
import { capture, restore, type Snapshot, type Stateful } from './snapshot.ts';

/** What it takes for instances to start from a snapshot. */
export interface SnapshotOptions {
  /** The modules for instances that are restored: without start functions and data. Parallel to the code's modules. */
  readonly modules: readonly WebAssembly.Module[];
  /** How the state of each module is reached. */
  readonly names: readonly SnapshotExports[];
  /** An export without parameters that is called before the state is taken (`warm-up`); null: none. */
  readonly call: string | null;
}

/** A state that was captured, and the modules to put it into. */
export interface ReadyState {
  readonly modules: readonly WebAssembly.Module[];
  /** How large the memories of instantiation `index` are. */
  pagesOf(index: number): readonly number[];
  restore(instance: InlineInstance): void;
}

/**
 * The state in which instances of one code start. It is made once, in an instance that nobody sends anything to and that can
 * reach nothing but the clock and randomness of the small WASI: no data of any label is in it.
 */
export class StartState implements SharedStart {
  readonly #code: InlineCode;
  readonly #options: SnapshotOptions;
  #ready: ReadyState | null = null;

  constructor(code: InlineCode, options: SnapshotOptions) {
    this.#code = code;
    this.#options = options;
  }

  /** Made with the time, the fuel and the clock of the first instance. Throws SNAPSHOT_IMPURE, and what a guest can. */
  ready(host: InstanceHost): ReadyState {
    this.#ready ??= this.#from(this.#capture(host));
    return this.#ready;
  }

  capture(host: InstanceHost): Uint8Array {
    const snapshot = this.#capture(host);
    this.#ready = this.#from(snapshot);
    return serialize(snapshot);
  }

  /** It comes from an instance of this very code: what it says is no more than what the code could do here by itself. */
  adopt(state: Uint8Array): void {
    this.#ready = this.#from(deserialize(state) as Snapshot);
  }

  #capture({ interrupt, fuel, nowNs, random }: InstanceHost): Snapshot {
    const instance = new InlineInstance(this.#code, {
      call: (index) => {
        const id = this.#code.world.imports[index]?.id;
        throw impure(`it called ${id}`, { import: id });
      },
      suspending: new Set(),
      output: () => {
        throw impure('it wrote output', {});
      },
      nowNs,
      random,
      ...(interrupt ? { interrupt } : {}),
      ...(fuel ? { fuel } : {}),
    });
    this.#warmUp(instance);
    if (instance.scopes.some(({ handles }) => handles.size > 0)) throw impure('it holds handles', {});
    const snapshot = capture(this.#statesOf(instance));
    instance.stop();
    return snapshot;
  }

  #from(snapshot: Snapshot): ReadyState {
    return {
      modules: this.#options.modules,
      pagesOf: (index) => (snapshot[index]?.memories ?? []).map(({ pages }) => pages),
      restore: (restored) => restore(snapshot, this.#statesOf(restored)),
    };
  }

  #warmUp(instance: InlineInstance): void {
    const { call } = this.#options;
    if (call === null) return;
    const { exports } = this.#code.world;
    const index = exports.findIndex(({ id, name }) => id === call || name === call);
    if (exports[index]?.type.params.length !== 0) {
      throw new CofferdamError(
        'SNAPSHOT_CALL',
        `There is no export ${call} without parameters to call before the snapshot. Name one, or write snapshot: true.`,
        { details: { export: call } },
      );
    }
    instance.call(index, []);
  }

  #statesOf({ instances, ownMemories }: InlineInstance): readonly Stateful[] {
    return this.#code.recipe.plan.instantiations.map(({ module }, i) => {
      const [exports, memories, names] = [instances[i], ownMemories[i], this.#options.names[module]];
      if (!exports || !memories || !names) throw invalid(`it has no state of instantiation ${i}`);
      return { exports, memories, names };
    });
  }
}

function impure(what: string, details: Readonly<Record<string, unknown>>): CofferdamError {
  return new CofferdamError(
    'SNAPSHOT_IMPURE',
    `No snapshot can be taken: while it was initialised ${what}. What it got would be in every instance. Leave snapshot out.`,
    { details },
  );
}
