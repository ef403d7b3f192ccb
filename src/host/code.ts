import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Code } from '../compartment/contract.ts';
import { makeInlineCode } from '../compartment/inline.ts';
import { type Adapter, makeAdapterCode } from '../convention/adapter.ts';
import { makeAssemblyScriptCode } from '../convention/assemblyscript.ts';
import { makeJcoCode } from '../convention/jco.ts';
import { assertWasi, makeMinimalWasi } from '../convention/wasi-minimal.ts';
import { CofferdamError } from '../error.ts';
import { type LoadEnv, loadSource } from '../load/index.ts';
import type { CompartmentPolicy } from '../policy/policy.ts';

/** From a manifest's entry to code that can be instantiated: read, pinned, checked, planned, compiled. */
export async function loadCode(policy: CompartmentPolicy, env: LoadEnv): Promise<Code> {
  try {
    const loaded = await loadSource(policy, env);
    const { world, sha256, plan, modules, bytes } = loaded;
    const { limits, wasi } = policy;
    if (plan) {
      assertWasi(plan, wasi);
      const granted = wasi === 'minimal' ? { wasi: makeMinimalWasi } : {};
      return await makeInlineCode({ plan, bytes, sha256, modules, limits, ...granted });
    }
    if (loaded.transpiled) {
      const { source, modules: parts } = loaded.transpiled;
      const named = parts.flatMap(({ name, count }, i) => {
        const module = modules[i];
        return module ? [{ name, count, module }] : [];
      });
      return makeJcoCode({ world, sha256, source, modules: named, limits });
    }
    if (policy.abi === 'adapter') {
      const adapter = await importAdapter(policy, env.baseDir);
      const named = modules.map((module, i) => ({ name: loaded.names?.[i] ?? null, module }));
      return makeAdapterCode({ modules: named, world, sha256, limits, adapter });
    }
    const [module] = modules;
    const [info] = loaded.info;
    if (module && info) return makeAssemblyScriptCode({ module, info, world, sha256, limits, wasi });
    throw new CofferdamError('INTERNAL', `${policy.name} was loaded without a plan.`);
  } catch (error) {
    throw inCompartment(policy.name, error);
  }
}

/** Names the compartment, which the rooms below do not know. */
function inCompartment(compartment: string, error: unknown): unknown {
  if (!(error instanceof CofferdamError)) return error;
  return new CofferdamError(error.code, `compartments.${compartment}: ${error.message}`, {
    cause: error,
    details: { ...error.details, compartment },
  });
}

/** An adapter is the operator's own code, as trusted as the program that embeds the host. */
async function importAdapter({ adapter, name }: CompartmentPolicy, baseDir: string): Promise<Adapter> {
  if (adapter === null) throw new CofferdamError('INTERNAL', `${name} has no adapter.`);
  const file = resolve(baseDir, adapter);
  const module: { default?: Adapter } = await import(pathToFileURL(file).href).catch((cause: unknown) => {
    throw new CofferdamError('ADAPTER_INVALID', `${adapter} cannot be imported; the cause says why. Mend it.`, {
      cause,
      details: { file },
    });
  });
  if (module.default) return module.default;
  throw new CofferdamError(
    'ADAPTER_INVALID',
    `${adapter} has no default export. Write \`export default defineAdapter({ … })\`.`,
    { details: { file } },
  );
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
