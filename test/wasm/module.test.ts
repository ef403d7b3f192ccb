import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { inspectModule } from '../../src/wasm/index.ts';
import { bytes, coreModule, leb, section, vec } from './support/bytes.ts';
import { codeOf, errorOf } from './support/errors.ts';

const none = vec([]);
const func = (params: number[], results: number[] = []) => [0x60, vec(params), vec(results)];

describe('a core module', () => {
  it('is told by its imports, exports, memories, tables and globals', async () => {
    const info = inspectModule(
      await parse(`(module
        (import "env" "log" (func (param i32 i64) (result f32 f64)))
        (import "env" "memory" (memory 1 16))
        (import "env" "table" (table i64 2 8 externref))
        (import "env" "count" (global (mut i64)))
        (import "env" "fault" (tag (param i32)))
        (table (export "table") 10 funcref)
        (memory (export "shared") 1 2 shared)
        (memory i64 3)
        (global (export "five") i32 (i32.const 5))
        (global (ref null extern) (ref.null extern))
        (func $start)
        (func (export "run") (param v128) (result funcref) (ref.null func))
        (start $start)
        (elem (i32.const 0) $start)
        (data "a") (data "b")
        (@custom "note" "hello"))`),
    );
    expect(info.imports).toEqual([
      { module: 'env', name: 'log', type: { kind: 'func', type: { params: ['i32', 'i64'], results: ['f32', 'f64'] } } },
      { module: 'env', name: 'memory', type: { kind: 'memory', limits: limits(1, 16) } },
      {
        module: 'env',
        name: 'table',
        type: { kind: 'table', element: '(ref null extern)', limits: { ...limits(2, 8), index64: true } },
      },
      { module: 'env', name: 'count', type: { kind: 'global', type: 'i64', mutable: true } },
      { module: 'env', name: 'fault', type: { kind: 'tag', type: { params: ['i32'], results: [] } } },
    ]);
    expect(info.exports.map((item) => item.name)).toEqual(['table', 'shared', 'five', 'run']);
    expect(info.exports[3]?.type).toEqual({ kind: 'func', type: { params: ['v128'], results: ['(ref null func)'] } });
    expect(info.memories).toEqual([
      { ...limits(1, 16), imported: true },
      { ...limits(1, 2), shared: true, imported: false },
      { ...limits(3, null), index64: true, imported: false },
    ]);
    expect(info.tables.map((table) => table.imported)).toEqual([true, false]);
    expect(info.globals.map((global) => global.type)).toEqual(['i64', 'i32', '(ref null extern)']);
    expect(info.hasStart).toBe(true);
    expect(info.counts).toMatchObject({ functions: 3, importedFunctions: 1, dataSegments: 2, elementSegments: 1 });
    expect(info.custom).toContainEqual({ name: 'note', size: 5 });
  });

  it('may be a part of a larger file', () => {
    const module = coreModule(section(5, vec([[0x00, leb(7)]])));
    const file = bytes(1, 2, 3, module, 4);
    expect(inspectModule(file, { start: 3, end: 3 + module.length }).memories[0]?.min).toBe(7);
    expect(codeOf(() => inspectModule(file, { start: 3, end: file.length + 1 }))).toBe('WASM_TRUNCATED');
  });

  it('numbers garbage-collected types by their structure', async () => {
    const info = inspectModule(
      await parse(`(module
        (rec (type $list (struct (field i32) (field (ref null $list)))))
        (rec (type $same (struct (field i32) (field (ref null $same)))))
        (type $other (array (mut i8)))
        (type $open (sub (struct)))
        (type (sub $open (struct (field i64))))
        (import "a" "a" (global (ref $list)))
        (import "a" "b" (global (ref $same)))
        (import "a" "c" (global (ref null $other)))
        (global (ref null $other) (array.new_fixed $other 2 (i32.const 1) (i32.const 2)))
        (global i64 (i64.add (i64.const 1) (i64.const 2)))
        (table 1 (ref null func) (ref.null func)))`),
    );
    const [a, b, c] = info.globals.map((global) => global.type);
    expect(a).toBe(b);
    expect(a).not.toBe(c);
    expect(info.tables).toHaveLength(1);
  });
});

