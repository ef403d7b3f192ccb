import { skipConstExpr } from './const-expr.ts';
import { CORE_SECTION_NAMES, CORE_SECTION_ORDER } from './core-sections.ts';
import { type CoreTypeEntry, CoreTypeNumbers, readTypeSection } from './core-type-section.ts';
import {
  type CoreExtern,
  type CoreFuncType,
  readLimits,
  readRefType,
  readValType,
  type TypeName,
} from './core-types.ts';
import { WASM_LIMITS } from './limits.ts';
import type { CustomSection, ModuleExport, ModuleImport, ModuleInfo } from './module-info.ts';
import type { ModuleRange } from './plan.ts';
import { quote } from './quote.ts';
import { Reader } from './reader.ts';

export type { ModuleInfo } from './module-info.ts';

/**
 * Reads the outside of a core module: everything but code, element and data segments, which are only counted (their
 * validity is the engine's to check). Throws WASM_TRUNCATED, WASM_MALFORMED, WASM_LIMIT or WASM_UNSUPPORTED.
 * Source: WebAssembly core specification 3.0, "Binary Format", "Modules".
 */
export function inspectModule(bytes: Uint8Array, range: ModuleRange = { start: 0, end: bytes.length }): ModuleInfo {
  const whole = Reader.over(bytes, 'core module');
  whole.skip(range.start);
  return readModule(whole.part(range.end - range.start, 'core module'), new CoreTypeNumbers());
}

