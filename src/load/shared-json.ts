/**
 * JSON in which equal objects stand once: a plan has the same few types in every function. The text is
 * `{"shared":[…],"value":…}`, where `{"=":n}` means the object at `n` of the list, and an object in it refers to earlier
 * ones only. Who reads it gets equal objects as one object, and need not check them again.
 */
export function writeShared(value: unknown): string {
  const writer = new Writer();
  return writer.text(writer.parts(value));
}

/** What `writeShared` wrote; undefined where the text is anything else, or would unfold beyond what a plan can be. */
export function readShared(text: string): unknown {
  const parsed = parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('shared' in parsed) || !('value' in parsed)) return undefined;
  if (!Array.isArray(parsed.shared)) return undefined;
  const linker = new Linker();
  return linker.linkAll(parsed.shared) ? linker.result(parsed.value) : undefined;
}

/** As a tree: what walks a plan does not notice that its parts are shared. */
const MAX_NODES = 4_000_000;
const MAX_DEPTH = 400;

const KEY = '=';

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An object as JSON text, with other objects in between. */
interface Shared {
  readonly id: number;
  readonly parts: readonly Part[];
  /** In how many different places it occurs. */
  uses: number;
}
type Part = string | Shared;

class Writer {
  readonly #known = new Map<string, Shared>();

  parts(value: unknown): readonly Part[] {
    if (typeof value !== 'object' || value === null) return [JSON.stringify(value) ?? 'null'];
    if (Array.isArray(value)) return ['[', ...value.flatMap((item, i) => [...comma(i), ...this.parts(item)]), ']'];
    return [this.#object(value)];
  }

  #object(value: object): Shared {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    const parts = entries.flatMap(([name, item], i): Part[] => [
      ...comma(i),
      `${JSON.stringify(name)}:`,
      ...this.parts(item),
    ]);
    // Outside of strings JSON has no such character.
    const key = parts.map((part) => (typeof part === 'string' ? part : `#${part.id}`)).join('');
    let shared = this.#known.get(key);
    if (shared === undefined) {
      shared = { id: this.#known.size, parts, uses: 0 };
      this.#known.set(key, shared);
      use(parts);
    }
    return shared;
  }

  /** In the order of their making an object comes after its parts. */
  text(root: readonly Part[]): string {
    use(root);
    const rows = [...this.#known.values()].filter(({ uses }) => uses > 1);
    const positions = new Map(rows.map((shared, i) => [shared, i]));
    const body = ({ parts }: Shared): string => `{${parts.map(written).join('')}}`;
    const written = (part: Part): string => {
      if (typeof part === 'string') return part;
      const position = positions.get(part);
      return position === undefined ? body(part) : `{"${KEY}":${position}}`;
    };
    return `{"shared":[${rows.map(body).join(',')}],"value":${root.map(written).join('')}}`;
  }
}

function use(parts: readonly Part[]): void {
  for (const part of parts) if (typeof part !== 'string') part.uses += 1;
}

const comma = (i: number): string[] => (i === 0 ? [] : [',']);

/** Puts shared objects where they are referred to. */
class Linker {
  readonly #rows: object[] = [];
  readonly #nodes: number[] = [];
  readonly #depths: number[] = [];
  /** Of the row being linked. */
  #count = 0;
  #deepest = 0;
  #isSound = true;

  linkAll(rows: readonly unknown[]): boolean {
    for (const row of rows) {
      if (typeof row !== 'object' || row === null) return false;
      this.#count = 0;
      this.#deepest = 0;
      this.#link(row, 1);
      if (!this.#isSound) return false;
      this.#rows.push(row);
      this.#nodes.push(this.#count);
      this.#depths.push(this.#deepest);
    }
    return true;
  }

  result(value: unknown): unknown {
    this.#count = 0;
    const linked = this.#part(value, 1);
    return this.#isSound ? linked : undefined;
  }

  #link(value: object, depth: number): void {
    this.#note(1, depth);
    if (!this.#isSound) return;
    const fields = value as Record<string, unknown>;
    for (const key of Object.keys(fields)) {
      const item = fields[key];
      if (typeof item !== 'object' || item === null) continue;
      const linked = this.#part(item, depth + 1);
      if (linked !== item) fields[key] = linked;
    }
  }

  #part(item: unknown, depth: number): unknown {
    if (typeof item !== 'object' || item === null) return item;
    if (!Object.hasOwn(item, KEY)) {
      this.#link(item, depth);
      return item;
    }
    const position = (item as Record<string, unknown>)[KEY];
    const row = typeof position === 'number' ? this.#rows[position] : undefined;
    if (row === undefined) this.#isSound = false;
    else this.#note(this.#nodes[position as number] ?? 0, depth + (this.#depths[position as number] ?? 0) - 1);
    return row;
  }

  #note(nodes: number, depth: number): void {
    this.#count += nodes;
    if (depth > this.#deepest) this.#deepest = depth;
    if (this.#count > MAX_NODES || depth > MAX_DEPTH) this.#isSound = false;
  }
}
