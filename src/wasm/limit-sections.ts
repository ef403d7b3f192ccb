import { CofferdamError } from '../error.ts';
import { skipConstExpr } from './const-expr.ts';
import { type CoreLimits, readLimits, readRefType, readValType } from './core-types.ts';
import { WASM_LIMITS } from './limits.ts';
import { Reader } from './reader.ts';

/**
 * A memory or table that a core module imports or defines, and where its limits stand. Only the framing of sections
 * and the import, table and memory sections are read; everything else is the engine's to judge. Source: WebAssembly
 * core specification 3.0, "Binary Format", "Modules".
 */
export interface Declared {
  readonly kind: 'memory' | 'table';
  readonly imported: boolean;
  /** Pages of 64 KiB for a memory, entries for a table. A number past 2^53 is rounded: it is above every limit. */
  readonly limits: CoreLimits;
  /** Where the limits (flags, minimum, maximum) stand in the module. */
  readonly start: number;
  readonly end: number;
  /** The section it stands in. */
  readonly section: Section;
}

export interface Section {
  readonly id: number;
  /** Where the id stands, where the content starts and ends. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

const IMPORT_SECTION = 2;
const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;

/** In file order. Throws LIMIT_SHARED, and WASM_* for bytes that cannot be read. */
export function readDeclared(module: Uint8Array): Declared[] {
  const reader = Reader.over(module, 'core module');
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) reader.expect(byte, 'A byte of the header');
  const found: Declared[] = [];
  while (!reader.done) {
    const start = reader.offset;
    const id = reader.byte();
    const size = reader.u32();
    const content = reader.offset;
    const part = reader.part(size, 'section of a core module');
    readSection(part, { id, start, content, end: content + size }, found);
  }
  return found;
}

function readSection(reader: Reader, section: Section, found: Declared[]): void {
  const declare = (kind: Declared['kind'], imported: boolean) => found.push(declared(reader, kind, imported, section));
  if (section.id === IMPORT_SECTION) {
    for (let n = reader.count(WASM_LIMITS.maxCoreItems, 'imports'); n > 0; n--) readImport(reader, declare);
  } else if (section.id === TABLE_SECTION) {
    for (let n = reader.count(WASM_LIMITS.maxCoreTables, 'tables'); n > 0; n--) readTable(reader, declare);
  } else if (section.id === MEMORY_SECTION) {
    for (let n = reader.count(WASM_LIMITS.maxCoreMemories, 'memories'); n > 0; n--) declare('memory', false);
  } else return;
  reader.assertDone();
}

type Declare = (kind: Declared['kind'], imported: boolean) => void;

function declared(reader: Reader, kind: Declared['kind'], imported: boolean, section: Section): Declared {
  const start = reader.offset;
  const limits = readLimits(reader, kind);
  if (limits.shared) {
    throw new CofferdamError(
      'LIMIT_SHARED',
      `The module ${imported ? 'imports' : 'defines'} a shared ${kind} — build it without threads.`,
      { details: { kind, offset: start } },
    );
  }
  if (limits.pageBits !== 16) reader.fail('WASM_MALFORMED', 'Pages of another size than 64 KiB', { offset: start });
  return { kind, imported, limits, start, end: reader.offset, section };
}

function readImport(reader: Reader, declare: Declare): void {
  reader.skip(reader.u32());
  reader.skip(reader.u32());
  const kind = reader.byte();
  if (kind === 0) reader.u32();
  else if (kind === 1) {
    readRefType(reader, anyType);
    declare('table', true);
  } else if (kind === 2) declare('memory', true);
  else if (kind === 3) {
    readValType(reader, anyType);
    reader.skip(1);
  } else if (kind === 4) {
    reader.skip(1);
    reader.u32();
  } else reader.unknown(kind, 'kind of import');
}

function readTable(reader: Reader, declare: Declare): void {
  // 0x40 0x00 announces a table with an initialiser; no reference type is written 0x40.
  const hasInitialiser = reader.peek() === 0x40;
  if (hasInitialiser) {
    reader.skip(1);
    reader.expect(0, 'The second byte of a table with an initialiser');
  }
  readRefType(reader, anyType);
  declare('table', false);
  if (hasInitialiser) skipConstExpr(reader, anyType);
}

/** Which type a reference is to does not matter for limits. */
const anyType = () => '@';
