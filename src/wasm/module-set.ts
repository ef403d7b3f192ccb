import { CofferdamError } from '../error.ts';
import { CoreTypeNumbers } from './core-type-section.ts';
import { type CoreExtern, type CoreLimits, coreMismatch } from './core-types.ts';
import { inspectModule, readModule } from './module.ts';
import type { ModuleInfo } from './module-info.ts';
import type { ModuleRange } from './plan.ts';
import { quote, quotePair } from './quote.ts';
import { Reader } from './reader.ts';

/** A part of a file that holds several core modules, one after the other, under the name that the others import. */
export interface NamedRange extends ModuleRange {
  readonly name: string;
}

/** The core import `module.name`. */
export interface ImportName {
  readonly module: string;
  readonly name: string;
}

/** One core module of a compartment that is made of several. */
export interface Member {
  /** What the others import it by; empty for an only one. */
  readonly name: string;
  /** Where it stands in the file; empty for the memory that is made. */
  readonly range: ModuleRange;
  readonly bytes: Uint8Array;
  readonly info: ModuleInfo;
}

/** A core module that is alone. */
export function onlyMember(bytes: Uint8Array): Member[] {
  return [{ name: '', range: { start: 0, end: bytes.length }, bytes, info: inspectModule(bytes) }];
}

/**
 * Core modules that import each other, in the order in which they can be made: each after those it imports from, and
 * otherwise as they stand. `memory` is an import for which a module of its own is made, which comes first. Throws
 * WASM_SET_CYCLE, WASM_SET_MEMORY, WASM_SIGNATURE when an import and the export that serves it differ, and what
 * `inspectModule` throws.
 */
export function orderMembers(bytes: Uint8Array, parts: readonly NamedRange[], memory: ImportName | null): Member[] {
  const read = readMembers(bytes, parts);
  const members = memory === null ? read : [makeMemory(memory, read, bytes.length), ...read];
  const exporters = exportersOf(members);
  const needs = new Map(members.map((member) => [member, providersOf(member, exporters)]));
  const ordered: Member[] = [];
  const made = new Set<Member>();
  while (ordered.length < members.length) {
    const next = members.find(
      (each) => !made.has(each) && [...(needs.get(each) ?? [])].every((need) => made.has(need)),
    );
    if (next === undefined) throw cycle(members.filter((member) => !made.has(member)));
    made.add(next);
    ordered.push(next);
  }
  return ordered;
}

/** With one numbering of types, so that they can be compared, and one bound on their parts. */
function readMembers(bytes: Uint8Array, parts: readonly NamedRange[]): Member[] {
  const reader = Reader.over(bytes, 'core module');
  const numbers = new CoreTypeNumbers();
  return parts.map(({ name, start, end }) => {
    reader.skip(start - reader.offset);
    const info = readModule(reader.part(end - start, 'core module'), numbers);
    return { name, range: { start, end }, bytes: bytes.subarray(start, end), info };
  });
}

export interface Exporter {
  readonly member: Member;
  readonly type: CoreExtern;
}

/** Who exports what, by module and name as `importKey` writes them. */
export function exportersOf(members: readonly Member[]): ReadonlyMap<string, Exporter> {
  return new Map(
    members.flatMap((member) =>
      member.info.exports.map(({ name, type }) => [importKey(member.name, name), { member, type }] as const),
    ),
  );
}

export function importKey(module: string, name: string): string {
  return JSON.stringify([module, name]);
}

function providersOf({ name: importer, info }: Member, exporters: ReadonlyMap<string, Exporter>): Set<Member> {
  const providers = new Set<Member>();
  for (const { module, name, type } of info.imports) {
    const found = exporters.get(importKey(module, name));
    if (found === undefined) continue;
    const mismatch = coreMismatch(found.type, type);
    if (mismatch !== null) {
      const text = `The import ${quotePair(module, name)} of ${quote(importer)}: ${mismatch}. Take modules of one build.`;
      throw new CofferdamError('WASM_SIGNATURE', text, { details: { mismatches: [mismatch] } });
    }
    providers.add(found.member);
  }
  return providers;
}

/** The module that holds nothing but the memory which the members import; as small and as large as all of them take. */
function makeMemory(wanted: ImportName, members: readonly Member[], at: number): Member {
  const what = quotePair(wanted.module, wanted.name);
  const isIt = ({ module, name }: ImportName) => module === wanted.module && name === wanted.name;
  const owner = members.find(
    ({ name, info }) => name === wanted.module && info.exports.some((item) => item.name === wanted.name),
  );
  if (owner !== undefined) {
    throw notShared(`${what} is exported by one of the modules. Take sharedMemory out.`);
  }
  const types = members.flatMap(({ info }) => info.imports.filter(isIt).map(({ type }) => type));
  const limits = types.flatMap((type) => (type.kind === 'memory' ? [type.limits] : []));
  if (limits.length < types.length) throw notShared(`${what} is imported as something else than a memory.`);
  if (limits.length === 0) throw notShared(`${what} is imported by no module. Name the import that is to be made.`);
  if (limits.some(({ index64, shared, pageBits }) => index64 || shared || pageBits !== 16)) {
    throw notShared(`${what} is not an unshared 32-bit memory. Build the modules without threads and memory64.`);
  }
  const bytes = memoryModule(wanted.name, widest(limits));
  return { name: wanted.module, range: { start: at, end: at }, bytes, info: inspectModule(bytes) };
}

function widest(limits: readonly CoreLimits[]): { min: number; max: number | null } {
  const maxima = limits.flatMap(({ max }) => (max === null ? [] : [max]));
  const min = Math.max(...limits.map((each) => each.min));
  const max = maxima.length === 0 ? null : Math.min(...maxima);
  if (max === null || max >= min) return { min, max };
  throw notShared(`No size is right for all: one module wants ${min} pages, another takes ${max}.`);
}

/** `(module (memory (export "name") min max))` */
function memoryModule(name: string, { min, max }: { min: number; max: number | null }): Uint8Array {
  const text = [...new TextEncoder().encode(name)];
  const limits = max === null ? [0, ...leb(min)] : [1, ...leb(min), ...leb(max)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(5, [1, ...limits]),
    ...section(7, [1, ...leb(text.length), ...text, 2, 0]),
  ]);
}

const section = (id: number, content: readonly number[]): number[] => [id, ...leb(content.length), ...content];

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...leb(Math.floor(value / 128))];
}

function cycle(members: readonly Member[]): CofferdamError<'WASM_SET_CYCLE'> {
  const modules = members.map(({ name }) => name);
  const shown = modules.slice(0, 20).map(quote).join(', ');
  return new CofferdamError(
    'WASM_SET_CYCLE',
    `These modules import each other in a circle, or from one that does: ${shown}. Link them into one module.`,
    { details: { modules } },
  );
}

const notShared = (text: string): CofferdamError<'WASM_SET_MEMORY'> => new CofferdamError('WASM_SET_MEMORY', text);
