import { ModuleWriter } from '../../wasm/module-writer.ts';
import type { FuncType } from '../../wasm/types.ts';
import { CrossingCode, importKernel, KERNEL_MEMORY } from './crossing-code.ts';
import { emitFlat, emitSequence } from './flat-values.ts';
import { KERNEL } from './kernel.ts';
import { isScalar } from './shape.ts';
import { callerSignature, fixedBytes, paramTypes } from './signature.ts';
import { REPLY, REQUEST, Translator } from './translator.ts';

/**
 * The module that stands for one import of one instance, made before the instance. Its export `call` asks `miss` to decide
 * while the epoch is not the one in `decided`; then it goes through `slot`: for a scalar type to the callee itself,
 * checked and recorded here, otherwise to an adapter. The type is fusable.
 */
export function makeGate(type: FuncType): Uint8Array {
  const module = new ModuleWriter();
  const signature = callerSignature(type);
  const kernel = importKernel(module);
  const miss = module.importFunction('k', 'miss', { params: [], results: [] });
  const caller = module.importGlobal('k', 'caller', 'i32');
  const slot = module.table(1);
  const [decided, callee, port] = [module.global(-1), module.global(0), module.global(0)];
  module.export('slot', 'table', slot);
  for (const [name, global] of Object.entries({ decided, callee, port })) module.export(name, 'global', global);
  const { index, body } = module.define(signature);
  module.export('call', 'function', index);

  const isStale = () => body.i32(0).memory('i32.load', KERNEL_MEMORY, KERNEL.EPOCH).getGlobal(decided).op('i32.ne');
  // Not one loop around all: the engine checks for interrupts at every entry of a loop.
  isStale().rarely(() => {
    body.loop((again) => {
      body.call(miss);
      isStale().branchIf(again);
    });
  });
  const params = [...signature.params.keys()];
  const forward = () =>
    body
      .get(...params)
      .i32(0)
      .callIndirect(module.type(signature), slot);
  if (!isScalar(type)) {
    forward();
    return module.finish();
  }
  const crossing = new CrossingCode(body, {
    ...kernel,
    caller: () => body.getGlobal(caller),
    callee: () => body.getGlobal(callee),
    port: () => body.getGlobal(port),
  });
  const parts = { module, fault: kernel.fault, callee, message: null };
  const types = paramTypes(type);
  crossing.enter(true);
  crossing.record(fixedBytes(types), type.result === null ? 0 : fixedBytes([type.result]), true);
  emitSequence(new Translator(parts, { ...REQUEST, from: 0, to: 0, realloc: null }), body, types, params);
  forward();
  const results = signature.results.map((result) => body.local(result));
  for (const local of results) body.set(local);
  crossing.assertUntouched();
  if (type.result !== null) {
    emitFlat(new Translator(parts, { ...REPLY, from: 0, to: 0, realloc: null }), body, type.result, results);
    crossing.fixedReply();
  }
  crossing.exit();
  body.get(...results);
  return module.finish();
}
