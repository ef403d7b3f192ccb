import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { type ImportName, type NamedRange, orderMembers } from '../../src/wasm/index.ts';
import { codeOf, errorOf } from './support/errors.ts';

const { parseWat } = await wabt();

/** The modules one after the other, as a loader gives them. */
function order(modules: Readonly<Record<string, string>>, memory: ImportName | null = null) {
  const parts: NamedRange[] = [];
  const binaries = Object.entries(modules).map(([name, wat]) => {
    const bytes = parseWat('m.wat', `(module ${wat})`, { mutable_globals: true }).toBinary({}).buffer;
    const start = parts.at(-1)?.end ?? 0;
    parts.push({ name, start, end: start + bytes.length });
    return bytes;
  });
  return orderMembers(Buffer.concat(binaries), parts, memory);
}

const F = '(func (export "f"))';
const from = (module: string) => `(import "${module}" "f" (func))`;

describe('modules that import each other', () => {
  it('come after what they import, and otherwise stay as they are', () => {
    const modules = { c: from('b') + F, a: F, b: from('a') + F, z: from('nobody') };
    expect(order(modules).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'z']);
    expect(order({ b: F, a: F, c: F }).map(({ name }) => name)).toEqual(['b', 'a', 'c']);
  });

  it('in a circle are refused, and those that need them; what is well is not named', () => {
    const modules = { a: from('b') + F, b: from('a') + F, c: from('a') + F, d: F, e: from('d') };
    expect(errorOf(() => order(modules))).toMatchObject({
      code: 'WASM_SET_CYCLE',
      details: { modules: ['a', 'b', 'c'] },
    });
  });

  it.each([
    ['a function', F, '(import "a" "f" (func))', true],
    ['a function of another type', F, '(import "a" "f" (func (param i32)))', false],
    ['a memory', '(memory (export "m") 2 4)', '(import "a" "m" (memory 1 4))', true],
    ['a memory that is too small', '(memory (export "m") 1)', '(import "a" "m" (memory 2))', false],
    ['a memory without a maximum', '(memory (export "m") 1)', '(import "a" "m" (memory 1 4))', false],
    ['a table', '(table (export "t") 2 funcref)', '(import "a" "t" (table 1 funcref))', true],
    ['a table of another type', '(table (export "t") 2 funcref)', '(import "a" "t" (table 1 externref))', false],
    ['a global', '(global (export "g") i32 (i32.const 1))', '(import "a" "g" (global i32))', true],
    [
      'a global that may change',
      '(global (export "g") i32 (i32.const 1))',
      '(import "a" "g" (global (mut i32)))',
      false,
    ],
  ])('%s', (_what, a, b, fits) => {
    expect(codeOf(() => order({ b, a }))).toBe(fits ? 'none' : 'WASM_SIGNATURE');
  });
});

describe('a memory that is made', () => {
  const memory = { module: 'env', name: 'speicher ☃' };
  const imports = (limits: string) => `(import "env" "speicher \\e2\\98\\83" (memory ${limits}))`;

  it('comes first, as large as the largest demand, and no larger than the smallest maximum', () => {
    const [made] = order({ a: imports('1 4000'), b: imports('300'), c: imports('2 500') }, memory);
    const exported = { name: memory.name, type: { kind: 'memory', limits: { min: 300, max: 500 } } };
    expect(made).toMatchObject({ name: 'env', info: { exports: [exported] } });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(made?.bytes ?? [])));
    expect((exports[memory.name] as WebAssembly.Memory).buffer.byteLength).toBe(300 * 65_536);
    const [open] = order({ a: imports('1'), b: imports('0') }, memory);
    expect(open?.info.memories).toMatchObject([{ min: 1, max: null }]);
  });

  it('stands beside a module of the same name', () => {
    const found = order({ user: `${imports('1')}${from('env')}`, env: F }, memory);
    expect(found.map(({ name }) => name)).toEqual(['env', 'env', 'user']);
  });

  it('is refused where it makes no sense', () => {
    expect(codeOf(() => order({ a: F }, memory))).toBe('WASM_SET_MEMORY');
    expect(codeOf(() => order({ a: '(import "env" "speicher \\e2\\98\\83" (func))' }, memory))).toBe('WASM_SET_MEMORY');
    expect(codeOf(() => order({ env: '(memory (export "speicher \\e2\\98\\83") 1)', a: imports('1') }, memory))).toBe(
      'WASM_SET_MEMORY',
    );
    expect(codeOf(() => order({ a: imports('3'), b: imports('1 2') }, memory))).toBe('WASM_SET_MEMORY');
    expect(codeOf(() => order({ a: imports('2'), b: imports('1 2') }, memory))).toBe('none');
  });
});
