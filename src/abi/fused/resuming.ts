import { ModuleWriter, type Signature } from '../../wasm/module-writer.ts';

/**
 * The module that stands between a guest and an import that suspends it: when the guest goes on, `resumed` runs before
 * anything of it does. Nothing else runs just then: between the answer and the guest other guests may.
 */
export function makeResuming(signature: Signature): Uint8Array {
  const module = new ModuleWriter();
  const waits = module.importFunction('k', 'waits', signature);
  const resumed = module.importFunction('k', 'resumed', { params: [], results: [] });
  const { index, body } = module.define(signature);
  module.export('call', 'function', index);
  body
    .get(...signature.params.keys())
    .call(waits)
    .call(resumed);
  return module.finish();
}