describe('a malformed core module', () => {
  const type = section(1, vec([func([0x7f])]));

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'WASM_TRUNCATED'],
    ['text', bytes('(module)'), 'WASM_MALFORMED'],
    ['an old version', coreModule().with(4, 2), 'WASM_MALFORMED'],
    ['a component', coreModule().with(4, 0x0d).with(6, 1), 'WASM_MALFORMED'],
    ['an unknown section', coreModule(section(14)), 'WASM_MALFORMED'],
    ['a section that is too long', coreModule(bytes(1, 5, 0)), 'WASM_TRUNCATED'],
    ['a section that is longer than its content', coreModule(section(1, vec([]), 0)), 'WASM_MALFORMED'],
    ['sections out of order', coreModule(section(3, none), type), 'WASM_MALFORMED'],
    ['a section twice', coreModule(type, type), 'WASM_MALFORMED'],
    ['an unknown value type', coreModule(section(1, vec([func([0x10])]))), 'WASM_MALFORMED'],
    [
      'a function of no type',
      coreModule(type, section(3, vec([1])), section(10, vec([[2, 0, 0x0b]]))),
      'WASM_MALFORMED',
    ],
    ['a function without code', coreModule(type, section(3, vec([0]))), 'WASM_MALFORMED'],
    ['code without a function', coreModule(type, section(10, vec([[2, 0, 0x0b]]))), 'WASM_MALFORMED'],
    ['an export of nothing', coreModule(section(7, vec([['x', 0, 0]]))), 'WASM_MALFORMED'],
    [
      'two exports of one name',
      coreModule(
        section(5, vec([[0, 1]])),
        section(
          7,
          vec([
            ['x', 2, 0],
            ['x', 2, 0],
          ]),
        ),
      ),
      'WASM_MALFORMED',
    ],
    ['a start of nothing', coreModule(section(8, 0)), 'WASM_MALFORMED'],
    ['a maximum below the minimum', coreModule(section(5, vec([[1, 2, 1]]))), 'WASM_MALFORMED'],
    ['a memory of 65,537 pages', coreModule(section(5, vec([[0, leb(65_537)]]))), 'WASM_MALFORMED'],
    ['a shared memory without maximum', coreModule(section(5, vec([[2, 1]]))), 'WASM_MALFORMED'],
    ['unknown memory flags', coreModule(section(5, vec([[0x10, 1]]))), 'WASM_MALFORMED'],
    ['an unknown mutability', coreModule(section(6, vec([[0x7f, 2, 0x41, 0, 0x0b]]))), 'WASM_MALFORMED'],
    ['an endless initialiser', coreModule(section(6, vec([[0x7f, 0, 0x41, 0]]))), 'WASM_TRUNCATED'],
    ['a call in an initialiser', coreModule(section(6, vec([[0x7f, 0, 0x10, 0, 0x0b]]))), 'WASM_MALFORMED'],
    ['too many parameters', coreModule(section(1, vec([func(Array(1001).fill(0x7f))]))), 'WASM_LIMIT'],
    ['data segments other than announced', coreModule(section(12, 2), section(11, vec([]))), 'WASM_MALFORMED'],
    ['a reference to a later type', coreModule(section(1, vec([func([0x63, 1]), func([])]))), 'WASM_MALFORMED'],
  ])('%s', (_, module, code) => {
    expect(codeOf(() => inspectModule(module))).toBe(code);
    expect(WebAssembly.validate(Uint8Array.from(module))).toBe(false);
  });

  it('has as many memories as we take, which is fewer than the engine does', () => {
    const memories = (count: number) => coreModule(section(5, vec(Array(count).fill([0, 0]))));
    expect(inspectModule(memories(100)).memories).toHaveLength(100);
    expect(codeOf(() => inspectModule(memories(101)))).toBe('WASM_LIMIT');
  });

  it('is blamed at its place', () => {
    const { details } = errorOf(() => inspectModule(coreModule(type, section(7, vec([['x', 0, 0]])))));
    expect(details).toEqual({ offset: 8 + type.length + 3, section: 'core module, export section' });
  });
});

function limits(min: number, max: number | null) {
  return { min, max, shared: false, index64: false, pageBits: 16 };
}
