import type { Instance } from '../../src/compartment/contract.ts';
import { planComponent, worldOfComponent } from '../../src/wasm/index.ts';
import { transpile } from './differential.ts';
import { bindJco, type ImportObject, jcoHost } from './jco-host.ts';
import { makeCode } from './kinds.ts';

/** An instance of a component, whoever runs it: by the names of its world. */
export interface Running {
  /** `interface#name`, or `[method]type.name`; a function's own `result` is a value. */
  call(id: string, ...args: unknown[]): unknown;
}

export interface MadeHere extends Running {
  readonly instance: Instance;
}

/** In our runtime, with a host that follows jco's conventions. */
export async function runHere(bytes: Uint8Array, imports: ImportObject): Promise<MadeHere> {
  const limits = { messageBytes: 1 << 24 };
  const { world, instantiate } = await makeCode({ plan: planComponent(bytes), bytes, sha256: '', limits }).then(
    (code) => ({ world: code.world, instantiate: code.instantiate.bind(code) }),
  );
  const instance = instantiate(jcoHost(world, imports));
  const names = world.exports.map(({ id }) => id);
  return { instance, call: (id, ...args) => instance.call(names.indexOf(id), args) };
}

/** The same in jco's. */
export async function runInJco(bytes: Uint8Array, imports: ImportObject): Promise<Running> {
  const { exports } = worldOfComponent(bytes);
  const instantiate = await transpile(bytes);
  const instance = instantiate(imports) as unknown as ImportObject;
  const functions = new Map(exports.map((func) => [func.id, bindJco(func, instance)]));
  return {
    call: (id, ...args) => {
      const func = functions.get(id);
      if (func === undefined) throw new Error(`there is no export ${id}`);
      return func(...args);
    },
  };
}

/** What `scenario` gives in the one and in the other; `imports` is asked for once for each. */
export async function inBoth<T>(
  bytes: Uint8Array,
  imports: () => ImportObject,
  scenario: (component: Running) => T,
): Promise<{ here: T; jco: T }> {
  return {
    here: scenario(await runHere(bytes, imports())),
    jco: scenario(await runInJco(bytes, imports())),
  };
}
