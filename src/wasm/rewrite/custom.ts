import type { Section } from '../limit-sections.ts';
import { WASM_LIMITS } from '../limits.ts';
import { Reader } from '../reader.ts';

/**
 * Custom sections that carry offsets into code or the layout of object files, which are wrong after a change: debug
 * information, source maps, code metadata, relocations. None of them changes what a module does.
 */
const STALE = [
  /^\.debug_/,
  /^sourceMappingURL$/,
  /^external_debug_info$/,
  /^metadata\.code\./,
  /^reloc\./,
  /^linking$/,
];

export function isStaleCustomSection(module: Uint8Array, { content, end }: Section): boolean {
  const reader = new Reader(module, content, end, 'core module, custom section', { items: WASM_LIMITS.maxItems });
  const name = reader.name();
  return STALE.some((pattern) => pattern.test(name));
}
