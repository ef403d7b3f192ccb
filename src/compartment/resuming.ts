import { makeResuming } from '../abi/fused/index.ts';
import type { CoreFunction } from '../abi/index.ts';
import type { Signature } from '../wasm/module-writer.ts';

type Waits = (...args: never[]) => Promise<unknown>;

/** Makes the core functions of imports that suspend their guest; one for a guest's code, since signatures repeat. */
export class ResumingImports {
  readonly #modules = new Map<string, WebAssembly.Module>();

  /**
   * `resumed` runs when the guest goes on, before anything of it does. What `waits` is rejected with is thrown there, and
   * not into the guest before it: a guest that catches exceptions would go on without.
   */
  make(signature: Signature, waits: Waits, resumed: () => void): CoreFunction {
    let failure: { readonly error: unknown } | null = null;
    const nothing = signature.results[0] === 'i64' ? 0n : 0;
    const kept = (...args: never[]) =>
      waits(...args).catch((error: unknown) => {
        failure = { error };
        return nothing;
      });
    const k = {
      waits: new WebAssembly.Suspending(kept),
      resumed: () => {
        resumed();
        if (failure === null) return;
        const { error } = failure;
        failure = null;
        throw error;
      },
    };
    return new WebAssembly.Instance(this.#module(signature), { k }).exports.call as CoreFunction;
  }

  #module(signature: Signature): WebAssembly.Module {
    const key = `${signature.params}>${signature.results}`;
    let module = this.#modules.get(key);
    if (module === undefined) {
      module = new WebAssembly.Module(makeResuming(signature) as Uint8Array<ArrayBuffer>);
      this.#modules.set(key, module);
    }
    return module;
  }
}
