import { camelCase, isTaggedOption } from '../abi/names.ts';
import type { ValType, World } from '../wasm/types.ts';
import { capitalised, commented, propertyKey, quoted, type Scope } from './type-names.ts';

/** `list<u8>` and its like. */
const TYPED_ARRAYS: Readonly<Record<string, string>> = {
  u8: 'Uint8Array',
  s8: 'Int8Array',
  u16: 'Uint16Array',
  s16: 'Int16Array',
  u32: 'Uint32Array',
  s32: 'Int32Array',
  u64: 'BigUint64Array',
  s64: 'BigInt64Array',
  f32: 'Float32Array',
  f64: 'Float64Array',
};

/**
 * Types of one world as TypeScript, after jco's conventions. A resolved type has lost its WIT name, so records, variants,
 * enums and flags are named after where they first occur; equal ones share their name.
 */
export class TypePrinter {
  /** Declarations that the printed types refer to. */
  readonly declarations: string[] = [];
  readonly #world: World;
  readonly #scope: Scope;
  readonly #prefix: string;
  readonly #named = new Map<string, string>();

  /** `prefix` sets the names of one world apart from those of others in the same scope. */
  constructor(world: World, scope: Scope, prefix: string) {
    this.#world = world;
    this.#scope = scope;
    this.#prefix = prefix;
  }

  get hasResources(): boolean {
    return [...this.#named.keys()].some((key) => key.startsWith('resource '));
  }

  /** `path` says where the type occurs, in WIT names. */
  print(type: ValType | null, path: readonly string[]): string {
    if (type === null) return 'undefined';
    switch (type.kind) {
      case 'bool':
        return 'boolean';
      case 's64':
      case 'u64':
        return 'bigint';
      case 'char':
      case 'string':
        return 'string';
      case 'list':
        return this.#list(type, path);
      case 'tuple':
        return `[${type.elements.map((element, i) => this.print(element, [...path, String(i)])).join(', ')}]`;
      case 'option': {
        const some = this.print(type.some, path);
        return isTaggedOption(type) ? `{ tag: 'none' } | { tag: 'some'; val: ${some} }` : `${some} | undefined`;
      }
      case 'result': {
        const [ok, err] = [this.print(type.ok, path), this.print(type.err, [...path, 'error'])];
        return `{ tag: 'ok'; val: ${ok} } | { tag: 'err'; val: ${err} }`;
      }
      case 'record':
      case 'variant':
      case 'enum':
      case 'flags':
        return this.#declared(type, path);
      case 'own':
      case 'borrow':
        return this.#resource(type.resource);
      case 'stream':
        return type.element === null
          ? 'unknown'
          : `AsyncIterable<${this.print({ kind: 'list', element: type.element }, path)}>`;
      case 'future':
        return `Promise<${this.print(type.element, path)}>`;
      case 'error-context':
        return 'unknown';
      default:
        return 'number';
    }
  }

  #list({ element }: ValType & { kind: 'list' }, path: readonly string[]): string {
    const array = Object.hasOwn(TYPED_ARRAYS, element.kind) ? TYPED_ARRAYS[element.kind] : undefined;
    return array ?? `Array<${this.print(element, [...path, 'item'])}>`;
  }

  #declared(type: ValType & { kind: 'record' | 'variant' | 'enum' | 'flags' }, path: readonly string[]): string {
    const key = JSON.stringify(type);
    const known = this.#named.get(key);
    if (known !== undefined) return known;
    const name = this.#scope.name(this.#prefix + path.map(capitalised).join(''));
    this.#named.set(key, name);
    const body = this.#body(type, path);
    this.declarations.push(
      type.kind === 'record' || type.kind === 'flags'
        ? `export interface ${name} {\n${body.map((line) => `  ${line};\n`).join('')}}`
        : `export type ${name} =${body.map((line) => `\n  | ${line}`).join('')};`,
    );
    return name;
  }

  #body(type: ValType & { kind: 'record' | 'variant' | 'enum' | 'flags' }, path: readonly string[]): string[] {
    switch (type.kind) {
      case 'record':
        return type.fields.map(({ name, type: field }) => {
          const isOptional = field.kind === 'option' && !isTaggedOption(field);
          return `${propertyKey(camelCase(name))}${isOptional ? '?' : ''}: ${this.print(field, [...path, name])}`;
        });
      case 'flags':
        return type.names.map((name) => `${propertyKey(camelCase(name))}?: boolean | undefined`);
      case 'enum':
        return type.names.map(quoted);
      case 'variant':
        return type.cases.map(({ name, type: payload }) =>
          payload === null
            ? `{ tag: ${quoted(name)} }`
            : `{ tag: ${quoted(name)}; val: ${this.print(payload, [...path, name])} }`,
        );
    }
  }

  /** A guest's own resource cannot be made by the program; what stands for one of the program's is any object. */
  #resource(number: number): string {
    const resource = this.#world.resources[number];
    if (resource?.side !== 'export') return 'object';
    const key = `resource ${number}`;
    const known = this.#named.get(key);
    if (known !== undefined) return known;
    const name = this.#scope.name(this.#prefix + capitalised(resource.name));
    this.#named.set(key, name);
    this.declarations.push(
      `/** The resource \`${commented(resource.name)}\` of one instance. Dispose it when it is not needed any more. */\n` +
        `export interface ${name} {\n  readonly [resource]: ${quoted(name)};\n  [Symbol.dispose](): void;\n}`,
    );
    return name;
  }
}
