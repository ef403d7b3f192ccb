import { CofferdamError } from '../error.ts';
import { worldOfComponent } from '../wasm/index.ts';
import type { World } from '../wasm/types.ts';
import { boundedText } from './bounded-text.ts';
import { isRefusal, loadWasmTools, toolsBroken } from './wasm-tools.ts';

/**
 * The types of a WIT world. wasm-tools makes an empty component of that world, and our decoder reads it: so WIT and
 * components meet in one place. `name` is null for the only world of the text. Throws LOAD_WIT.
 */
export async function worldOfWit(text: string, name: string | null): Promise<World> {
  const tools = await loadWasmTools();
  try {
    const world = name === null ? {} : { world: name };
    const module = await tools.componentEmbed({ witSource: text, dummy: true, ...world });
    return worldOfComponent(await tools.componentNew(module, []));
  } catch (error) {
    if (error instanceof CofferdamError) throw error;
    if (!isRefusal(error)) throw toolsBroken(error);
    throw new CofferdamError('LOAD_WIT', `The WIT is not understood: ${boundedText(error.message)}`, {
      cause: error,
    });
  }
}
