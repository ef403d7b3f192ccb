import type { SnapshotExports } from '../wasm/rewrite/index.ts';

type Exports = WebAssembly.Instance['exports'];

/** One instantiated module of a guest, as its state can be read and written from outside. */
export interface Stateful {
  readonly exports: Exports;
  /** Its own memories, in order. */
  readonly memories: readonly WebAssembly.Memory[];
  /** What it was made to export. */
  readonly names: SnapshotExports;
}

/** A run of bytes that are not all zero. */
interface Run {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface MemoryState {
  readonly pages: number;
  readonly runs: readonly Run[];
}

/** A function, by its place in the list of one of the modules; null: no function; undefined: as instantiation leaves it. */
type FunctionPlace = { readonly module: number; readonly index: number } | null | undefined;

interface ModuleState {
  readonly memories: readonly MemoryState[];
  readonly globals: readonly (number | bigint | { readonly place: FunctionPlace })[];
  readonly tables: readonly (readonly FunctionPlace[])[];
}

/**
 * What the modules of an instance were after it was initialised, and before it was given any message: nothing in it has a
 * label, so instances at every label may start from it. Reference: Wizer does the same when a module is built.
 */
export type Snapshot = readonly ModuleState[];

const PAGE_BYTES = 65_536;
/** Of what is compared with zero at once: the page size of most machines. */
const BLOCK_BYTES = 4_096;

/** The modules' state; copied, so that the instance may go on. */
export function capture(modules: readonly Stateful[]): Snapshot {
  const places = new Map<unknown, FunctionPlace>();
  for (const [module, { exports, names }] of modules.entries()) {
    const functions = tableOf(exports, names.functions);
    for (let index = 0; index < (functions?.length ?? 0); index++) {
      const found: unknown = functions?.get(index);
      if (!places.has(found)) places.set(found, { module, index });
    }
  }
  const placeOf = (reference: unknown): FunctionPlace => (reference === null ? null : places.get(reference));
  return modules.map(({ exports, memories, names }) => ({
    memories: memories.map(captureMemory),
    globals: names.globals.map((name) => {
      const value: unknown = (exports[name] as WebAssembly.Global).value;
      return typeof value === 'number' || typeof value === 'bigint' ? value : { place: placeOf(value) };
    }),
    tables: names.tables.map((name) => {
      const table = exports[name] as WebAssembly.Table;
      return Array.from({ length: table.length }, (_, i) => placeOf(table.get(i)));
    }),
  }));
}

/** Puts the state into instances that were made from the same modules, their memories of `pages` each, zero. */
export function restore(snapshot: Snapshot, modules: readonly Stateful[]): void {
  const functions = modules.map(({ exports, names }) => tableOf(exports, names.functions));
  const functionAt = (place: Exclude<FunctionPlace, undefined>): unknown =>
    place === null ? null : functions[place.module]?.get(place.index);
  for (const [i, { memories, globals, tables }] of snapshot.entries()) {
    const target = modules[i];
    if (target === undefined) throw new RangeError(`There is no module ${i} to restore`);
    for (const [m, { runs }] of memories.entries()) restoreMemory(target.memories[m], runs);
    for (const [g, value] of globals.entries()) {
      const global = target.exports[target.names.globals[g] ?? ''] as WebAssembly.Global;
      if (typeof value !== 'object') global.value = value;
      else if (value.place !== undefined) global.value = functionAt(value.place);
    }
    for (const [t, entries] of tables.entries()) {
      restoreTable(target.exports[target.names.tables[t] ?? ''] as WebAssembly.Table, entries, functionAt);
    }
  }
}

function captureMemory({ buffer }: WebAssembly.Memory): MemoryState {
  const bytes = new Uint8Array(buffer);
  const runs: Run[] = [];
  let start = -1;
  for (let at = 0; at <= bytes.length; at += BLOCK_BYTES) {
    const isUsed = at < bytes.length && !isZero(buffer, at);
    if (isUsed && start < 0) start = at;
    if (isUsed || start < 0) continue;
    runs.push({ at: start, bytes: bytes.slice(start, at) });
    start = -1;
  }
  return { pages: bytes.length / PAGE_BYTES, runs };
}

function isZero(buffer: ArrayBufferLike, at: number): boolean {
  const words = new BigUint64Array(buffer, at, BLOCK_BYTES / 8);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0n) return false;
  return true;
}

function restoreMemory(memory: WebAssembly.Memory | undefined, runs: readonly Run[]): void {
  if (memory === undefined) throw new RangeError('A memory to restore is missing');
  const bytes = new Uint8Array(memory.buffer);
  for (const { at, bytes: run } of runs) bytes.set(run, at);
}

function restoreTable(
  table: WebAssembly.Table,
  entries: readonly FunctionPlace[],
  functionAt: (place: Exclude<FunctionPlace, undefined>) => unknown,
): void {
  if (entries.length > table.length) table.grow(entries.length - table.length);
  for (const [i, place] of entries.entries()) if (place !== undefined) table.set(i, functionAt(place));
}

function tableOf(exports: Exports, name: string | null): WebAssembly.Table | null {
  return name === null ? null : (exports[name] as WebAssembly.Table);
}
