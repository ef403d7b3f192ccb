import { makeLoader } from '../load/index.ts';
import type { Policy } from '../policy/index.ts';
import type { World } from '../wasm/index.ts';

/** The types of all compartments of a manifest. Nothing of a guest runs. Throws LOAD_*, WASM_*. */
export async function loadWorlds({ compartments, baseDir }: Policy): Promise<Map<string, World>> {
  await using loader = await makeLoader({ baseDir });
  const worlds = new Map<string, World>();
  for (const [name, compartment] of compartments) worlds.set(name, (await loader.load(compartment)).world);
  return worlds;
}
