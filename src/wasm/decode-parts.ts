import type {
  Alias,
  ExternExpr,
  InlineExport,
  InstanceExpr,
  NamedRef,
  NameExpr,
  Sort,
  SortRef,
} from './component-ast.ts';
import { readCoreSort } from './decode-core.ts';
import { WASM_LIMITS } from './limits.ts';
import type { Reader } from './reader.ts';

const SORTS: Readonly<Record<number, Sort>> = { 1: 'func', 2: 'value', 3: 'type', 4: 'component', 5: 'instance' };

function readSort(reader: Reader): Sort {
  const code = reader.byte();
  if (code === 0) return `core ${readCoreSort(reader)}`;
  return SORTS[code] ?? reader.unknown(code, 'sort');
}

function readSortRef(reader: Reader): SortRef {
  return { sort: readSort(reader), index: reader.u32() };
}

/** `nameattributes`: 0x00 and 0x01 mean the same, 0x02 carries attributes. */
export function readName(reader: Reader): NameExpr {
  const code = reader.byte();
  if (code > 2) reader.unknown(code, 'form of a name');
  const name = reader.name();
  const found: { implements?: string; versionSuffix?: string; externalId?: string } = {};
  const count = code === 2 ? reader.count(8, 'attributes of a name') : 0;
  for (let index = 0; index < count; index++) {
    const kind = reader.byte();
    const key = (['implements', 'versionSuffix', 'externalId'] as const)[kind];
    if (key === undefined) reader.unknown(kind, 'attribute of a name');
    else if (found[key] !== undefined) reader.fail('WASM_MALFORMED', `A name has two attributes of kind ${key}`);
    else found[key] = reader.name();
  }
  return { name, implements: found.implements ?? null, versionSuffix: found.versionSuffix ?? null };
}

/** `instanceexpr` */
export function readInstance(reader: Reader): InstanceExpr {
  const code = reader.byte();
  if (code === 0) {
    const component = reader.u32();
    const args = reader.vector(WASM_LIMITS.maxComponentItems, 'arguments', (): NamedRef => {
      const name = reader.name();
      return { name, ref: readSortRef(reader) };
    });
    return { kind: 'instantiate', component, args };
  }
  if (code !== 1) reader.unknown(code, 'instance');
  const exports = reader.vector(WASM_LIMITS.maxComponentItems, 'exports', (): InlineExport => {
    const name = readName(reader);
    return { name, ref: readSortRef(reader) };
  });
  return { kind: 'exports', exports };
}

export function readAlias(reader: Reader): Alias {
  const sort = readSort(reader);
  const code = reader.byte();
  switch (code) {
    case 0:
      return { kind: 'export', sort, instance: reader.u32(), name: reader.name() };
    case 1: {
      if (!sort.startsWith('core ')) reader.fail('WASM_MALFORMED', `A core export of sort ${sort}`);
      const coreSort = sort.slice(5) as Extract<Alias, { kind: 'core-export' }>['sort'];
      return { kind: 'core-export', sort: coreSort, instance: reader.u32(), name: reader.name() };
    }
    case 2:
      return { kind: 'outer', sort, count: reader.u32(), index: reader.u32() };
  }
  return reader.unknown(code, 'alias');
}

export function readExternType(reader: Reader): ExternExpr {
  const code = reader.byte();
  switch (code) {
    case 0:
      reader.expect(0x11, 'The core sort of an import or export');
      return { sort: 'core module', index: reader.u32() };
    case 1:
      return { sort: 'func', index: reader.u32() };
    case 2:
      return reader.fail('WASM_UNSUPPORTED', 'Value imports and exports are not supported', {
        details: { feature: 'values' },
      });
    case 3: {
      const bound = reader.byte();
      if (bound > 1) reader.unknown(bound, 'type bound');
      return { sort: 'type', index: bound === 0 ? reader.u32() : null };
    }
    case 4:
      return { sort: 'component', index: reader.u32() };
    case 5:
      return { sort: 'instance', index: reader.u32() };
  }
  return reader.unknown(code, 'kind of import or export');
}

export function readExport(reader: Reader): { name: NameExpr; ref: SortRef; type: ExternExpr | null } {
  const name = readName(reader);
  const ref = readSortRef(reader);
  return { name, ref, type: reader.optional('ascribed type', () => readExternType(reader)) };
}
