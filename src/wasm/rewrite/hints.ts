import { CofferdamError } from '../../error.ts';
import type { Reader } from '../reader.ts';
import { text, unsigned } from './sections.ts';
import type { Splices } from './splices.ts';

interface Hint {
  /** Counted from the start of the function's body, its locals included. */
  readonly offset: number;
  readonly value: number;
}

/**
 * Branch hints move with their instructions. Source: WebAssembly Branch Hinting, section `metadata.code.branch_hint`. The
 * section stands before the code, so its place is reserved and filled at the end.
 */
export class BranchHints {
  readonly #splices: Splices;
  readonly #place: number;
  readonly #hints = new Map<number, readonly Hint[]>();
  readonly #moved: number[][] = [];

  /** The reader stands behind the section's name; a section that cannot be read is left out. */
  constructor(reader: Reader, splices: Splices, section: { readonly start: number; readonly end: number }) {
    this.#splices = splices;
    this.#place = splices.reserve(section.start, section.end);
    try {
      for (let n = reader.u32(); n > 0; n--) {
        const index = reader.u32();
        this.#hints.set(index, readHints(reader));
      }
      reader.assertDone();
    } catch (error) {
      if (!(error instanceof CofferdamError)) throw error;
      this.#hints.clear();
    }
  }

  /** A function was scanned: the splices from `first` on are in its body, which starts at `body`. */
  move(index: number, body: number, first: number): void {
    const hints = this.#hints.get(index);
    if (hints === undefined) return;
    const moved = hints.map(({ offset, value }) => [
      ...unsigned(offset + this.#splices.shift(first, body + offset)),
      1,
      value,
    ]);
    this.#moved.push([...unsigned(index), ...unsigned(moved.length), ...moved.flat()]);
  }

  finish(): void {
    if (this.#moved.length === 0) return;
    const content = [...text('metadata.code.branch_hint'), ...unsigned(this.#moved.length)];
    const bytes = [...unsigned(content.length + this.#moved.reduce((sum, { length }) => sum + length, 0)), ...content];
    this.#splices.fill(this.#place, Uint8Array.from([[0], bytes, ...this.#moved].flat()));
  }
}

function readHints(reader: Reader): Hint[] {
  const hints: Hint[] = [];
  for (let n = reader.u32(); n > 0; n--) {
    const offset = reader.u32();
    reader.expect(1, 'The size of a branch hint');
    hints.push({ offset, value: reader.byte() });
  }
  return hints;
}
