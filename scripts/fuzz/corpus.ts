import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import wabt from 'wabt';
import {
  decodeComponent,
  type ModuleRange,
  type NamedRange,
  type World,
  worldOfComponent,
} from '../../src/wasm/index.ts';
import { coreModules } from '../../test/wasm/support/agreement.ts';
import { componentOfWit, makeSeeds } from '../../test/wasm/support/seeds.ts';

/** A program to damage. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Of a core module; null for a component. */
  readonly world: World | null;
  /** Several core modules that import each other, one after the other in `bytes`; else null. */
  readonly parts: readonly NamedRange[] | null;
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
    await moduleSet(),
  ];
}

function component(name: string, bytes: Uint8Array): Seed {
  return {
    name,
    bytes,
    world: null,
    parts: null,
    places: placesOutside(coreModules(decodeComponent(bytes)), bytes.length),
  };
}

/** A library, a helper and what faces the world; `shared.memory` is made for the helper. */
async function moduleSet(): Promise<Seed> {
  const modules = {
    lib: `(module (memory (export "memory") 1) (table (export "table") 2 funcref) (global (export "seven") i32 (i32.const 7))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))`,
    helper: `(module (import "shared" "memory" (memory 1 4)) (import "lib" "seven" (global $seven i32))
      (func (export "up") (param i32) (result i32) (i32.add (global.get $seven) (i32.xor (local.get 0) (i32.load (i32.const 8))))))`,
    main: `(module (import "lib" "memory" (memory 1)) (import "lib" "table" (table 1 funcref))
      (import "helper" "up" (func $up (param i32) (result i32))) (elem (i32.const 0) $up)
      (func (export "run") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (call $up (local.get 1))) (i32.const 16)))`,
  };
  const { parseWat } = await wabt();
  const parts: NamedRange[] = [];
  const binaries = Object.entries(modules).map(([name, text]) => {
    const start = parts.at(-1)?.end ?? 0;
    const bytes = parseWat(name, text).toBinary({}).buffer;
    parts.push({ name, start, end: start + bytes.length });
    return bytes;
  });
  const bytes = new Uint8Array(Buffer.concat(binaries));
  const wit = 'package test:set; world set { export run: func(text: string) -> string; }';
  const world = worldOfComponent(await componentOfWit(wit, 'set'));
  return { name: 'several modules', bytes, world, parts, places: Array.from(bytes.keys()) };
}

function core(name: string, bytes: Uint8Array, world: World): Seed {
  return { name, bytes, world, parts: null, places: Array.from(bytes.keys()) };
}

/** Of a large module one byte in 20: what it does matters less than how it is put together. */
function placesOutside(modules: readonly ModuleRange[], length: number): number[] {
  const isLarge = (at: number) => modules.some(({ start, end }) => at >= start && at < end && end - start > 2000);
  return Array.from({ length }, (_, at) => at).filter((at) => !isLarge(at) || at % 20 === 0);
}
