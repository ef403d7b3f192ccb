import type { Section } from '../limit-sections.ts';
import { WASM_LIMITS } from '../limits.ts';
import { Reader } from '../reader.ts';
import { unsigned } from './sections.ts';

/**
 * Custom sections that carry offsets into code or the layout of object files, which are wrong after a change: debug
 * information, source maps, code metadata but for branch hints, relocations. None of them changes what a module does.
 */
const STALE = [
  /^\.debug_/,
  /^sourceMappingURL$/,
  /^external_debug_info$/,
  /^metadata\.code\./,
  /^reloc\./,
  /^linking$/,
];

/** Is the section dropped, kept, or one that is changed? The reader then stands behind its name. */
export function readCustom(
  module: Uint8Array,
  { content, end }: Section,
): { readonly name: 'stale' | 'name' | 'hints' | 'other'; readonly reader: Reader } {
  const reader = new Reader(module, content, end, 'core module, custom section', { items: WASM_LIMITS.maxItems });
  const name = reader.name();
  if (name === 'name') return { name, reader };
  if (name === 'metadata.code.branch_hint') return { name: 'hints', reader };
  return { name: STALE.some((pattern) => pattern.test(name)) ? 'stale' : 'other', reader };
}

/** What replaces a name section when globals from an index on move up by one; null when it cannot be read. */
export function shiftGlobalNames(reader: Reader, from: number): number[] | null {
  const GLOBAL_NAMES = 7;
  const out: number[] = [];
  try {
    while (!reader.done) {
      const id = reader.byte();
      const part = reader.part(reader.u32(), 'part of a name section');
      const body = id === GLOBAL_NAMES ? shiftNameMap(part, from) : part.bytes.subarray(part.offset, part.end);
      out.push(id, ...unsigned(body.length));
      for (const byte of body) out.push(byte);
    }
  } catch {
    // A custom section may hold anything: what cannot be read is left out.
    return null;
  }
  return out;
}

function shiftNameMap(reader: Reader, from: number): number[] {
  const count = reader.u32();
  const out = unsigned(count);
  for (let n = count; n > 0; n--) {
    const index = reader.u32();
    out.push(...unsigned(index >= from ? index + 1 : index));
    const start = reader.offset;
    reader.skip(reader.u32());
    for (const byte of reader.bytes.subarray(start, reader.offset)) out.push(byte);
  }
  reader.assertDone();
  return out;
}
