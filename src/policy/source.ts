/** Steps from the root of a manifest: keys of maps and positions in lists. */
export type Path = readonly (string | number)[];

/** Counted from 1; columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Places {
  readonly key: Place;
  readonly value: Place;
}

/** What a manifest is made of. Maps have no prototype, so no key of a hostile document means anything to JavaScript. */
export type Tree = null | boolean | number | string | readonly Tree[] | TreeMap;
interface TreeMap {
  readonly [key: string]: Tree;
}

/** Where the members of each map and list stand. */
type PlacesByContainer = ReadonlyMap<object, ReadonlyMap<string | number, Places>>;

/** A manifest as a tree of plain values, and where each of them stands in the file. */
export class Source {
  readonly root: Tree;
  readonly #places: PlacesByContainer | null;

  /** `places` is null for a manifest that was given as an object. */
  constructor(root: Tree, places: PlacesByContainer | null) {
    this.root = root;
    this.#places = places;
  }

  get(path: Path): Tree | undefined {
    let at: Tree | undefined = this.root;
    for (const step of path) at = memberOf(at, step);
    return at;
  }

  /** Of the deepest step of the path that exists; the start of the file when none does. */
  placeOf(path: Path, at: 'key' | 'value'): Place | null {
    if (this.#places === null) return null;
    let found: Places | undefined;
    let isWhole = true;
    let container: Tree | undefined = this.root;
    for (const step of path) {
      const next: Places | undefined = isTreeContainer(container) ? this.#places.get(container)?.get(step) : undefined;
      if (next === undefined) {
        isWhole = false;
        break;
      }
      found = next;
      container = memberOf(container, step);
    }
    if (found === undefined) return { line: 1, column: 1 };
    return at === 'key' || !isWhole ? found.key : found.value;
  }
}

export function isTreeMap(tree: Tree | undefined): tree is TreeMap {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

function isTreeContainer(tree: Tree | undefined): tree is readonly Tree[] | TreeMap {
  return typeof tree === 'object' && tree !== null;
}

function memberOf(tree: Tree | undefined, step: string | number): Tree | undefined {
  if (isTreeMap(tree)) return typeof step === 'string' ? tree[step] : undefined;
  return Array.isArray(tree) && typeof step === 'number' ? (tree as readonly Tree[])[step] : undefined;
}
