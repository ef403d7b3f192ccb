import type { FuncType, ValType } from './types.ts';

/** How a resource is written; by default by its number, since types do not hold names. */
export type ResourceName = (resource: number) => string;

const byNumber: ResourceName = (resource) => `resource-${resource}`;

/** Longer types are cut in the middle of an error; types themselves can be 100,000 nodes. */
const MAX_CHARACTERS = 2000;

/**
 * A type in WIT syntax. Records, variants, enums and flags are written in place (`record { x: u32 }`), since a resolved
 * type has lost the name it was declared under.
 */
export function formatType(type: ValType, resourceName: ResourceName = byNumber): string {
  return new Printer(resourceName).value(type).text();
}

/** `func(text: string) -> result<u32, string>`, or with a name `name: func(...)`. */
export function formatFunc(type: FuncType, resourceName: ResourceName = byNumber): string {
  return new Printer(resourceName).func(type).text();
}

class Printer {
  private readonly resourceName: ResourceName;
  private readonly parts: string[] = [];
  private length = 0;

  constructor(resourceName: ResourceName) {
    this.resourceName = resourceName;
  }

  text(): string {
    const text = this.parts.join('');
    return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
  }

  func(type: FuncType): this {
    this.put(type.async ? 'async func(' : 'func(');
    this.list(type.params, (param) => this.put(`${param.name}: `).value(param.type));
    this.put(')');
    return type.result === null ? this : this.put(' -> ').value(type.result);
  }

  value(type: ValType): this {
    if (this.length > MAX_CHARACTERS) return this;
    switch (type.kind) {
      case 'list':
        return this.put('list<')
          .value(type.element)
          .put(type.length === undefined ? '>' : `, ${type.length}>`);
      case 'record':
        return this.put('record { ')
          .list(type.fields, (field) => this.put(`${field.name}: `).value(field.type))
          .put(' }');
      case 'tuple':
        return this.put('tuple<')
          .list(type.elements, (element) => this.value(element))
          .put('>');
      case 'variant':
        return this.put('variant { ')
          .list(type.cases, (item) => this.put(item.name).payload(item.type))
          .put(' }');
      case 'enum':
      case 'flags':
        return this.put(`${type.kind} { `)
          .list(type.names, (name) => this.put(name))
          .put(' }');
      case 'option':
        return this.put('option<').value(type.some).put('>');
      case 'result':
        return this.result(type.ok, type.err);
      case 'own':
        return this.put(this.resourceName(type.resource));
      case 'borrow':
        return this.put(`borrow<${this.resourceName(type.resource)}>`);
      case 'stream':
      case 'future':
        return type.element === null ? this.put(type.kind) : this.put(`${type.kind}<`).value(type.element).put('>');
      default:
        return this.put(type.kind);
    }
  }

  private result(ok: ValType | null, err: ValType | null): this {
    if (err === null) return ok === null ? this.put('result') : this.put('result<').value(ok).put('>');
    this.put('result<');
    (ok === null ? this.put('_') : this.value(ok)).put(', ');
    return this.value(err).put('>');
  }

  private payload(type: ValType | null): this {
    return type === null ? this : this.put('(').value(type).put(')');
  }

  private list<T>(items: readonly T[], print: (item: T) => unknown): this {
    for (const [index, item] of items.entries()) {
      if (this.length > MAX_CHARACTERS) return this;
      if (index > 0) this.put(', ');
      print(item);
    }
    return this;
  }

  private put(text: string): this {
    this.parts.push(text);
    this.length += text.length;
    return this;
  }
}
