import { skipConstExpr } from '../const-expr.ts';
import { CORE_SECTION_NAMES, CORE_SECTION_ORDER } from '../core-sections.ts';
import { type CoreTypeEntry, CoreTypeNumbers, readTypeSection } from '../core-type-section.ts';
import { readLimits, readRefType, readValType, type TypeName } from '../core-types.ts';
import type { Section } from '../limit-sections.ts';
import { WASM_LIMITS } from '../limits.ts';
import { quote } from '../quote.ts';
import { Reader } from '../reader.ts';
import { type OwnMemory, RESERVED_PREFIX } from './rewritten.ts';

/** A global or table, and where its type stands as text: references to functions of any type are `(ref null func)`. */
export interface TypedItem {
  readonly type: string;
  readonly mutable: boolean;
  readonly imported: boolean;
}

/** A core module without its code: what it counts, and where its sections are. Imported things come first in each count. */
export interface Outline {
  readonly module: Uint8Array;
  readonly sections: readonly Section[];
  readonly memories: number;
  readonly tables: number;
  readonly globals: number;
  readonly functions: number;
  readonly elements: number;
  readonly importedGlobals: number;
  readonly importedFunctions: number;
  /** With the bytes of their limits. */
  readonly ownMemories: readonly (OwnMemory & { readonly limits: Uint8Array })[];
  readonly globalItems: readonly TypedItem[];
  readonly tableItems: readonly TypedItem[];
  /** How many parameters each of the module's own functions has. */
  readonly parameters: readonly number[];
}

/** Throws WASM_*, LIMIT_SHARED and WASM_RESERVED_NAME. */
export function readOutline(module: Uint8Array): Outline {
  const whole = Reader.over(module, 'core module');
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) whole.expect(byte, 'A byte of the header');
  const outline = new OutlineReader(module);
  let last = -1;
  while (!whole.done) {
    const start = whole.offset;
    const id = whole.byte();
    const name = CORE_SECTION_NAMES[id];
    if (name === undefined) whole.unknown(id, 'section of a core module');
    const size = whole.u32();
    const content = whole.offset;
    const position = id === 0 ? last : CORE_SECTION_ORDER.indexOf(id);
    // A section that is left out or made anew must not have stood where it may not.
    if (id !== 0 && position <= last)
      whole.fail('WASM_MALFORMED', `The ${name} section is out of order`, { offset: start });
    last = position;
    const part = whole.part(size, `core module, ${name} section`);
    outline.read(part, { id, start, content, end: content + size });
  }
  return outline;
}

class OutlineReader implements Outline {
  readonly module: Uint8Array;
  readonly sections: Section[] = [];
  memories = 0;
  functions = 0;
  elements = 0;
  importedGlobals = 0;
  importedFunctions = 0;
  readonly ownMemories: Outline['ownMemories'][number][] = [];
  readonly globalItems: TypedItem[] = [];
  readonly tableItems: TypedItem[] = [];
  readonly parameters: number[] = [];
  readonly #types: CoreTypeEntry[] = [];
  #tags = 0;

  constructor(module: Uint8Array) {
    this.module = module;
  }

  get tables(): number {
    return this.tableItems.length;
  }

  get globals(): number {
    return this.globalItems.length;
  }

  read(reader: Reader, section: Section): void {
    this.sections.push(section);
    switch (section.id) {
      case 1:
        readTypeSection(reader, this.#types, new CoreTypeNumbers());
        break;
      case 2:
        this.#each(reader, 'imports', () => this.#import(reader));
        break;
      case 3:
        this.#each(reader, 'functions', () => this.#function(reader));
        break;
      case 4:
        this.#each(reader, 'tables', () => this.#table(reader));
        break;
      case 5:
        this.#each(reader, 'memories', () => this.#memory(reader));
        break;
      case 6:
        this.#each(reader, 'globals', () => {
          this.#global(reader, false);
          skipConstExpr(reader, this.#typeName);
        });
        break;
      case 7:
        this.#each(reader, 'exports', () => this.#export(reader));
        break;
      case 9:
        this.elements = reader.count(WASM_LIMITS.maxCoreItems, 'element segments');
        return;
      case 13:
        this.#each(reader, 'tags', () => this.#tag(reader));
        break;
      default:
        return;
    }
    reader.assertDone();
  }

