import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { decodeComponent, type ModuleRange, type World, worldOfComponent } from '../../src/wasm/index.ts';
import { coreModules } from '../../test/wasm/support/agreement.ts';
import { makeSeeds } from '../../test/wasm/support/seeds.ts';

/** A program to damage. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Of a core module; null for a component. */
  readonly world: World | null;
  /** Offsets that damage may start from. */
  readonly places: readonly number[];
}

const ROOT = join(import.meta.dirname, '../..');
const file = (path: string): Uint8Array => readFileSync(join(ROOT, path));

/** Components and core modules: made for tests, and by the toolchains of C, Rust and WAT. */
export async function makeCorpus(): Promise<Seed[]> {
  const wit = (path: string) => file(path).toString();
  const tally = file('guests/tally/tally.wasm');
  const tallyWit = wit('guests/tally/tally.wit');
  const rust = await componentNew(await componentEmbed({ binary: tally, witSource: tallyWit, world: 'guest' }), []);
  const c = file('guests/count/count.component.wasm');
  // Large ones are slow to compile, and async ones are not run here.
  const made = (await makeSeeds()).filter(({ name, bytes }) => bytes.length < 100_000 && name !== 'async');
  return [
    ...made.map(({ name, bytes }) => component(name, bytes)),
    component('tally (Rust)', rust),
    component('count (C)', c),
    core('tally, its module', tally, worldOfComponent(rust)),
    core('count, its module', file('guests/count/count.wasm'), worldOfComponent(c)),
  ];
}

function component(name: string, bytes: Uint8Array): Seed {
  return { name, bytes, world: null, places: placesOutside(coreModules(decodeComponent(bytes)), bytes.length) };
}

function core(name: string, bytes: Uint8Array, world: World): Seed {
  return { name, bytes, world, places: Array.from(bytes.keys()) };
}

/** Of a large module one byte in 20: what it does matters less than how it is put together. */
function placesOutside(modules: readonly ModuleRange[], length: number): number[] {
  const isLarge = (at: number) => modules.some(({ start, end }) => at >= start && at < end && end - start > 2000);
  return Array.from({ length }, (_, at) => at).filter((at) => !isLarge(at) || at % 20 === 0);
}
