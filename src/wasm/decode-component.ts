import type { ComponentAst, Definition } from './component-ast.ts';
import { CoreTypeNumbers } from './core-type-section.ts';
import { readCanon } from './decode-canon.ts';
import { readCoreInstance, readCoreType } from './decode-core.ts';
import { readAlias, readExport, readExternType, readInstance, readName } from './decode-parts.ts';
import { readType } from './decode-types.ts';
import { WASM_LIMITS } from './limits.ts';
import { readModule } from './module.ts';
import { Reader } from './reader.ts';

const SECTION_NAMES = [
  'custom',
  'core module',
  'core instance',
  'core type',
  'component',
  'instance',
  'alias',
  'type',
  'canon',
  'start',
  'import',
  'export',
  'value',
];

/** The two formats that start with `\0asm`, told apart by their layer field; null for anything else. */
export function layerOf(bytes: Uint8Array): 'module' | 'component' | null {
  const [m0, m1, m2, m3, v0, v1, layer0, layer1] = bytes;
  if (m0 !== 0x00 || m1 !== 0x61 || m2 !== 0x73 || m3 !== 0x6d || v1 !== 0 || layer1 !== 0) return null;
  if (v0 === 0x01 && layer0 === 0) return 'module';
  return v0 === 0x0d && layer0 === 1 ? 'component' : null;
}

/**
 * Reads a component, nested ones and their core modules included. Nothing is type-checked here: indices are as in the
 * file. Throws WASM_TRUNCATED, WASM_MALFORMED, WASM_LIMIT or WASM_UNSUPPORTED, with offset and section.
 * Source: component-model, Binary.md, version 0x0d, layer 1.
 */
export function decodeComponent(bytes: Uint8Array): ComponentAst {
  return readComponent(Reader.over(bytes, 'component'), new CoreTypeNumbers(), 0);
}

function readComponent(reader: Reader, numbers: CoreTypeNumbers, depth: number): ComponentAst {
  const range = { start: reader.offset, end: reader.end };
  if (depth > WASM_LIMITS.maxNesting)
    reader.fail('WASM_LIMIT', `Components nest deeper than ${WASM_LIMITS.maxNesting}`);
  if (reader.remaining < 8) reader.fail('WASM_TRUNCATED', 'A component has a header of 8 bytes');
  for (const byte of [0x00, 0x61, 0x73, 0x6d]) reader.expect(byte, 'The magic number');
  for (const byte of [0x0d, 0x00, 0x01, 0x00]) reader.expect(byte, "A component's version and layer");
  const definitions: Definition[] = [];
  const custom: { name: string; size: number }[] = [];
  while (!reader.done) {
    const id = reader.byte();
    const name = SECTION_NAMES[id];
    if (name === undefined) reader.unknown(id, 'section of a component');
    const section = reader.part(reader.u32(), `component, ${name} section`);
    if (id === 0) {
      custom.push({ name: section.name(), size: section.remaining });
      continue;
    }
    readSection(id, section, definitions, numbers, depth);
    section.assertDone();
  }
  return { range, definitions, custom };
}

function readSection(
  id: number,
  reader: Reader,
  definitions: Definition[],
  numbers: CoreTypeNumbers,
  depth: number,
): void {
  const offset = reader.offset;
  if (id === 1) {
    const range = { start: offset, end: reader.end };
    const module = readModule(reader.part(reader.remaining, 'core module'), numbers);
    definitions.push({ kind: 'core-module', offset, range, module });
    return;
  }
  if (id === 4) {
    const component = readComponent(reader.part(reader.remaining, 'component'), numbers, depth + 1);
    definitions.push({ kind: 'component', offset, component });
    return;
  }
  if (id === 9 || id === 12) {
    reader.fail('WASM_UNSUPPORTED', `Components with a ${SECTION_NAMES[id]} section (value imports) are not run`, {
      details: { feature: 'values' },
    });
  }
  const what = `entries of the ${SECTION_NAMES[id]} section`;
  const count = reader.count(WASM_LIMITS.maxComponentItems, what, WASM_LIMITS.definitionWeight);
  for (let index = 0; index < count; index++) definitions.push(readDefinition(id, reader));
}

function readDefinition(id: number, reader: Reader): Definition {
  const offset = reader.offset;
  switch (id) {
    case 2:
      return { kind: 'core-instance', offset, expr: readCoreInstance(reader) };
    case 3:
      return { kind: 'core-type', offset, type: readCoreType(reader) };
    case 5:
      return { kind: 'instance', offset, expr: readInstance(reader) };
    case 6:
      return { kind: 'alias', offset, alias: readAlias(reader) };
    case 7:
      return { kind: 'type', offset, type: readType(reader, 0) };
    case 8:
      return { kind: 'canon', offset, canon: readCanon(reader) };
    case 10:
      return { kind: 'import', offset, name: readName(reader), type: readExternType(reader) };
    default:
      return { kind: 'export', offset, ...readExport(reader) };
  }
}
