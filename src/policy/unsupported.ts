import type { Problems } from './problems.ts';
import { isTreeMap, type Path, type Source, type Tree } from './source.ts';

/**
 * Words of the manifest that have a meaning which this build cannot enforce. They are refused with a remedy, never
 * ignored: a deadline that nobody keeps is worse than none. To support one, take its row out and add it to schema.ts.
 */
interface UnsupportedWord {
  /** `*` stands for any name or position. */
  readonly path: readonly string[];
  /** Only this value; absent: the key as such. */
  readonly value?: string | boolean;
  readonly remedy: string;
}

const UNSUPPORTED: readonly UnsupportedWord[] = [
  { path: ['compartments', '*', 'kind'], value: 'enclave', remedy: 'write `enclave: true` beside the kind' },
  { path: ['compartments', '*', 'wasi'], value: 'full', remedy: "use 'minimal' or 'none'" },
  { path: ['resources', '*', 'http'], remedy: 'offer a function resource that makes the request' },
  { path: ['resources', '*', 'methods'], remedy: 'offer a function resource that makes the request' },
  { path: ['resources', '*', 'socket'], remedy: 'offer a function resource that uses the socket' },
  { path: ['resources', '*', 'kv'], remedy: 'offer function resources that get and set' },
  { path: ['resources', '*', 'clock'], remedy: 'offer a function resource that tells the time' },
  { path: ['resources', '*', 'mode'], value: 'write', remedy: "use 'read'" },
  { path: ['resources', '*', 'mode'], value: 'read-write', remedy: "use 'read'" },
];

/** Reports each such word; returns their paths, so that nothing else is said about them. */
export function findUnsupported(source: Source, problems: Problems): Path[] {
  const found: Path[] = [];
  for (const { path, value, remedy } of UNSUPPORTED) {
    for (const [at, tree] of matches(source.root, path, [])) {
      if (value !== undefined && tree !== value) continue;
      const word = value === undefined ? `'${path.at(-1)}'` : `'${value}'`;
      problems.add(
        'MANIFEST_UNSUPPORTED',
        at,
        `${word} cannot be enforced by this build — ${remedy}`,
        value === undefined ? 'key' : 'value',
      );
      found.push(at);
    }
  }
  return found;
}

function* matches(tree: Tree | undefined, pattern: readonly string[], at: Path): Generator<[Path, Tree]> {
  const [step, ...rest] = pattern;
  if (step === undefined) {
    if (tree !== undefined) yield [at, tree];
  } else if (isTreeMap(tree)) {
    const keys = step === '*' ? Object.keys(tree) : Object.hasOwn(tree, step) ? [step] : [];
    for (const key of keys) yield* matches(tree[key], rest, [...at, key]);
  }
}
