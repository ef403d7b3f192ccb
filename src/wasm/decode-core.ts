import type {
  CoreExternExpr,
  CoreInlineExport,
  CoreInstanceExpr,
  CoreSort,
  CoreTypeExpr,
  ModuleDeclaration,
} from './component-ast.ts';
import { readFuncType, readLimits, readRefType, readValType } from './core-types.ts';
import { WASM_LIMITS } from './limits.ts';
import type { Reader } from './reader.ts';

const CORE_SORTS: Readonly<Record<number, CoreSort>> = {
  0: 'func',
  1: 'table',
  2: 'memory',
  3: 'global',
  4: 'tag',
  16: 'type',
  17: 'module',
  18: 'instance',
};

export function readCoreSort(reader: Reader): CoreSort {
  const code = reader.byte();
  return CORE_SORTS[code] ?? reader.unknown(code, 'core sort');
}

/** `core:instanceexpr` */
export function readCoreInstance(reader: Reader): CoreInstanceExpr {
  const code = reader.byte();
  if (code === 0) {
    const module = reader.u32();
    const args = reader.vector(WASM_LIMITS.maxComponentItems, 'arguments', () => {
      const name = reader.name();
      reader.expect(0x12, 'The sort of a core instantiation argument');
      return { name, instance: reader.u32() };
    });
    return { kind: 'instantiate', module, args };
  }
  if (code !== 1) reader.unknown(code, 'core instance');
  const exports = reader.vector(WASM_LIMITS.maxComponentItems, 'exports', (): CoreInlineExport => {
    const name = reader.name();
    return { name, sort: readCoreSort(reader), index: reader.u32() };
  });
  return { kind: 'exports', exports };
}

/** `core:type`: function and module types; the rest of the GC proposal's types are not used by any toolchain here. */
export function readCoreType(reader: Reader): CoreTypeExpr {
  const code = reader.byte();
  if (code === 0x60) return { kind: 'func', type: readPlainFuncType(reader) };
  if (code === 0x50) {
    const declarations = reader.vector(WASM_LIMITS.maxComponentItems, 'declarations', () => readDeclaration(reader));
    return { kind: 'module', declarations };
  }
  if (code === 0x00 || code === 0x4e || code === 0x4f || code === 0x5e || code === 0x5f || code === 0x65) {
    return gcType(reader);
  }
  return reader.unknown(code, 'core type');
}

function gcType(reader: Reader): never {
  return reader.fail('WASM_UNSUPPORTED', 'Garbage-collected types between core modules are not supported', {
    details: { feature: 'gc-types' },
  });
}

function readPlainFuncType(reader: Reader) {
  return readFuncType(reader, () => gcType(reader));
}

function readDeclaration(reader: Reader): ModuleDeclaration {
  const code = reader.byte();
  switch (code) {
    case 0: {
      const module = reader.name();
      const name = reader.name();
      return { kind: 'import', module, name, type: readCoreExtern(reader) };
    }
    case 1: {
      const type = readCoreType(reader);
      if (type.kind === 'func') return { kind: 'type', type: type.type };
      return reader.fail('COMPONENT_INVALID', 'A core module type defines another one');
    }
    case 2: {
      reader.expect(0x10, 'The sort of an alias in a core module type');
      reader.expect(0x01, 'The kind of an alias in a core module type');
      return { kind: 'alias', count: reader.u32(), index: reader.u32() };
    }
    case 3:
      return { kind: 'export', name: reader.name(), type: readCoreExtern(reader) };
  }
  return reader.unknown(code, 'declaration of a core module type');
}

function readCoreExtern(reader: Reader): CoreExternExpr {
  const code = reader.byte();
  switch (code) {
    case 0:
      return { kind: 'func', typeIndex: reader.u32() };
    case 1: {
      const element = readRefType(reader, () => gcType(reader));
      return { kind: 'table', element, limits: readLimits(reader, 'table') };
    }
    case 2:
      return { kind: 'memory', limits: readLimits(reader, 'memory') };
    case 3: {
      const type = readValType(reader, () => gcType(reader));
      const mutable = reader.byte();
      if (mutable > 1) reader.unknown(mutable, 'mutability');
      return { kind: 'global', type, mutable: mutable === 1 };
    }
    case 4:
      reader.expect(0, 'The attribute of a tag');
      return { kind: 'tag', typeIndex: reader.u32() };
  }
  return reader.unknown(code, 'kind of core import or export');
}
