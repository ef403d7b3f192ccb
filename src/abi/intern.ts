import type { FuncType, ValType } from '../wasm/types.ts';

/**
 * Makes equal types one object, so that code for them is made once: a plan that was read back from disk has a copy of a
 * type wherever it is used. Types nest no deeper than the decoder allowed.
 */
export class TypeInterner {
  readonly #known = new Map<string, ValType>();
  readonly #seen = new Map<ValType, ValType>();
  readonly #numbers = new Map<ValType, number>();

  func(type: FuncType): FuncType {
    return {
      params: type.params.map((param) => ({ name: param.name, type: this.type(param.type) })),
      result: this.#optional(type.result),
      async: type.async,
    };
  }

  type(type: ValType): ValType {
    const seen = this.#seen.get(type);
    if (seen !== undefined) return seen;
    const interned = this.#intern(type);
    this.#seen.set(type, interned);
    // Its own answers come back as they are.
    this.#seen.set(interned, interned);
    return interned;
  }

  #intern(type: ValType): ValType {
    const shallow = this.#withInternedParts(type);
    const key = JSON.stringify(shallow, (_, part) => this.#numbers.get(part) ?? part);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, shallow);
    this.#numbers.set(shallow, this.#numbers.size);
    return shallow;
  }

  #optional(type: ValType | null): ValType | null {
    return type === null ? null : this.type(type);
  }

  #withInternedParts(type: ValType): ValType {
    switch (type.kind) {
      case 'list':
        return { ...type, element: this.type(type.element) };
      case 'record':
        return { ...type, fields: type.fields.map((field) => ({ name: field.name, type: this.type(field.type) })) };
      case 'tuple':
        return { ...type, elements: type.elements.map((element) => this.type(element)) };
      case 'variant':
        return { ...type, cases: type.cases.map((one) => ({ name: one.name, type: this.#optional(one.type) })) };
      case 'option':
        return { ...type, some: this.type(type.some) };
      case 'result':
        return { ...type, ok: this.#optional(type.ok), err: this.#optional(type.err) };
      default:
        return { ...type };
    }
  }
}
