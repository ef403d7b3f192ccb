import type { ValType } from '../wasm/types.ts';

/**
 * Collects generated JavaScript. Its text comes from this folder alone: whatever stems from a guest (names, type
 * descriptions) goes in as a numbered constant, never as text, so that no name can become code.
 */
export class Emitter {
  readonly #constants: unknown[] = [];
  readonly #constantNames = new Map<unknown, string>();
  readonly #functions: string[] = [];
  readonly #helpers = new Map<string, Map<ValType, string>>();
  #names = 0;

  /** An identifier that holds `value`. */
  constant(value: unknown): string {
    let name = this.#constantNames.get(value);
    if (name === undefined) {
      name = `k${this.#constants.push(value) - 1}`;
      this.#constantNames.set(value, name);
    }
    return name;
  }

  /** A new identifier. */
  fresh(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  /** The name of the function that plays `role` for `type`, made once. `body` gives parameters and statements. */
  helper(role: string, type: ValType, params: string, body: () => string): string {
    let names = this.#helpers.get(role);
    if (names === undefined) {
      names = new Map();
      this.#helpers.set(role, names);
    }
    let name = names.get(type);
    if (name === undefined) {
      name = this.fresh(role);
      names.set(type, name);
      this.#functions.push(`function ${name}(${params}) {\n${body()}\n}`);
    }
    return name;
  }

  /** Adds a function and gives its name. */
  define(prefix: string, params: string, body: string, isAsync = false): string {
    const name = this.fresh(prefix);
    this.#functions.push(`${isAsync ? 'async ' : ''}function ${name}(${params}) {\n${body}\n}`);
    return name;
  }

  /** Compiles everything collected and gives the value of `result`, an expression over the names handed out. */
  run(library: Readonly<Record<string, unknown>>, result: string): unknown {
    const constants = this.#constants.map((_, i) => `k${i} = K[${i}]`);
    const source = [
      '"use strict";',
      `const { ${Object.keys(library).join(', ')} } = L;`,
      constants.length > 0 ? `const ${constants.join(', ')};` : '',
      ...this.#functions,
      `return ${result};`,
    ].join('\n');
    return new Function('K', 'L', source)(this.#constants, library);
  }
}
