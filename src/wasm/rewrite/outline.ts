import { CORE_SECTION_NAMES, CORE_SECTION_ORDER } from '../core-sections.ts';
import type { CoreFuncType } from '../core-types.ts';
import type { Section } from '../limit-sections.ts';
import { Reader } from '../reader.ts';
import { OutlineReader } from './outline-reader.ts';
import type { OwnMemory } from './rewritten.ts';

/** A global or table, and where its type stands as text: references to functions of any type are `(ref null func)`. */
export interface TypedItem {
  readonly type: string;
  readonly mutable: boolean;
  readonly imported: boolean;
}

/** A core module without its code: what it counts, and where its sections are. Imported things come first in each count. */
export interface Outline {
  readonly module: Uint8Array;
  readonly sections: readonly Section[];
  readonly memories: number;
  readonly tables: number;
  readonly globals: number;
  readonly functions: number;
  readonly elements: number;
  readonly importedGlobals: number;
  readonly importedFunctions: number;
  /** With the bytes of their limits. */
  readonly ownMemories: readonly (OwnMemory & { readonly limits: Uint8Array })[];
  readonly globalItems: readonly TypedItem[];
  readonly tableItems: readonly TypedItem[];
  /** Of all functions. */
  readonly signatures: readonly CoreFuncType[];
  /** Where globals are named outside the code, by the id of the section. */
  readonly globalUses: ReadonlyMap<number, readonly Use[]>;
  /** Functions that a table or a global can hold from the start, or that `ref.func` may name. */
  readonly referenced: ReadonlySet<number>;
  /** The bytes of active data segments, with the length in front. */
  readonly activeData: readonly Range[];
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** An index in the file. */
export interface Use extends Range {
  readonly index: number;
}

/** Throws WASM_*, LIMIT_SHARED and WASM_RESERVED_NAME. */
export function readOutline(module: Uint8Array): Outline {
  const whole = Reader.over(module, 'core module');
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) whole.expect(byte, 'A byte of the header');
  const outline = new OutlineReader(module);
  let last = -1;
  while (!whole.done) {
    const start = whole.offset;
    const id = whole.byte();
    const name = CORE_SECTION_NAMES[id];
    if (name === undefined) whole.unknown(id, 'section of a core module');
    const size = whole.u32();
    const content = whole.offset;
    const position = id === 0 ? last : CORE_SECTION_ORDER.indexOf(id);
    // A section that is left out or made anew must not have stood where it may not.
    if (id !== 0 && position <= last)
      whole.fail('WASM_MALFORMED', `The ${name} section is out of order`, { offset: start });
    last = position;
    const part = whole.part(size, `core module, ${name} section`);
    outline.read(part, { id, start, content, end: content + size });
  }
  return outline;
}
