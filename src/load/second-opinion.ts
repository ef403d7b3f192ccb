import { CofferdamError } from '../error.ts';
import type { Plan } from '../wasm/plan.ts';
import type { WorldFunction } from '../wasm/types.ts';
import { boundedText } from './bounded-text.ts';
import { isRefusal, loadWasmTools, toolsBroken } from './wasm-tools.ts';

/**
 * Asks wasm-tools whether it understands a component as our decoder did: it must find it valid, find core modules at
 * the same places, and see the same imports and exports. A file made to be read differently by two decoders would let
 * what is checked differ from what is run. Throws LOAD_DISAGREEMENT.
 */
export async function assertSecondOpinion(bytes: Uint8Array, plan: Plan): Promise<void> {
  const tools = await loadWasmTools();
  try {
    // This is wasm-tools' validator, too, for everything but the code of core modules, which the engine validates.
    const wit = await tools.componentWit(bytes);
    assertSameNames(namesInWit(wit), plan);
    assertSameModules(await tools.metadataShow(bytes), plan);
  } catch (error) {
    if (error instanceof CofferdamError) throw error;
    if (!isRefusal(error)) throw toolsBroken(error);
    throw disagreement(`wasm-tools refuses the component: ${boundedText(error.message)}`, error);
  }
}

interface WorldNames {
  readonly interfaces: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
}

/** The imports and exports of the one world in what `componentWit` prints, each with its direction in front. */
export function namesInWit(wit: string): WorldNames {
  const interfaces = new Set<string>();
  const functions = new Set<string>();
  for (const line of wit.split('\n')) {
    const [, direction, name, kind] = /^ {2}(import|export) %?([^;\s]+?)(?:: (.*)|;)$/.exec(line) ?? [];
    if (direction === undefined || name === undefined) continue;
    if (kind === undefined || kind.startsWith('interface ')) interfaces.add(`${direction} ${name}`);
    else functions.add(`${direction} ${name}`);
  }
  return { interfaces, functions };
}

function assertSameNames(theirs: WorldNames, { world }: Plan): void {
  const ours = new Set([...functionNames('import', world.imports), ...functionNames('export', world.exports)]);
  for (const name of ours.symmetricDifference(theirs.functions)) {
    throw disagreement(`only one decoder finds the function ${boundedText(name, 200)}`);
  }
  const interfaces = [...interfaceNames('import', world.imports), ...interfaceNames('export', world.exports)];
  // An interface without functions is none of our world's, so theirs may have more.
  for (const name of interfaces) {
    if (!theirs.interfaces.has(name)) {
      throw disagreement(`wasm-tools does not find the interface ${boundedText(name, 200)}`);
    }
  }
}

/** Functions at world level, but for those of a resource, which WIT shows inside the resource. */
function functionNames(direction: string, functions: readonly WorldFunction[]): string[] {
  return functions
    .filter(({ interface: owner, name }) => owner === null && !name.startsWith('['))
    .map(({ name }) => `${direction} ${name}`);
}

function interfaceNames(direction: string, functions: readonly WorldFunction[]): string[] {
  return functions.flatMap(({ interface: owner }) => (owner === null ? [] : [`${direction} ${owner}`]));
}

function assertSameModules(parts: readonly { metaType: { tag: string }; range: [number, number] }[], plan: Plan): void {
  const theirs = new Set(parts.filter(({ metaType }) => metaType.tag === 'module').map(({ range }) => range.join('-')));
  for (const { start, end } of plan.modules) {
    if (!theirs.has(`${start}-${end}`)) {
      throw disagreement(`wasm-tools finds no core module from byte ${start} to ${end}`);
    }
  }
}

function disagreement(what: string, cause?: unknown): CofferdamError {
  return new CofferdamError('LOAD_DISAGREEMENT', `${what} — rebuild the component with a current toolchain.`, {
    cause,
  });
}
