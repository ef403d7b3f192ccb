import { types } from 'node:util';
import { DOCUMENT_LIMITS } from './defaults.ts';
import { findUnprintable } from './printable.ts';
import type { Problems } from './problems.ts';
import { type Path, Source, type Tree } from './source.ts';

/**
 * A manifest given as a JavaScript object: copied once into a tree, so that what was checked is what is used. Only own
 * enumerable data properties count; accessors, proxies, symbols, functions, class instances and cycles are refused, and
 * no code of the object runs. A property that is `undefined` counts as absent. Returns null when problems were found.
 */
export function readObject(input: object, problems: Problems): Source | null {
  const reader = new ObjectReader(problems);
  const root = reader.read(input, [], new Set()) ?? null;
  return problems.isEmpty ? new Source(root, null) : null;
}

class ObjectReader {
  readonly #problems: Problems;
  #nodes = 0;
  #textLength = 0;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  read(value: unknown, path: Path, around: ReadonlySet<object>): Tree | undefined {
    this.#nodes += 1;
    if (this.#isPastLimit()) return null;
    if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'number') return value;
    if (typeof value === 'string') return this.#text(value, path);
    if (typeof value !== 'object') return this.#refuse(path, `a ${typeof value} is refused — give plain data`);
    if (types.isProxy(value)) return this.#refuse(path, 'a proxy is refused — give plain data');
    if (around.has(value)) return this.#refuse(path, 'the object contains itself — give a tree');
    if (around.size >= DOCUMENT_LIMITS.maxDepth) {
      this.#problems.add('MANIFEST_LIMIT', path, `nested deeper than ${DOCUMENT_LIMITS.maxDepth} — flatten it`);
      return null;
    }
    const inside = new Set(around).add(value);
    if (Array.isArray(value)) return this.#list(value, path, inside);
    return isPlainObject(value)
      ? this.#map(value, path, inside)
      : this.#refuse(path, 'an instance of a class is refused — give plain data');
  }

  #list(list: readonly unknown[], path: Path, inside: ReadonlySet<object>): Tree {
    const items: Tree[] = [];
    for (let index = 0; index < list.length; index++) {
      const at = [...path, index];
      const property = Object.getOwnPropertyDescriptor(list, index);
      if (property === undefined || !('value' in property))
        return this.#refuse(at, 'a hole or an accessor in a list is refused — give plain data');
      items.push(this.read(property.value, at, inside) ?? null);
      if (this.#isPastLimit()) break;
    }
    return items;
  }

  #map(object: object, path: Path, inside: ReadonlySet<object>): Tree {
    const map: Record<string, Tree> = Object.create(null);
    for (const key of Reflect.ownKeys(object)) {
      const property = Object.getOwnPropertyDescriptor(object, key);
      if (property?.enumerable !== true) continue;
      if (typeof key === 'symbol') return this.#refuse(path, 'a symbol as key is refused — use strings');
      const at = [...path, key];
      if (key === '__proto__') {
        this.#problems.add('MANIFEST_UNKNOWN_KEY', at, 'this key is refused everywhere — take it out');
        continue;
      }
      if (!('value' in property)) return this.#refuse(at, 'an accessor is refused — give plain data');
      const value = this.read(property.value, at, inside);
      if (value !== undefined) map[key] = value;
      if (this.#isPastLimit()) break;
    }
    return map;
  }

  #text(text: string, path: Path): Tree {
    this.#textLength += text.length;
    if (findUnprintable(text) < 0) return text;
    this.#problems.add('MANIFEST_VALUE', path, 'an unprintable character is refused — take it out');
    return null;
  }

  #refuse(path: Path, text: string): null {
    this.#problems.add('MANIFEST_TYPE', path, text);
    return null;
  }

  #isPastLimit(): boolean {
    const { maxNodes, maxBytes } = DOCUMENT_LIMITS;
    if (this.#nodes <= maxNodes && this.#textLength <= maxBytes) return false;
    this.#problems.add('MANIFEST_LIMIT', [], `more than ${maxNodes} values or ${maxBytes} characters — shorten it`);
    return true;
  }
}

/** Also of another realm: its prototype is the end of the chain. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  return typeof prototype === 'object' && !types.isProxy(prototype) && Object.getPrototypeOf(prototype) === null;
}
