import { FunctionBody } from './function-body.ts';
import { writeUnsigned } from './leb128.ts';
import { CORE_TYPES, type CoreType } from './opcodes.ts';

/** Core types of a function's parameters and results. */
export interface Signature {
  readonly params: readonly CoreType[];
  readonly results: readonly CoreType[];
}

const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
const FUNCREF = 0x70;
const MAX_PAGES = 65_536;
/** Source: WebAssembly Branch Hinting. */
const UNLIKELY = 0;
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, global: 6, export: 7, code: 10 } as const;

/**
 * Writes one core module. Imports come before what is defined, since they are numbered first. Names are our own text,
 * never a guest's.
 */
export class ModuleWriter {
  readonly #types: number[][] = [];
  readonly #typeIndices = new Map<string, number>();
  readonly #imports: number[][] = [];
  readonly #functions: number[][] = [];
  readonly #bodies: FunctionBody[] = [];
  readonly #tables: number[][] = [];
  readonly #globals: number[][] = [];
  readonly #exports: number[][] = [];
  readonly #counts = { function: 0, table: 0, memory: 0, global: 0 };

  type({ params, results }: Signature): number {
    const key = `${params}>${results}`;
    let index = this.#typeIndices.get(key);
    if (index === undefined) {
      const types = (list: readonly CoreType[]) => vector(list.map((type) => [CORE_TYPES[type]]));
      index = this.#types.push([0x60, ...types(params), ...types(results)]) - 1;
      this.#typeIndices.set(key, index);
    }
    return index;
  }

  importFunction(module: string, name: string, signature: Signature): number {
    return this.#import('function', module, name, unsigned(this.type(signature)));
  }

  /** Of any size, not shared. */
  importMemory(module: string, name: string): number {
    return this.#import('memory', module, name, [0, 0]);
  }

  /** Of any size, shared between threads. */
  importSharedMemory(module: string, name: string): number {
    return this.#import('memory', module, name, [3, 0, ...unsigned(MAX_PAGES)]);
  }

  /** Immutable. */
  importGlobal(module: string, name: string, type: CoreType): number {
    return this.#import('global', module, name, [CORE_TYPES[type], 0]);
  }

  /** A mutable i32. */
  global(initial: -1 | 0): number {
    this.#globals.push([CORE_TYPES.i32, 1, 0x41, initial & 0x7f, 0x0b]);
    return this.#counts.global++;
  }

  /** A table of functions, of fixed size. */
  table(size: number): number {
    this.#tables.push([FUNCREF, 1, ...unsigned(size), ...unsigned(size)]);
    return this.#counts.table++;
  }

  /** A function, to be written before `finish`. */
  define(signature: Signature): { readonly index: number; readonly body: FunctionBody } {
    const body = new FunctionBody(signature.params.length);
    this.#functions.push(unsigned(this.type(signature)));
    this.#bodies.push(body);
    return { index: this.#counts.function++, body };
  }

  export(name: string, kind: keyof typeof KIND, index: number): void {
    this.#exports.push([...text(name), KIND[kind], ...unsigned(index)]);
  }

  finish(): Uint8Array {
    const bodies = this.#bodies.map((body) => body.finish());
    const firstDefined = this.#counts.function - bodies.length;
    const hints = bodies.map(({ rare }, i) => [
      ...unsigned(firstDefined + i),
      ...vector(rare.map((position) => [...unsigned(position), 1, UNLIKELY])),
    ]);
    return Uint8Array.from(
      [
        HEADER,
        ...section(SECTION.type, this.#types),
        ...section(SECTION.import, this.#imports),
        ...section(SECTION.function, this.#functions),
        ...section(SECTION.table, this.#tables),
        ...section(SECTION.global, this.#globals),
        ...section(SECTION.export, this.#exports),
        ...custom('metadata.code.branch_hint', hints),
        ...section(
          SECTION.code,
          bodies.map(({ code }) => [...unsigned(code.length), ...code]),
        ),
      ].flat(),
    );
  }

  #import(kind: keyof typeof KIND, module: string, name: string, description: readonly number[]): number {
    if (this.#functions.length + this.#globals.length + this.#tables.length > 0) {
      throw new Error('Imports come before what a module defines');
    }
    this.#imports.push([...text(module), ...text(name), KIND[kind], ...description]);
    return this.#counts[kind]++;
  }
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  writeUnsigned(bytes, value);
  return bytes;
}

const text = (value: string): number[] => {
  const bytes = Buffer.from(value);
  return [...unsigned(bytes.length), ...bytes];
};

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];

function custom(name: string, items: readonly (readonly number[])[]): number[][] {
  const content = [...text(name), ...vector(items)];
  return [[SECTION.custom, ...unsigned(content.length)], content];
}

function section(id: number, items: readonly (readonly number[])[]): number[][] {
  if (items.length === 0) return [];
  const content = vector(items);
  return [[id, ...unsigned(content.length)], content];
}
