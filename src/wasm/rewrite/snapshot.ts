import type { Outline, TypedItem } from './outline.ts';
import type { SnapshotExports } from './rewritten.ts';
import { type Additions, SECTION, text, unsigned } from './sections.ts';

const FUNCREF = 0x70;
const FUNCTIONS = 'cofferdam:functions';
const NUMBERS = ['i32', 'i64', 'f32', 'f64'];
const FUNCTIONS_ONLY = ['(ref null func)', '(ref func)', '(ref null nofunc)'];
/** References to what an instance can change in place. */
const CHANGEABLE = ['any', 'eq', 'struct', 'array', 'data', 'exn'];

/** What is exported for a snapshot, and the sections for it. Globals from `shiftsFrom` on have moved up by one. */
export function snapshotOf(
  outline: Outline,
  shiftsFrom: number,
): { readonly exports: SnapshotExports; readonly additions: Additions } {
  const globals = own(outline.globalItems).filter(({ mutable }) => mutable);
  const tables = own(outline.tableItems);
  const functions = [...outline.referenced].sort((a, b) => a - b);
  const isEmpty = functions.length === 0;
  const exports = [
    ...globals.map(({ index }) => entry(globalName(index), 3, index >= shiftsFrom ? index + 1 : index)),
    ...tables.map(({ index }) => entry(tableName(index), 1, index)),
    ...(isEmpty ? [] : [entry(FUNCTIONS, 1, outline.tables)]),
  ];
  const size = unsigned(functions.length);
  // Active, for the last table, from 0 on.
  const segment = [2, ...unsigned(outline.tables), 0x41, 0, 0x0b, 0, ...size, ...functions.flatMap(unsigned)];
  return {
    exports: {
      globals: globals.map(({ index }) => globalName(index)),
      tables: tables.map(({ index }) => tableName(index)),
      functions: isEmpty ? null : FUNCTIONS,
    },
    additions: {
      [SECTION.export]: exports,
      [SECTION.table]: isEmpty ? [] : [[FUNCREF, 1, ...size, ...size]],
      [SECTION.element]: isEmpty ? [] : [segment],
    },
  };
}

/** `dropsSegments`: the code has `data.drop` or `elem.drop`. */
export function whyNoSnapshot(outline: Outline, dropsSegments: boolean): string | null {
  for (const { index, type, mutable } of own(outline.globalItems)) {
    if (mutable && !NUMBERS.includes(type) && !FUNCTIONS_ONLY.includes(type)) return `global ${index} holds ${type}`;
    const heap = /([a-z]+)\)$/.exec(type)?.[1];
    if (heap !== undefined && CHANGEABLE.includes(heap)) {
      return `global ${index} leads to what is in no memory: ${type}`;
    }
  }
  const table = own(outline.tableItems).find(({ type }) => !FUNCTIONS_ONLY.includes(type));
  if (table !== undefined) return `table ${table.index} holds ${table.type}`;
  return dropsSegments ? 'it can drop segments' : null;
}

const globalName = (index: number) => `cofferdam:global:${index}`;
const tableName = (index: number) => `cofferdam:table:${index}`;

function own(items: readonly TypedItem[]): (TypedItem & { readonly index: number })[] {
  return items.map((item, index) => ({ ...item, index })).filter(({ imported }) => !imported);
}

function entry(name: string, kind: number, index: number): number[] {
  return [...text(name), kind, ...unsigned(index)];
}
