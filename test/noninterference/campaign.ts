import { setImmediate as turn } from 'node:timers/promises';
import { drawWorld } from './draw.ts';
import { runModel } from './model.ts';
import { printWorld } from './print.ts';
import { differenceFromModel, isReleased, type Leak, leakBetween, leakOfHost, leakOfModel } from './property.ts';
import type { RealHosts } from './real.ts';
import { shrink } from './shrink.ts';
import type { World } from './world.ts';

/** Many worlds, one after the other: for the tests, and for a soak of millions. */
export interface Campaign {
  /** Of the first world; the next is the next number's. */
  readonly seed: number;
  readonly pairs: number;
  readonly onProgress?: (pairs: number) => void;
}

/** What was found, for a person to read. */
export class Found extends Error {
  readonly seed: number;

  constructor(seed: number, what: string) {
    super(
      `${what}\nReplay: NONINTERFERENCE_SEED=${seed} NONINTERFERENCE_PAIRS=1 npx vitest run test/noninterference.test.ts`,
    );
    this.name = 'Found';
    this.seed = seed;
  }
}

/** Worlds whose guests are loaded at once. */
const BATCH = 100;
/** A real host takes some milliseconds: it tries fewer worlds to find a smaller one. */
const MAX_REAL_TRIES = 400;

/** Throws Found. */
export async function tryModel({ seed, pairs, onProgress }: Campaign): Promise<void> {
  for (let i = 0; i < pairs; i++) {
    const world = drawWorld(seed + i);
    if (leakOfModel(world) !== null) {
      const small = await shrink(world, (each) => leakOfModel(each) !== null);
      throw new Found(seed + i, `The model leaks. ${printed(small, leakOfModel(small))}`);
    }
    if (i % 2_000 !== 1_999 && i + 1 < pairs) continue;
    onProgress?.(i + 1);
    await turn();
  }
}

/** Each pair on real hosts: they must do what the model foretold, and leak nothing. Throws Found; gives the count of observations. */
export async function tryHosts(hosts: RealHosts, { seed, pairs, onProgress }: Campaign): Promise<number> {
  const worlds = (from: number) =>
    Array.from({ length: Math.min(BATCH, pairs - from) }, (_, i) => drawWorld(seed + from + i));
  let seen = 0;
  for (let from = 0; from < pairs; from += BATCH) {
    const batch = worlds(from);
    await hosts.prepare(batch);
    for (const [i, world] of batch.entries()) seen += await tryWorld(hosts, world, seed + from + i);
    onProgress?.(from + batch.length);
  }
  return seen;
}

async function tryWorld(hosts: RealHosts, world: World, seed: number): Promise<number> {
  const options = { hasJournal: seed % 4 === 0 };
  const [one, other] = [await hosts.run(world, 0, options), await hosts.run(world, 1, options)];
  if (differenceFromModel(world, 0, one) !== null || differenceFromModel(world, 1, other) !== null) {
    const difference = async (each: World) =>
      differenceFromModel(each, 0, await hosts.run(each, 0)) ?? differenceFromModel(each, 1, await hosts.run(each, 1));
    const small = await shrink(world, async (each) => (await difference(each)) !== null, MAX_REAL_TRIES);
    throw new Found(seed, `A host does not do what the model foretold. ${printed(small, await difference(small))}`);
  }
  if (!isReleased(world) && leakBetween(world, one, other) !== null) {
    const small = await shrink(
      world,
      async (each) => (await leakOfHost(each, hosts, options)) !== null,
      MAX_REAL_TRIES,
    );
    throw new Found(seed, `A host leaks. ${printed(small, await leakOfHost(small, hosts, options))}`);
  }
  return one.observations.length;
}

function printed(world: World, leak: Leak | null): string {
  return leak === null ? 'It did once, and does not again.' : printWorld(world, leak);
}

/** The first worlds from `seed` on in which no two messages are on their way at once: where threads race, order means nothing. */
export function sequentialSeeds(seed: number, count: number): readonly number[] {
  const seeds: number[] = [];
  for (let next = seed; seeds.length < count; next++) {
    const world = drawWorld(next);
    const isSequential = ([0, 1] as const).every((run) => runModel(world, run).isSequential);
    if (isSequential) seeds.push(next);
  }
  return seeds;
}
