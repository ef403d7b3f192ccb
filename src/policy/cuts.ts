import type { Path, Tree } from './source.ts';

type Node = Map<string | number, Node | null>;

/** Parts to be left out of a tree, by path; null in a node says that the whole part goes. */
export class Cuts {
  readonly #root: Node = new Map();
  #isEverything = false;

  get isEverything(): boolean {
    return this.#isEverything;
  }

  add(path: Path): void {
    const last = path.at(-1);
    if (last === undefined) {
      this.#isEverything = true;
      return;
    }
    let node = this.#root;
    for (const step of path.slice(0, -1)) {
      const next = node.get(step);
      if (next === null) return;
      const inner = next ?? new Map();
      node.set(step, inner);
      node = inner;
    }
    node.set(last, null);
  }

  /** Is this path left out, by itself or with what is around it? */
  covers(path: Path): boolean {
    return this.#isEverything || this.#at(path) === null;
  }

  /** Is something left out at, above or below this path? */
  touches(path: Path): boolean {
    const node = this.#at(path);
    return this.#isEverything || node === null || (node !== undefined && node.size > 0);
  }

  /** A copy without the cut parts. */
  apply(tree: Tree): Tree {
    return copyWithout(tree, this.#root);
  }

  /** The path in the original of a path in the copy: items of a list move up when one before them is left out. */
  original(path: Path): Path {
    const found: (string | number)[] = [];
    let node: Node | null | undefined = this.#root;
    for (const step of path) {
      const at = typeof step === 'number' ? nthKept(node ?? null, step) : step;
      found.push(at);
      node = node?.get(at);
    }
    return found;
  }

  /** Null where the path is cut, undefined where nothing at or under it is. */
  #at(path: Path): Node | null | undefined {
    let node: Node | null | undefined = this.#root;
    for (const step of path) {
      node = node.get(step);
      if (node === null || node === undefined) return node;
    }
    return node;
  }
}

function copyWithout(tree: Tree, cuts: Node | undefined): Tree {
  if (typeof tree !== 'object' || tree === null || cuts === undefined) return tree;
  if (Array.isArray(tree)) {
    return (tree as readonly Tree[]).flatMap((item, index) => {
      const inner = cuts.get(index);
      return inner === null ? [] : [copyWithout(item, inner)];
    });
  }
  const copy: Record<string, Tree> = Object.create(null);
  for (const [key, value] of Object.entries(tree)) {
    const inner = cuts.get(key);
    if (inner !== null) copy[key] = copyWithout(value, inner);
  }
  return copy;
}

function nthKept(cuts: Node | null, position: number): number {
  let index = 0;
  for (let left = position; ; index++) {
    if (cuts?.get(index) === null) continue;
    if (left-- === 0) return index;
  }
}