/** The same for a module inside a component, whose types are compared with those of its other modules. */
export function readModule(reader: Reader, numbers: CoreTypeNumbers): ModuleInfo {
  if (reader.remaining < 8) reader.fail('WASM_TRUNCATED', 'A core module has a header of 8 bytes');
  for (const byte of [0x00, 0x61, 0x73, 0x6d]) reader.expect(byte, 'The magic number');
  for (const byte of [0x01, 0x00, 0x00, 0x00]) reader.expect(byte, 'The version');
  const module = new ModuleReader(numbers);
  let last = -1;
  while (!reader.done) {
    const offset = reader.offset;
    const id = reader.byte();
    const name = CORE_SECTION_NAMES[id];
    if (name === undefined) reader.unknown(id, 'section of a core module');
    const section = reader.part(reader.u32(), `core module, ${name} section`);
    if (id !== 0) {
      const position = CORE_SECTION_ORDER.indexOf(id);
      if (position <= last) reader.fail('WASM_MALFORMED', `The ${name} section is out of order`, { offset });
      last = position;
    }
    module.section(id, section);
    section.assertDone();
  }
  return module.finish(reader);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class ModuleReader {
  private readonly numbers: CoreTypeNumbers;
  private readonly types: CoreTypeEntry[] = [];
  private readonly imports: ModuleImport[] = [];
  private readonly exports: ModuleExport[] = [];
  private readonly exportNames = new Set<string>();
  private readonly functions: CoreFuncType[] = [];
  private readonly tags: CoreFuncType[] = [];
  private readonly memories: Mutable<ModuleInfo>['memories'][number][] = [];
  private readonly tables: Mutable<ModuleInfo>['tables'][number][] = [];
  private readonly globals: Mutable<ModuleInfo>['globals'][number][] = [];
  private readonly custom: CustomSection[] = [];
  private start: number | null = null;
  private importedFunctions = 0;
  private bodies = 0;
  private codeBytes = 0;
  private dataSegments = 0;
  private announcedData: number | null = null;
  private elementSegments = 0;

  constructor(numbers: CoreTypeNumbers) {
    this.numbers = numbers;
  }

  section(id: number, reader: Reader): void {
    switch (id) {
      case 0:
        this.readCustom(reader);
        return;
      case 1:
        readTypeSection(reader, this.types, this.numbers);
        return;
      case 2:
        this.each(reader, 'imports', () => this.readImport(reader));
        return;
      case 3:
        this.each(reader, 'functions', () => this.add(reader, { kind: 'func', type: this.readTypeUse(reader) }));
        return;
      case 4:
        this.each(reader, 'tables', () => this.readTable(reader));
        return;
      case 5:
        this.each(reader, 'memories', () => this.add(reader, readMemory(reader)));
        return;
      case 6:
        this.each(reader, 'globals', () => {
          this.add(reader, this.readGlobal(reader));
          skipConstExpr(reader, this.typeName(reader));
        });
        return;
      case 7:
        this.each(reader, 'exports', () => this.readExport(reader));
        return;
      case 8:
        this.start = reader.u32();
        if (this.functions[this.start] === undefined) reader.fail('WASM_MALFORMED', 'There is no such start function');
        return;
      case 9:
        this.elementSegments = reader.count(WASM_LIMITS.maxCoreItems, 'element segments');
        reader.skip(reader.remaining);
        return;
      case 10:
        this.bodies = reader.count(WASM_LIMITS.maxCoreItems, 'function bodies');
        this.codeBytes = reader.remaining;
        reader.skip(reader.remaining);
        return;
      case 11:
        this.dataSegments = reader.count(WASM_LIMITS.maxDataSegments, 'data segments');
        reader.skip(reader.remaining);
        return;
      case 12:
        this.announcedData = reader.u32();
        return;
      case 13:
        this.each(reader, 'tags', () => this.add(reader, this.readTag(reader)));
        return;
    }
  }

  finish(reader: Reader): ModuleInfo {
    const defined = this.functions.length - this.importedFunctions;
    if (defined !== this.bodies) reader.fail('WASM_MALFORMED', `${defined} functions have ${this.bodies} bodies`);
    if (this.announcedData !== null && this.announcedData !== this.dataSegments) {
      reader.fail(
        'WASM_MALFORMED',
        `${this.announcedData} data segments are announced, ${this.dataSegments} are there`,
      );
    }
    return {
      imports: this.imports,
      exports: this.exports,
      memories: this.memories,
      tables: this.tables,
      globals: this.globals,
      hasStart: this.start !== null,
      counts: {
        types: this.types.length,
        functions: this.functions.length,
        importedFunctions: this.importedFunctions,
        dataSegments: this.dataSegments,
        elementSegments: this.elementSegments,
        codeBytes: this.codeBytes,
      },
      custom: this.custom,
    };
  }

  private each(reader: Reader, what: string, item: () => void): void {
    const count = reader.count(WASM_LIMITS.maxCoreItems, what);
    for (let index = 0; index < count; index++) item();
  }

  private typeName(reader: Reader): TypeName {
    return (index) => `@${(this.types[index] ?? reader.fail('WASM_MALFORMED', `There is no type ${index}`)).id}`;
  }

  private readCustom(reader: Reader): void {
    const name = reader.name();
    this.custom.push({ name, size: reader.remaining });
    reader.skip(reader.remaining);
  }

  private readTypeUse(reader: Reader): CoreFuncType {
    const index = reader.u32();
    return this.types[index]?.func ?? reader.fail('WASM_MALFORMED', `Type ${index} is no function type`);
  }

  private readGlobal(reader: Reader): CoreExtern {
    const type = readValType(reader, this.typeName(reader));
    const mutable = reader.byte();
    if (mutable > 1) reader.unknown(mutable, 'mutability');
    return { kind: 'global', type, mutable: mutable === 1 };
  }

  private readTag(reader: Reader): CoreExtern {
    reader.expect(0, 'The attribute of a tag');
    return { kind: 'tag', type: this.readTypeUse(reader) };
  }

  private readImport(reader: Reader): void {
    const module = reader.name();
    const name = reader.name();
    const type = this.readExternType(reader);
    this.imports.push({ module, name, type });
    this.add(reader, type, true);
    if (type.kind === 'func') this.importedFunctions += 1;
  }

  private readExternType(reader: Reader): CoreExtern {
    const kind = reader.byte();
    switch (kind) {
      case 0:
        return { kind: 'func', type: this.readTypeUse(reader) };
      case 1:
        return readTableType(reader, this.typeName(reader));
      case 2:
        return readMemory(reader);
      case 3:
        return this.readGlobal(reader);
      case 4:
        return this.readTag(reader);
    }
    return reader.unknown(kind, 'kind of import');
  }

  private readTable(reader: Reader): void {
    const hasInit = reader.peek() === 0x40;
    if (hasInit) {
      reader.skip(1);
      reader.expect(0, 'The byte after 0x40');
    }
    this.add(reader, readTableType(reader, this.typeName(reader)));
    if (hasInit) skipConstExpr(reader, this.typeName(reader));
  }

  private readExport(reader: Reader): void {
    const offset = reader.offset;
    const name = reader.name();
    if (this.exportNames.has(name)) reader.fail('WASM_MALFORMED', `Two exports are named ${quote(name)}`, { offset });
    this.exportNames.add(name);
    const kind = reader.byte();
    const type = this.lookUp(kind, reader.u32());
    this.exports.push({ name, type: type ?? reader.fail('WASM_MALFORMED', 'An export of nothing', { offset }) });
  }

  private lookUp(kind: number, index: number): CoreExtern | null {
    if (kind === 1) {
      const limits = this.tables[index];
      return limits === undefined ? null : { kind: 'table', element: limits.element, limits };
    }
    if (kind === 2) {
      const limits = this.memories[index];
      return limits === undefined ? null : { kind: 'memory', limits };
    }
    if (kind === 3) {
      const global = this.globals[index];
      return global === undefined ? null : { kind: 'global', type: global.type, mutable: global.mutable };
    }
    const type = kind === 0 ? this.functions[index] : kind === 4 ? this.tags[index] : undefined;
    return type === undefined ? null : { kind: kind === 0 ? 'func' : 'tag', type };
  }

  private add(reader: Reader, type: CoreExtern, imported = false): void {
    const size = this.push(type, imported);
    const max =
      type.kind === 'memory'
        ? WASM_LIMITS.maxCoreMemories
        : type.kind === 'table'
          ? WASM_LIMITS.maxCoreTables
          : WASM_LIMITS.maxCoreItems;
    if (size > max) reader.fail('WASM_LIMIT', `More than ${max} entries of kind ${type.kind}`);
  }

  private push(type: CoreExtern, imported: boolean): number {
    switch (type.kind) {
      case 'func':
        return this.functions.push(type.type);
      case 'tag':
        return this.tags.push(type.type);
      case 'table':
        return this.tables.push({ ...type.limits, element: type.element, imported });
      case 'memory':
        return this.memories.push({ ...type.limits, imported });
      case 'global':
        return this.globals.push({ type: type.type, mutable: type.mutable, imported });
    }
  }
}

function readMemory(reader: Reader): CoreExtern {
  return { kind: 'memory', limits: readLimits(reader, 'memory') };
}

function readTableType(reader: Reader, typeName: TypeName): CoreExtern {
  return { kind: 'table', element: readRefType(reader, typeName), limits: readLimits(reader, 'table') };
}
