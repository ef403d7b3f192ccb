import { isCofferdamError } from '../../../src/error.ts';
import { type ComponentAst, decodeComponent, type ModuleRange, understandComponent } from '../../../src/wasm/index.ts';
import { makeRandom, mutate } from './mutants.ts';
import type { Opinion, Oracle } from './oracle.ts';
import type { Seed } from './seeds.ts';

export interface Disagreement {
  readonly seed: string;
  readonly bytes: Uint8Array;
  /** `valid`, or our error. */
  readonly ours: string;
  readonly theirs: string;
}

/** `[what only one of us says, why that is right or bearable]`: a disagreement that one of these explains is argued. */
export interface Argument {
  readonly ours: RegExp;
  readonly theirs: RegExp;
  readonly because: string;
}

/** Offsets outside the code and data of core modules, which the engine checks, not we. */
export function tellingPlaces(bytes: Uint8Array): number[] {
  const ranges = coreModules(decodeComponent(bytes));
  const places: number[] = [];
  for (let offset = 0; offset < bytes.length; offset++) {
    const module = ranges.find(({ start, end }) => offset >= start && offset < end);
    if (module === undefined || module.end - module.start < 2000) places.push(offset);
  }
  return places;
}

export function coreModules({ definitions }: ComponentAst): ModuleRange[] {
  return definitions.flatMap((definition) => {
    if (definition.kind === 'core-module') return [definition.range];
    return definition.kind === 'component' ? coreModules(definition.component) : [];
  });
}

/** `valid`, `unsupported`, `engine` (a core module does not compile), or our error with its code. Never anything else. */
export function ourOpinion(bytes: Uint8Array): string {
  try {
    const { ast } = understandComponent(bytes);
    const compiles = coreModules(ast).every(({ start, end }) =>
      WebAssembly.validate(Buffer.from(bytes.subarray(start, end))),
    );
    return compiles ? 'valid' : 'engine';
  } catch (error) {
    if (!isCofferdamError(error)) throw new Error('a component crashed us', { cause: error });
    return error.code === 'WASM_UNSUPPORTED' ? `unsupported: ${error.message}` : `${error.code}: ${error.message}`;
  }
}

/** Judges `count` mutants of a seed; what we and wasm-tools see differently, and how many it said nothing about. */
export async function compareMutants(
  seed: Seed,
  count: number,
  oracle: Oracle,
  randomSeed: number,
): Promise<{ disagreements: Disagreement[]; valid: number; broken: number }> {
  const random = makeRandom(randomSeed);
  const places = tellingPlaces(seed.bytes);
  const mutants = Array.from({ length: count }, () => mutate(seed.bytes, places, random));
  const opinions = await oracle.judge(mutants);
  const disagreements: Disagreement[] = [];
  let valid = 0;
  let broken = 0;
  for (const [index, bytes] of mutants.entries()) {
    const opinion = opinions[index];
    if (opinion === undefined) throw new Error('wasm-tools gave too few opinions');
    const ours = ourOpinion(bytes);
    if (ours === 'valid') valid += 1;
    if (opinion.kind === 'broken') broken += 1;
    if (!isAgreed(ours, opinion)) {
      disagreements.push({
        seed: seed.name,
        bytes,
        ours,
        theirs: opinion.kind === 'invalid' ? opinion.message : 'valid',
      });
    }
  }
  return { disagreements, valid, broken };
}

/**
 * What the engine refuses, wasm-tools may accept: it does not look into functions here. Where it breaks, it has found
 * the component valid before, and stumbles over printing it.
 */
function isAgreed(ours: string, theirs: Opinion): boolean {
  if (ours === 'engine' || ours.startsWith('unsupported')) return true;
  return (ours === 'valid') === (theirs.kind !== 'invalid');
}
