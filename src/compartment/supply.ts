import { FUEL, INTERRUPT, type OwnMemory, REWRITE_MODULE } from '../wasm/rewrite/rewritten.ts';
import type { InstanceHost } from './contract.ts';
import { invalid } from './recipe.ts';

/** What the modules of a guest were made to import, each of `memories` for the module at its position. */
export interface Needs {
  readonly memories: readonly (readonly OwnMemory[])[];
  readonly interrupt: boolean;
  readonly fuel: boolean;
}

/**
 * The imports that a rewritten module has besides a guest's own, for one instantiation of it: its memories, made anew, and
 * what it looks at to see whether it must stop. Throws what the engine throws when there is no room for a memory.
 */
function supplied(
  needs: Needs,
  module: number,
  { interrupt, fuel }: Pick<InstanceHost, 'interrupt' | 'fuel'>,
  pages: readonly number[] | null,
): Record<string, WebAssembly.ImportValue> {
  const given: Record<string, WebAssembly.ImportValue> = Object.create(null);
  for (const [i, memory] of (needs.memories[module] ?? []).entries()) {
    given[memory.name] = makeMemory({ ...memory, initialPages: pages?.[i] ?? memory.initialPages });
  }
  if (needs.interrupt) given[INTERRUPT] = interrupt ?? missing('a memory to be interrupted by');
  if (needs.fuel) given[FUEL] = fuel ?? missing('fuel');
  return given;
}

/**
 * Puts them beside the imports that a guest has of its own. Its memories are as large as it declares, or as `pages` says: as
 * they are in a snapshot.
 */
export function supply(
  imports: WebAssembly.Imports,
  needs: Needs | null,
  module: number,
  host: Pick<InstanceHost, 'interrupt' | 'fuel'>,
  pages: readonly number[] | null = null,
): WebAssembly.Imports {
  if (needs !== null) imports[REWRITE_MODULE] = supplied(needs, module, host, pages);
  return imports;
}

/** The module's own memories among what it was supplied with, in order. */
export function memoriesOf(imports: WebAssembly.Imports, needs: Needs | null, module: number): WebAssembly.Memory[] {
  return (needs?.memories[module] ?? []).map(({ name }) => imports[REWRITE_MODULE]?.[name] as WebAssembly.Memory);
}

function makeMemory({ initialPages, maximumPages, index64 }: OwnMemory): WebAssembly.Memory {
  const size = (pages: number) => (index64 ? BigInt(pages) : pages);
  const limits = {
    initial: size(initialPages),
    ...(maximumPages === null ? {} : { maximum: size(maximumPages) }),
    ...(index64 ? { address: 'i64' } : {}),
  };
  return new WebAssembly.Memory(limits as { initial: number });
}

function missing(what: string): never {
  throw invalid(`its host gives it no ${what}`);
}
