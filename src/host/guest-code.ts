import type { Code } from '../compartment/contract.ts';
import { makeInlineCode } from '../compartment/inline.ts';
import type { SnapshotOptions } from '../compartment/start-state.ts';
import type { Needs } from '../compartment/supply.ts';
import { type Adapter, makeAdapterCode } from '../convention/adapter.ts';
import { makeAssemblyScriptCode } from '../convention/assemblyscript.ts';
import { makeMinimalWasi } from '../convention/wasi-minimal.ts';
import { CofferdamError } from '../error.ts';
import type { ModuleInfo, Plan, World } from '../wasm/index.ts';

/** All that code is made of, as plain data and compiled modules: what another thread can be given. */
export interface GuestSource {
  readonly world: World;
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  readonly wasi: 'none' | 'minimal';
  readonly modules: readonly WebAssembly.Module[];
  /** What the modules import besides the guest's own imports; absent: they were not rewritten. */
  readonly needs?: Needs | null;
  readonly speaks:
    | { readonly abi: 'canonical'; readonly plan: Plan; readonly snapshot?: SnapshotOptions | null }
    | { readonly abi: 'assemblyscript'; readonly info: ModuleInfo }
    /** `adapter` is a file's URL, and `names` are parallel to `modules`. */
    | { readonly abi: 'adapter'; readonly adapter: string; readonly names: readonly string[] | null };
}

/** The modules are compiled. */
const NOTHING = new Uint8Array(0);

/** Code that runs in this thread. Throws ABI_*, PLAN_INVALID, ADAPTER_INVALID, WASM_*. */
export async function makeGuestCode({ speaks, modules, wasi, ...rest }: GuestSource): Promise<Code> {
  if (speaks.abi === 'canonical') {
    const granted = wasi === 'minimal' ? { wasi: makeMinimalWasi } : {};
    const { plan, snapshot = null } = speaks;
    return await makeInlineCode({ plan, snapshot, bytes: NOTHING, modules, ...rest, ...granted });
  }
  if (speaks.abi === 'adapter') {
    const adapter = await importAdapter(speaks.adapter);
    const named = modules.map((module, i) => ({ name: speaks.names?.[i] ?? null, module }));
    return makeAdapterCode({ modules: named, adapter, ...rest });
  }
  const [module] = modules;
  if (module === undefined) throw new CofferdamError('INTERNAL', 'There is no module to make code of.');
  return makeAssemblyScriptCode({ module, info: speaks.info, wasi, ...rest });
}

/** An adapter is the operator's own code, as trusted as the program that embeds the host. */
async function importAdapter(file: string): Promise<Adapter> {
  const module: { default?: Adapter } = await import(file).catch((cause: unknown) => {
    throw new CofferdamError('ADAPTER_INVALID', `${file} cannot be imported; the cause says why. Mend it.`, {
      cause,
      details: { file },
    });
  });
  if (module.default) return module.default;
  throw new CofferdamError(
    'ADAPTER_INVALID',
    `${file} has no default export. Write \`export default defineAdapter({ … })\`.`,
    { details: { file } },
  );
}
