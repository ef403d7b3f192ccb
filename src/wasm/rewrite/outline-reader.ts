import { type OnIndex, skipConstExpr } from '../const-expr.ts';
import { type CoreTypeEntry, CoreTypeNumbers, readTypeSection } from '../core-type-section.ts';
import { type CoreFuncType, readLimits, readRefType, readValType, type TypeName } from '../core-types.ts';
import type { Section } from '../limit-sections.ts';
import { WASM_LIMITS } from '../limits.ts';
import { quote } from '../quote.ts';
import type { Reader } from '../reader.ts';
import type { Outline, Range, TypedItem, Use } from './outline.ts';
import { OPEN_PREFIX, RESERVED_PREFIX } from './rewritten.ts';

/** Reads the sections one after another into an outline. */
export class OutlineReader implements Outline {
  readonly module: Uint8Array;
  readonly sections: Section[] = [];
  memories = 0;
  elements = 0;
  importedGlobals = 0;
  importedFunctions = 0;
  readonly ownMemories: Outline['ownMemories'][number][] = [];
  readonly globalItems: TypedItem[] = [];
  readonly tableItems: TypedItem[] = [];
  readonly signatures: CoreFuncType[] = [];
  readonly globalUses = new Map<number, Use[]>();
  readonly referenced = new Set<number>();
  readonly activeData: Range[] = [];
  #section = 0;
  readonly #types: CoreTypeEntry[] = [];
  #tags = 0;

  constructor(module: Uint8Array) {
    this.module = module;
  }

  get functions(): number {
    return this.signatures.length;
  }

  get tables(): number {
    return this.tableItems.length;
  }

  get globals(): number {
    return this.globalItems.length;
  }

  read(reader: Reader, section: Section): void {
    this.sections.push(section);
    this.#section = section.id;
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
          this.#constExpr(reader);
        });
        break;
      case 7:
        this.#each(reader, 'exports', () => this.#export(reader));
        break;
      case 8:
        this.#start(reader);
        break;
      case 9:
        this.#each(reader, 'element segments', () => this.#element(reader));
        break;
      case 11:
        this.#each(reader, 'data segments', () => this.#data(reader));
        break;
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
      this.#function(reader);
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
    const index = reader.u32();
    if (index >= count) reader.fail('WASM_MALFORMED', 'An export of nothing', { offset });
    if (kind === 3) this.#use('global', index, offset, reader.offset);
  }

  /** Of a function or a global. */
  readonly #use: OnIndex = (kind, index, start, end) => {
    if (kind === 'function') this.referenced.add(index);
    else {
      const uses = this.globalUses.get(this.#section);
      if (uses === undefined) this.globalUses.set(this.#section, [{ index, start, end }]);
      else uses.push({ index, start, end });
    }
  };

  #constExpr(reader: Reader): void {
    skipConstExpr(reader, this.#typeName, this.#use);
  }

  /** A start function that is left out must not have been wrong. */
  #start(reader: Reader): void {
    const offset = reader.offset;
    const type = this.signatures[reader.u32()];
    if (type?.params.length === 0 && type.results.length === 0) return;
    reader.fail('WASM_MALFORMED', 'That is no start function', { offset });
  }

  /** Bits of the flags: 1 not active, 2 with a table (active) or declarative, 4 expressions in place of functions. */
  #element(reader: Reader): void {
    const flags = reader.u32();
    if (flags > 7) reader.fail('WASM_MALFORMED', 'An unknown kind of element segment');
    const isActive = (flags & 1) === 0;
    if (isActive) {
      const offset = reader.offset;
      const table = (flags & 2) === 0 ? 0 : reader.u32();
      if (table >= this.tables) reader.fail('WASM_MALFORMED', `There is no table ${table}`, { offset });
      this.#constExpr(reader);
    }
    const hasExpressions = (flags & 4) !== 0;
    if ((flags & 3) !== 0) {
      if (hasExpressions) readRefType(reader, this.#typeName);
      else reader.expect(0, 'The kind of elements');
    }
    for (let n = reader.u32(); n > 0; n--) {
      if (hasExpressions) this.#constExpr(reader);
      else this.referenced.add(reader.u32());
    }
    this.elements++;
  }

  #data(reader: Reader): void {
    const flags = reader.u32();
    if (flags > 2) reader.fail('WASM_MALFORMED', 'An unknown kind of data segment');
    const isActive = flags !== 1;
    if (isActive) {
      const offset = reader.offset;
      const memory = flags === 2 ? reader.u32() : 0;
      if (memory >= this.memories) reader.fail('WASM_MALFORMED', `There is no memory ${memory}`, { offset });
      this.#constExpr(reader);
    }
    const start = reader.offset;
    reader.skip(reader.u32());
    if (isActive) this.activeData.push({ start, end: reader.offset });
  }

  #name(reader: Reader): void {
    const offset = reader.offset;
    const name = reader.name();
    if (!name.startsWith(RESERVED_PREFIX) || name.startsWith(OPEN_PREFIX)) return;
    reader.fail('WASM_RESERVED_NAME', `The module uses the name ${quote(name)}, which is the runtime's`, { offset });
  }

  #function(reader: Reader): void {
    const offset = reader.offset;
    const type = this.#types[reader.u32()]?.func;
    if (type === undefined || type === null) reader.fail('WASM_MALFORMED', 'That is no function type', { offset });
    else this.signatures.push(type);
  }

  #table(reader: Reader): void {
    // 0x40 0x00 announces a table with an initialiser; no reference type is written 0x40.
    const hasInitialiser = reader.peek() === 0x40;
    if (hasInitialiser) {
      reader.skip(1);
      reader.expect(0, 'The second byte of a table with an initialiser');
    }
    this.#tableType(reader, false);
    if (hasInitialiser) this.#constExpr(reader);
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