  #each(reader: Reader, what: string, item: () => void): void {
    for (let n = reader.count(WASM_LIMITS.maxCoreItems, what); n > 0; n--) item();
  }

  #import(reader: Reader): void {
    this.#name(reader);
    this.#name(reader);
    const kind = reader.byte();
    if (kind === 0) {
      reader.u32();
      this.functions++;
      this.importedFunctions++;
    } else if (kind === 1) {
      this.#tableType(reader, true);
    } else if (kind === 2) {
      this.#limits(reader, 'memory');
      this.memories++;
    } else if (kind === 3) {
      this.#global(reader, true);
      this.importedGlobals++;
    } else if (kind === 4) this.#tag(reader);
    else reader.unknown(kind, 'kind of import');
  }

  #export(reader: Reader): void {
    this.#name(reader);
    const kind = reader.byte();
    const offset = reader.offset;
    const counts = [this.functions, this.tables, this.memories, this.globals, this.#tags];
    const count = counts[kind] ?? reader.unknown(kind, 'kind of export');
    if (reader.u32() >= count) reader.fail('WASM_MALFORMED', 'An export of nothing', { offset });
  }

  #name(reader: Reader): void {
    const offset = reader.offset;
    const name = reader.name();
    if (!name.startsWith(RESERVED_PREFIX)) return;
    reader.fail('WASM_RESERVED_NAME', `The module uses the name ${quote(name)}, which is the runtime's`, { offset });
  }

  #function(reader: Reader): void {
    const offset = reader.offset;
    const type = this.#types[reader.u32()]?.func;
    if (type === undefined || type === null) reader.fail('WASM_MALFORMED', 'That is no function type', { offset });
    else this.parameters.push(type.params.length);
    this.functions++;
  }

  #table(reader: Reader): void {
    // 0x40 0x00 announces a table with an initialiser; no reference type is written 0x40.
    const hasInitialiser = reader.peek() === 0x40;
    if (hasInitialiser) {
      reader.skip(1);
      reader.expect(0, 'The second byte of a table with an initialiser');
    }
    this.#tableType(reader, false);
    if (hasInitialiser) skipConstExpr(reader, this.#typeName);
  }

  #tableType(reader: Reader, imported: boolean): void {
    const type = readRefType(reader, this.#typeName);
    this.#limits(reader, 'table');
    this.tableItems.push({ type, mutable: true, imported });
  }

  #global(reader: Reader, imported: boolean): void {
    const type = readValType(reader, this.#typeName);
    const mutable = reader.byte();
    if (mutable > 1) reader.unknown(mutable, 'mutability');
    this.globalItems.push({ type, mutable: mutable === 1, imported });
  }

  #tag(reader: Reader): void {
    reader.expect(0, 'The attribute of a tag');
    reader.u32();
    this.#tags++;
  }

  #memory(reader: Reader): void {
    const start = reader.offset;
    const { min, max, index64 } = this.#limits(reader, 'memory');
    const name = `memory:${this.ownMemories.length}`;
    const limits = this.module.subarray(start, reader.offset);
    this.ownMemories.push({ name, initialPages: min, maximumPages: max, index64, limits });
    this.memories++;
    if (this.memories > WASM_LIMITS.maxCoreMemories) {
      reader.fail('WASM_LIMIT', `More than ${WASM_LIMITS.maxCoreMemories} memories`, { offset: start });
    }
  }

  #limits(reader: Reader, what: 'memory' | 'table') {
    const offset = reader.offset;
    const limits = readLimits(reader, what);
    if (limits.shared) {
      reader.fail('LIMIT_SHARED', `The module has a shared ${what}: build it without threads`, { offset });
    }
    if (limits.pageBits !== 16) reader.fail('WASM_MALFORMED', 'Pages of another size than 64 KiB', { offset });
    return limits;
  }

  /** Only whether a type is one of functions matters here. */
  readonly #typeName: TypeName = (index) => (this.#types[index]?.func ? 'func' : 'data');
}
