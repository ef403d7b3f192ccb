import { CofferdamError } from '../error.ts';
import { type Declared, readDeclared } from './limit-sections.ts';

/** What one instance may use at most, all memories and all tables together. */
export interface InstanceLimits {
  readonly memoryBytes: number;
  readonly tableEntries: number;
}

/** A core module, and how many times one instance of the whole instantiates it. */
export interface CountedModule {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** Replaces the bytes from `start` to `end` of a module. Edits of one module are in order and do not overlap. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

export const PAGE_BYTES = 65_536;

/**
 * The module with the maxima of its memories and tables lowered, so that the whole of an instance stays within
 * `limits`. Everything outside the memory and table sections is copied as it stands. Throws LIMIT_MEMORY_INITIAL,
 * LIMIT_TABLE_INITIAL and LIMIT_SHARED, and WASM_* for bytes that cannot be read.
 */
export function capLimits(module: Uint8Array, limits: InstanceLimits): Uint8Array {
  const [edits] = limitEdits([{ bytes: module, count: 1 }], limits);
  return applyEdits(module, edits ?? []);
}

/**
 * The edits that keep several core modules within limits that they share: parallel to `modules`.
 *
 * No engine setting bounds a linear memory, only its declared maximum does, so the *sum of the maxima* must not exceed
 * the limit. Every memory keeps its initial size. If the declared maxima fit, nothing changes. Otherwise the memory
 * with the largest initial size (the first of them) is the main one: the others share an eighth of what is left after
 * the initial sizes, in equal parts, and the main one may grow into all the rest. Tables are divided the same way.
 */
export function limitEdits(modules: readonly CountedModule[], limits: InstanceLimits): Edit[][] {
  const found = modules.map(({ bytes }) => readDeclared(bytes));
  const counts = modules.map(({ count }) => Math.max(1, count));
  const memory = shares(found, counts, 'memory', Math.floor(limits.memoryBytes / PAGE_BYTES));
  const table = shares(found, counts, 'table', Math.floor(limits.tableEntries));
  return found.map((declared, i) => {
    const { bytes } = modules[i] as CountedModule;
    return sectionEdits(bytes, declared, (each) => memory.get(each) ?? table.get(each) ?? null);
  });
}

export function applyEdits(module: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const grown = edits.reduce((sum, { start, end, bytes }) => sum + bytes.length - (end - start), 0);
  const out = new Uint8Array(module.length + grown);
  let from = 0;
  let at = 0;
  for (const { start, end, bytes } of edits) {
    if (start < from || end < start || end > module.length) throw new RangeError('edits overlap or leave the module');
    out.set(module.subarray(from, start), at);
    at += start - from;
    out.set(bytes, at);
    at += bytes.length;
    from = end;
  }
  out.set(module.subarray(from), at);
  return out;
}

interface Need {
  readonly declared: Declared;
  readonly count: number;
  /** The most it could ever use. */
  readonly wanted: number;
}

/** The maximum that each defined memory (or table) of these modules gets. */
function shares(
  found: readonly (readonly Declared[])[],
  counts: readonly number[],
  kind: Declared['kind'],
  limit: number,
): Map<Declared, number> {
  const needs: Need[] = [];
  for (const [i, declared] of found.entries()) {
    for (const each of declared) {
      if (each.kind !== kind) continue;
      // What is imported is capped where it is defined; here only a demand that nobody could meet is refused.
      if (each.imported) assertInitial(kind, each.limits.min, limit);
      else needs.push({ declared: each, count: counts[i] ?? 1, wanted: Math.max(each.limits.min, ceiling(each)) });
    }
  }
  const initial = needs.reduce((sum, { declared, count }) => sum + declared.limits.min * count, 0);
  assertInitial(kind, initial, limit);
  return divide(needs, limit, limit - initial);
}

function divide(needs: readonly Need[], limit: number, spare: number): Map<Declared, number> {
  const wanted = needs.reduce((sum, need) => sum + need.wanted * need.count, 0);
  if (wanted <= limit) return new Map(needs.map(({ declared, wanted }) => [declared, wanted]));
  const [first, ...rest] = needs;
  if (first === undefined) return new Map();
  const main = rest.reduce((best, need) => (need.declared.limits.min > best.declared.limits.min ? need : best), first);
  const others = needs.filter((need) => need !== main);
  const copies = others.reduce((sum, { count }) => sum + count, 0);
  const share = copies === 0 ? 0 : Math.floor(spare / 8 / copies);
  const result = new Map<Declared, number>();
  let left = spare;
  for (const { declared, wanted, count } of others) {
    const growth = Math.min(wanted - declared.limits.min, share);
    left -= growth * count;
    result.set(declared, declared.limits.min + growth);
  }
  const growth = Math.floor(left / main.count);
  result.set(main.declared, Math.min(main.wanted, main.declared.limits.min + growth));
  return result;
}

/** The most that this memory or table could hold, were there no limit of ours. */
function ceiling({ kind, limits: { max, index64 } }: Declared): number {
  const bound = index64 ? Number.MAX_SAFE_INTEGER : kind === 'memory' ? 65_536 : 0xffff_ffff;
  return Math.min(max ?? bound, bound);
}

function assertInitial(kind: Declared['kind'], initial: number, limit: number): void {
  if (initial <= limit) return;
  if (kind === 'table') {
    throw new CofferdamError(
      'LIMIT_TABLE_INITIAL',
      `The module starts with ${initial} table entries, the limit is ${limit} — raise the limit on table entries.`,
      { details: { wantedEntries: initial, limitEntries: limit } },
    );
  }
  const wantedBytes = initial * PAGE_BYTES;
  throw new CofferdamError(
    'LIMIT_MEMORY_INITIAL',
    `The module starts with ${mebibytes(wantedBytes)} of memory, the limit is ${mebibytes(limit * PAGE_BYTES)} — ` +
      `raise limits.memory to at least ${mebibytes(wantedBytes)}.`,
    { details: { wantedBytes, limitBytes: limit * PAGE_BYTES } },
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil((bytes / 1_048_576) * 10_000) / 10_000} MiB`;
}

function sectionEdits(
  module: Uint8Array,
  declared: readonly Declared[],
  maximumOf: (declared: Declared) => number | null,
): Edit[] {
  return [...Map.groupBy(declared, ({ section }) => section)].flatMap(([section, items]) => {
    const changes = items.flatMap((item): Edit[] => {
      const { limits, start, end } = item;
      const maximum = item.imported ? null : maximumOf(item);
      // Only ever lowered: a module whose maximum is below its minimum stays as invalid as it was.
      if (maximum === null || (limits.max !== null && maximum >= limits.max)) return [];
      const bytes = Uint8Array.from([limits.index64 ? 0x05 : 0x01, ...leb(limits.min), ...leb(maximum)]);
      return [{ start: start - section.content, end: end - section.content, bytes }];
    });
    if (changes.length === 0) return [];
    const content = applyEdits(module.subarray(section.content, section.end), changes);
    const head = [section.id, ...leb(content.length)];
    const bytes = new Uint8Array(head.length + content.length);
    bytes.set(head);
    bytes.set(content, head.length);
    return [{ start: section.start, end: section.end, bytes }];
  });
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? low | 0x80 : low);
  } while (left > 0);
  return bytes;
}
