import type { CaseRef, Declaration, LabelledRef, TypeExpr, ValTypeRef } from './component-ast.ts';
import { readCoreType } from './decode-core.ts';
import { readAlias, readExternType, readName } from './decode-parts.ts';
import { WASM_LIMITS } from './limits.ts';
import type { Reader } from './reader.ts';
import type { PrimitiveKind } from './types.ts';

const PRIMITIVES: Readonly<Record<number, PrimitiveKind | 'error-context'>> = {
  127: 'bool',
  126: 's8',
  125: 'u8',
  124: 's16',
  123: 'u16',
  122: 's32',
  121: 'u32',
  120: 's64',
  119: 'u64',
  118: 'f32',
  117: 'f64',
  116: 'char',
  115: 'string',
  100: 'error-context',
};

/** `valtype`: a non-negative number is an index, a negative one a primitive. */
function readValTypeRef(reader: Reader): ValTypeRef {
  const offset = reader.offset;
  const code = reader.s33();
  if (code >= 0) return { index: code };
  const primitive = code >= -64 ? PRIMITIVES[code + 128] : undefined;
  return primitive === undefined ? reader.fail('WASM_MALFORMED', 'An unknown value type', { offset }) : { primitive };
}

/** `deftype` */
export function readType(reader: Reader, depth: number): TypeExpr {
  const code = reader.byte();
  const primitive = PRIMITIVES[code];
  if (primitive !== undefined) return { kind: 'primitive', primitive };
  const ref = () => readValTypeRef(reader);
  switch (code) {
    case 0x72:
      return { kind: 'record', fields: readLabelled(reader, WASM_LIMITS.maxFields, 'fields') };
    case 0x71:
      return { kind: 'variant', cases: reader.vector(WASM_LIMITS.maxFields, 'cases', () => readCase(reader)) };
    case 0x70:
      return { kind: 'list', element: ref(), length: null };
    case 0x67:
      return { kind: 'list', element: ref(), length: reader.u32() };
    case 0x6f:
      return { kind: 'tuple', elements: reader.vector(WASM_LIMITS.maxFields, 'elements', ref) };
    case 0x6e:
      return { kind: 'flags', names: reader.vector(WASM_LIMITS.maxFields, 'flags', () => reader.name()) };
    case 0x6d:
      return { kind: 'enum', names: reader.vector(WASM_LIMITS.maxFields, 'cases', () => reader.name()) };
    case 0x6b:
      return { kind: 'option', some: ref() };
    case 0x6a: {
      const ok = reader.optional('payload', ref);
      return { kind: 'result', ok, err: reader.optional('payload', ref) };
    }
    case 0x69:
      return { kind: 'own', index: reader.u32() };
    case 0x68:
      return { kind: 'borrow', index: reader.u32() };
    case 0x66:
      return { kind: 'stream', element: reader.optional('element', ref) };
    case 0x65:
      return { kind: 'future', element: reader.optional('element', ref) };
    case 0x63:
      return reader.fail('WASM_UNSUPPORTED', 'The type `map` is not supported', { details: { feature: 'map' } });
  }
  return readDefinedType(reader, code, depth);
}

function readDefinedType(reader: Reader, code: number, depth: number): TypeExpr {
  if (depth >= WASM_LIMITS.maxNesting) reader.fail('WASM_LIMIT', `Types nest deeper than ${WASM_LIMITS.maxNesting}`);
  switch (code) {
    case 0x40:
    case 0x43: {
      const params = readLabelled(reader, WASM_LIMITS.maxParams, 'parameters');
      return { kind: 'func', params, result: readResult(reader), async: code === 0x43 };
    }
    case 0x41:
    case 0x42: {
      const kind = code === 0x41 ? 'component' : 'instance';
      const read = () => readDeclaration(reader, kind, depth + 1);
      const max = WASM_LIMITS.maxComponentItems;
      const declarations = reader.vector(max, 'declarations', read, WASM_LIMITS.definitionWeight);
      return { kind, declarations };
    }
    case 0x3f: {
      const rep = reader.byte();
      if (rep === 0x7e) {
        reader.fail('WASM_UNSUPPORTED', 'Resources represented by an i64 are not supported', {
          details: { feature: 'memory64' },
        });
      }
      if (rep !== 0x7f) reader.fail('WASM_MALFORMED', 'A resource must be represented by an i32');
      return { kind: 'resource', dtor: reader.optional('destructor', () => reader.u32()) };
    }
  }
  return reader.unknown(code, 'type');
}

function readLabelled(reader: Reader, max: number, what: string): LabelledRef[] {
  return reader.vector(max, what, () => {
    const name = reader.name();
    return { name, type: readValTypeRef(reader) };
  });
}

function readCase(reader: Reader): CaseRef {
  const name = reader.name();
  const type = reader.optional('payload', () => readValTypeRef(reader));
  reader.expect(0, 'The end of a case');
  return { name, type };
}

/** `resultlist` */
export function readResult(reader: Reader): ValTypeRef | null {
  const code = reader.byte();
  if (code === 0) return readValTypeRef(reader);
  if (code !== 1) reader.unknown(code, 'form of a result');
  reader.expect(0, 'The number of named results');
  return null;
}

function readDeclaration(reader: Reader, kind: 'component' | 'instance', depth: number): Declaration {
  const code = reader.byte();
  switch (code) {
    case 0:
      return { kind: 'core-type', type: readCoreType(reader) };
    case 1:
      return { kind: 'type', type: readType(reader, depth) };
    case 2:
      return { kind: 'alias', alias: readAlias(reader) };
    case 3:
      if (kind === 'instance') reader.unknown(code, 'declaration of an instance type');
      return { kind: 'import', name: readName(reader), type: readExternType(reader) };
    case 4:
      return { kind: 'export', name: readName(reader), type: readExternType(reader) };
  }
  return reader.unknown(code, `declaration of ${kind === 'instance' ? 'an instance' : 'a component'} type`);
}
