import { formatFunc, formatType } from './format.ts';
import { quote } from './quote.ts';
import type { Case, Field, FuncType, ValType } from './types.ts';

/** Are these two resources, of the actual and of the expected type, the same? */
export type SameResource = (actual: number, expected: number) => boolean;

/**
 * Can a function or value of type `actual` stand where `expected` is asked for? Component-model subtyping is equality
 * of structure here: names, order and number of fields, cases and parameters all count.
 * `resources` maps each resource of `expected` to the resource of `actual` that stands for it; without it, numbers are
 * compared. Source: Explainer.md "Type Checking".
 */
export function isSubtype(
  actual: FuncType | ValType,
  expected: FuncType | ValType,
  resources?: ReadonlyMap<number, number>,
): boolean {
  return explainMismatch(actual, expected, resources) === null;
}

/** Null when `actual` fits `expected`; otherwise where they part, and both types. */
export function explainMismatch(
  actual: FuncType | ValType,
  expected: FuncType | ValType,
  resources?: ReadonlyMap<number, number>,
): string | null {
  const same: SameResource = (a, b) => (resources === undefined ? a === b : resources.get(b) === a);
  return new Comparison(same).explain(actual, expected);
}

export class Comparison {
  private readonly same: SameResource;
  /** Told about the work, to bound it. */
  private readonly take: (steps: number) => void;
  /** Pairs already found equal: without it, a type that shares parts is compared exponentially often. */
  private readonly equal = new Map<ValType, Set<ValType>>();

  constructor(same: SameResource, take: (steps: number) => void = () => {}) {
    this.same = same;
    this.take = take;
  }

  explain(actual: FuncType | ValType, expected: FuncType | ValType): string | null {
    if (isFunc(actual) && isFunc(expected)) return this.func(actual, expected);
    if (!isFunc(actual) && !isFunc(expected)) return this.value(actual, expected);
    return mismatch(actual, expected);
  }

  func(actual: FuncType, expected: FuncType): string | null {
    if (actual.async !== expected.async) return mismatch(actual, expected);
    return (
      this.fields('parameter', actual.params, expected.params) ??
      this.optional('the result', actual.result, expected.result)
    );
  }

  value(actual: ValType, expected: ValType): string | null {
    this.take('names' in actual ? actual.names.length : 1);
    if (this.equal.get(actual)?.has(expected)) return null;
    const problem = this.compare(actual, expected);
    if (problem === null) {
      const partners = this.equal.get(actual) ?? new Set();
      this.equal.set(actual, partners.add(expected));
    }
    return problem;
  }

  private compare(actual: ValType, expected: ValType): string | null {
    switch (actual.kind) {
      case 'list':
        if (expected.kind !== 'list' || actual.length !== expected.length) break;
        return at('the element', this.value(actual.element, expected.element));
      case 'record':
        if (expected.kind !== 'record') break;
        return this.fields('field', actual.fields, expected.fields);
      case 'variant':
        if (expected.kind !== 'variant') break;
        return this.cases(actual.cases, expected.cases);
      case 'tuple':
        if (expected.kind !== 'tuple') break;
        return this.elements(actual.elements, expected.elements);
      case 'flags':
      case 'enum':
        if (expected.kind !== actual.kind || actual.names.join() !== expected.names.join()) break;
        return null;
      case 'option':
        if (expected.kind !== 'option') break;
        return at('the option', this.value(actual.some, expected.some));
      case 'result':
        if (expected.kind !== 'result') break;
        return this.optional('ok', actual.ok, expected.ok) ?? this.optional('err', actual.err, expected.err);
      case 'own':
      case 'borrow':
        if (expected.kind !== actual.kind) break;
        return this.same(actual.resource, expected.resource) ? null : 'the resource types are not the same';
      case 'stream':
      case 'future':
        if (expected.kind !== actual.kind) break;
        return this.optional('the element', actual.element, expected.element);
      default:
        if (actual.kind === expected.kind) return null;
    }
    return mismatch(actual, expected);
  }

  private fields(what: string, actual: readonly Field[], expected: readonly Field[]): string | null {
    if (actual.length !== expected.length) return `expected ${expected.length} ${what}s, found ${actual.length}`;
    for (const [index, field] of expected.entries()) {
      const found = actual[index];
      if (found?.name !== field.name) return `expected ${what} ${quote(field.name)}, found ${quote(found?.name ?? '')}`;
      const problem = this.value(found.type, field.type);
      if (problem !== null) return `${what} ${quote(field.name)}: ${problem}`;
    }
    return null;
  }

  private cases(actual: readonly Case[], expected: readonly Case[]): string | null {
    if (actual.length !== expected.length) return `expected ${expected.length} cases, found ${actual.length}`;
    for (const [index, item] of expected.entries()) {
      const found = actual[index];
      if (found?.name !== item.name) return `expected case ${quote(item.name)}, found ${quote(found?.name ?? '')}`;
      const problem = this.optional(`case ${quote(item.name)}`, found.type, item.type);
      if (problem !== null) return problem;
    }
    return null;
  }

  private elements(actual: readonly ValType[], expected: readonly ValType[]): string | null {
    if (actual.length !== expected.length) return `expected ${expected.length} elements, found ${actual.length}`;
    for (const [index, element] of expected.entries()) {
      const found = actual[index];
      const problem = found === undefined ? 'missing' : this.value(found, element);
      if (problem !== null) return `element ${index}: ${problem}`;
    }
    return null;
  }

  private optional(what: string, actual: ValType | null, expected: ValType | null): string | null {
    if (actual === null || expected === null) {
      if (actual === expected) return null;
      const show = (type: ValType | null) => (type === null ? 'none' : `\`${formatType(type)}\``);
      return `${what}: expected ${show(expected)}, found ${show(actual)}`;
    }
    return at(what, this.value(actual, expected));
  }
}

function isFunc(type: FuncType | ValType): type is FuncType {
  return 'params' in type;
}

function at(what: string, problem: string | null): string | null {
  return problem === null ? null : `${what}: ${problem}`;
}

function mismatch(actual: FuncType | ValType, expected: FuncType | ValType): string {
  const show = (type: FuncType | ValType) => (isFunc(type) ? formatFunc(type) : formatType(type));
  return `expected \`${show(expected)}\`, found \`${show(actual)}\``;
}
