import { FUEL, FUEL_EXPORT, INTERRUPT, REWRITE_MODULE, type Rewritten, rewrite } from '../../src/wasm/rewrite/index.ts';

export type Mode = 'unmodified' | 'interrupt' | 'fuel';
export const MODES: readonly Mode[] = ['unmodified', 'interrupt', 'fuel'];

/** More than any program uses, and what is used can still be told. */
const PLENTY = 2n ** 60n;

/**
 * Puts rewriting under programs that bring JavaScript of their own: from now on, what compiles Wasm in this thread compiles
 * the rewritten module, and what instantiates it gives the memories, the interrupt memory and the fuel too.
 */
export class PatchedEngine {
  readonly #mode: Mode;
  readonly #fuelKind: 'own' | 'shared';
  readonly #interrupt: WebAssembly.Memory;
  readonly #rewritten = new WeakMap<WebAssembly.Module, Rewritten>();
  readonly #shared = new WebAssembly.Global({ value: 'i64', mutable: true }, PLENTY);
  #own: WebAssembly.Global | null = null;

  /** `modules`: whether several of them make up one program, which then share their fuel. */
  constructor(mode: Mode, modules: 'one' | 'several', interrupt: WebAssembly.Memory) {
    this.#mode = mode;
    this.#fuelKind = modules === 'one' ? 'own' : 'shared';
    this.#interrupt = interrupt;
    if (mode !== 'unmodified') this.#install();
  }

  /** Fills it up. */
  refuel(): void {
    if (this.#own !== null) this.#own.value = PLENTY;
    this.#shared.value = PLENTY;
  }

  get usedFuel(): bigint {
    const global = this.#fuelKind === 'own' ? this.#own : this.#shared;
    return this.#mode === 'fuel' && global !== null ? PLENTY - (global.value as bigint) : 0n;
  }

  #install(): void {
    const engine = this;
    const { Module, Instance } = WebAssembly;
    class PatchedModule extends Module {
      constructor(bytes: WebAssembly.Bytes) {
        const rewritten = engine.#rewrite(bytes);
        super(rewritten.bytes as Uint8Array<ArrayBuffer>);
        engine.#rewritten.set(this, rewritten);
      }
    }
    class PatchedInstance extends Instance {
      constructor(module: WebAssembly.Module, imports: WebAssembly.Imports = {}) {
        super(module, engine.#imports(module, imports));
        engine.#started(this);
      }
    }
    Object.assign(WebAssembly, {
      Module: PatchedModule,
      Instance: PatchedInstance,
      compile: async (bytes: WebAssembly.Bytes) => new PatchedModule(bytes),
      instantiate: async (source: WebAssembly.Bytes | WebAssembly.Module, imports?: WebAssembly.Imports) => {
        if (source instanceof Module) return new PatchedInstance(source, imports);
        const module = new PatchedModule(source);
        return { module, instance: new PatchedInstance(module, imports) };
      },
    });
  }

  #rewrite(source: WebAssembly.Bytes): Rewritten {
    const bytes = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source);
    return rewrite(bytes, {
      interrupt: true,
      fuel: this.#mode === 'fuel' ? this.#fuelKind : false,
      snapshot: false,
    });
  }

  #imports(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Imports {
    const rewritten = this.#rewritten.get(module);
    if (rewritten === undefined) return imports;
    const ours: Record<string, WebAssembly.ImportValue> = { [INTERRUPT]: this.#interrupt };
    if (rewritten.fuel === 'shared') ours[FUEL] = this.#shared;
    for (const { name, initialPages, maximumPages } of rewritten.memories) {
      const maximum = maximumPages === null ? {} : { maximum: maximumPages };
      ours[name] = new WebAssembly.Memory({ initial: initialPages, ...maximum });
    }
    return new Proxy(imports, { get: (target, key) => (key === REWRITE_MODULE ? ours : Reflect.get(target, key)) });
  }

  #started({ exports }: WebAssembly.Instance): void {
    const fuel = exports[FUEL_EXPORT];
    if (fuel instanceof WebAssembly.Global) {
      fuel.value = PLENTY;
      this.#own = fuel;
    }
  }
}
