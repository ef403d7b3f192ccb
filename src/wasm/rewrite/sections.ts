import { CORE_SECTION_ORDER } from '../core-sections.ts';
import { writeUnsigned } from '../leb128.ts';
import type { Section } from '../limit-sections.ts';
import { Reader } from '../reader.ts';
import type { Outline } from './outline.ts';
import type { Splices } from './splices.ts';

/** Items to be put at the end of a section's vector. */
export interface Additions {
  /** By the id of the section. */
  readonly [id: number]: readonly (readonly number[])[];
}

// biome-ignore format: a table
export const SECTION = {
  custom: 0, import: 2, table: 4, memory: 5, global: 6, export: 7, start: 8, element: 9, code: 10, data: 11,
} as const;

/** Appends the items to their sections; those that are not there are made, each where it belongs. */
export class SectionEditor {
  readonly #outline: Outline;
  readonly #splices: Splices;
  readonly #additions: Additions;
  /** Sections still to be made, in their order. */
  readonly #missing: number[];

  constructor(outline: Outline, splices: Splices, additions: Additions) {
    this.#outline = outline;
    this.#splices = splices;
    this.#additions = additions;
    const present = new Set(outline.sections.map(({ id }) => id));
    this.#missing = CORE_SECTION_ORDER.filter((id) => (additions[id]?.length ?? 0) > 0 && !present.has(id));
  }

  /** Makes the sections that belong before the one with this id; null: all. */
  makeBefore(id: number | null, at: number): void {
    const position = id === null ? Number.POSITIVE_INFINITY : CORE_SECTION_ORDER.indexOf(id);
    while (this.#missing.length > 0 && CORE_SECTION_ORDER.indexOf(this.#missing[0] as number) < position) {
      const made = this.#missing.shift() as number;
      const content = vector(this.#additions[made] ?? []);
      this.#splices.add(at, at, [made, ...unsigned(content.length), ...content]);
    }
  }

  /** Its size follows what `inside` changes in it and what is appended. */
  edit(section: Section, inside: () => void = () => {}): void {
    const items = this.#additions[section.id] ?? [];
    const { content, end } = section;
    this.#splices.sized(section.start + 1, content, end - content, () => {
      if (items.length > 0) {
        const reader = new Reader(this.#outline.module, content, end, 'core module', { items: 0 });
        const count = reader.u32();
        this.#splices.add(content, reader.offset, unsigned(count + items.length));
      }
      inside();
      if (items.length > 0) this.#splices.add(end, end, items.flat());
    });
  }

  drop({ start, end }: Section): void {
    this.#splices.reserve(start, end);
  }
}

export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  writeUnsigned(bytes, value);
  return bytes;
}

export function text(value: string): number[] {
  const bytes = Buffer.from(value);
  return [...unsigned(bytes.length), ...bytes];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}
