import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { InlineInstance } from '../../src/compartment/inline-instance.ts';
import type { FuncType, ValType } from '../../src/wasm/types.ts';
import { typeOfDepth, valuesOf } from '../abi/arbitrary.ts';
import { alignOf, byteSizeOf, type Core, type Encoding, flatTypes, Reference } from '../abi/reference.ts';
import { forwarder, func, hostOf, makeGuest, SEEN } from './forwarder.ts';

/**
 * Values go from here into a guest, which hands them on unchanged to an import and the import's answer back: every
 * value is lowered to core values or memory, lifted, lowered into memory and lifted again. What lies in the guest's
 * memory in between is compared with an independent reading of the canonical ABI.
 */
async function roundTrip(types: readonly ValType[], args: readonly unknown[], encoding: Encoding): Promise<void> {
  const result: ValType = types.length === 1 ? (types[0] as ValType) : { kind: 'tuple', elements: types };
  const answer = types.length === 1 ? args[0] : args;
  const type: FuncType = func(types, result);
  const code = await makeGuest(forwarder(type), { imports: { g: type }, exports: { f: type } }, { encoding });
  let instance: InlineInstance | null = null;
  const host = hostOf((_, seen) => {
    deepStrictEqual(seen, args);
    deepStrictEqual(readArguments(memoryOf(instance as InlineInstance), types, encoding), args);
    return answer;
  });
  instance = code.instantiate(host) as InlineInstance;
  deepStrictEqual(instance.call(0, args), answer);
}

const memoryOf = (instance: InlineInstance): ArrayBuffer =>
  (instance.instances[0]?.memory as WebAssembly.Memory).buffer;

/** The arguments as the reference finds them in the guest. */
function readArguments(memory: ArrayBuffer, types: readonly ValType[], encoding: Encoding): unknown[] {
  const reference = new Reference(memory, encoding);
  const view = new DataView(memory);
  const flat = types.flatMap(flatTypes);
  if (flat.length > 16) {
    return reference.load({ kind: 'tuple', elements: types }, view.getUint32(SEEN, true)) as unknown[];
  }
  const core = flat.map((kind, i): Core => {
    const at = SEEN + 8 * i;
    if (kind === 'i32') return view.getInt32(at, true);
    if (kind === 'i64') return view.getBigInt64(at, true);
    return kind === 'f32' ? view.getFloat32(at, true) : view.getFloat64(at, true);
  });
  return types.map((type) => reference.liftFlat(type, core));
}

const runs = Number(process.env.ROUND_TRIP_RUNS ?? 300);

describe('values survive a guest', () => {
  const cases = fc
    .array(typeOfDepth(3), { minLength: 1, maxLength: 3 })
    .filter((types) => types.every((type) => byteSizeOf(type) <= 2048 && alignOf(type) <= 8))
    .chain((types) => fc.tuple(fc.constant(types), fc.tuple(...types.map(valuesOf))));

  it.each(['utf8', 'utf16', 'latin1+utf16'] as const)('with strings in %s', async (encoding) => {
    await fc.assert(
      fc.asyncProperty(cases, ([types, args]) => roundTrip(types, args, encoding)),
      { numRuns: runs },
    );
  });
});
