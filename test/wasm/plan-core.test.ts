import { beforeAll, describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { planCore, type World, worldOfComponent } from '../../src/wasm/index.ts';
import { component } from './support/bytes.ts';
import { codeOf, errorOf } from './support/errors.ts';
import { componentOfWit } from './support/seeds.ts';

const { parseWat } = await wabt();
const core = (wat: string): Uint8Array =>
  parseWat('guest.wat', `(module ${wat})`, { mutable_globals: true }).toBinary({}).buffer;

const WIT = `
package test:desk@1.0.0;
interface store {
  resource item { constructor(key: string); read: func() -> list<u8>; }
  find: func(key: string) -> option<u32>;
}
interface api {
  resource job { constructor(n: u32); }
  score: func(values: list<f32>) -> f64;
}
world guest {
  import store;
  import tick: func(at: u64);
  export api;
  export run: func(text: string) -> string;
}`;

const IMPORTS = `
  (import "test:desk/store@1.0.0" "find" (func (param i32 i32 i32)))
  (import "test:desk/store@1.0.0" "[constructor]item" (func (param i32 i32) (result i32)))
  (import "test:desk/store@1.0.0" "[method]item.read" (func (param i32 i32)))
  (import "test:desk/store@1.0.0" "[resource-drop]item" (func (param i32)))
  (import "[export]test:desk/api@1.0.0" "[resource-new]job" (func (param i32) (result i32)))
  (import "$root" "tick" (func (param i64)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (import "env" "abort" (func (param i32 i32 i32 i32)))`;

const MEMORY = `
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)`;

const EXPORTS = `
  (func (export "run") (param i32 i32) (result i32) unreachable)
  (func (export "cabi_post_run") (param i32))
  (func (export "test:desk/api@1.0.0#[constructor]job") (param i32) (result i32) unreachable)
  (func (export "test:desk/api@1.0.0#[dtor]job") (param i32))
  (func (export "test:desk/api@1.0.0#score") (param i32 i32) (result f64) unreachable)
  (func (export "_initialize"))`;

describe('a core module that a world describes', () => {
  let world: World;
  beforeAll(async () => {
    world = worldOfComponent(await componentOfWit(WIT, 'guest'));
  });
  const memory = { kind: 'export', instance: 0, name: 'memory' };
  const realloc = { kind: 'export', instance: 0, name: 'cabi_realloc' };

  it('is planned as if it were a component', () => {
    const bytes = core(IMPORTS + MEMORY + EXPORTS);
    const plan = planCore(bytes, world);
    expect(plan.modules).toEqual([{ start: 0, end: bytes.length }]);
    expect(plan.world).toBe(world);
    expect(plan.scopes).toBe(1);
    const values = plan.instantiations[0]?.args.map((arg) => arg.value) ?? [];
    const number = (id: string) => world.imports.findIndex((item) => item.id === id);
    const options = { encoding: 'utf8', memory, realloc, postReturn: null };
    expect(values).toEqual([
      { kind: 'lower-import', import: number('test:desk/store@1.0.0#find'), options, scope: 0 },
      { kind: 'lower-import', import: number('test:desk/store@1.0.0#[constructor]item'), options, scope: 0 },
      { kind: 'lower-import', import: number('test:desk/store@1.0.0#[method]item.read'), options, scope: 0 },
      { kind: 'resource-drop', resource: 0, scope: 0 },
      { kind: 'resource-new', resource: 1, scope: 0 },
      { kind: 'lower-import', import: number('tick'), options, scope: 0 },
      { kind: 'wasi', name: 'proc_exit' },
      { kind: 'builtin', name: 'abort' },
    ]);
  });

  it('exports what the world says, with post-return, destructor and _initialize', () => {
    const plan = planCore(core(MEMORY + EXPORTS), world);
    const byId = new Map(world.exports.map((item, index) => [item.id, plan.exports[index]]));
    expect(byId.get('run')).toMatchObject({
      core: { kind: 'export', instance: 0, name: 'run' },
      options: { memory, realloc, postReturn: { name: 'cabi_post_run' } },
    });
    expect(byId.get('test:desk/api@1.0.0#score')).toMatchObject({ options: { postReturn: null }, scope: 0 });
    expect(plan.resources).toEqual([
      { kind: 'imported' },
      { kind: 'defined', dtor: { kind: 'export', instance: 0, name: 'test:desk/api@1.0.0#[dtor]job' }, scope: 0 },
    ]);
    expect(plan.initialize).toEqual([{ kind: 'export', instance: 0, name: '_initialize' }]);
  });

  it('names every import that nobody serves at once', () => {
    const more =
      '(import "env" "log" (func)) (import "env" "memory" (memory 1)) (import "test:desk/store@1.0.0" "lose" (func))';
    const error = errorOf(() => planCore(core(more + EXPORTS), world));
    expect(error.code).toBe('WASM_IMPORT_UNKNOWN');
    expect(error.details.imports).toEqual(['env.log', 'env.memory', 'test:desk/store@1.0.0.lose']);
  });

  it('names every export that is missing', () => {
    const error = errorOf(() =>
      planCore(core('(func (export "run") (param i32 i32) (result i32) unreachable)'), world),
    );
    expect(error.code).toBe('WASM_EXPORT_MISSING');
    expect(error.details.exports).toEqual(
      expect.arrayContaining([
        'memory',
        'cabi_realloc',
        'test:desk/api@1.0.0#score',
        'test:desk/api@1.0.0#[constructor]job',
      ]),
    );
  });

  it.each<[string, string, string]>([
    [
      'an export',
      EXPORTS.replace('(param i32 i32) (result f64)', '(param i32) (result f64)'),
      '(func (param i32 i32) (result f64))',
    ],
    ['an import', `${EXPORTS}`, '(func (param i64))'],
    ['a post-return', EXPORTS.replace('"cabi_post_run") (param i32)', '"cabi_post_run")'), '(func (param i32))'],
    ['a destructor', EXPORTS.replace('[dtor]job") (param i32)', '[dtor]job") (param i64)'), '(func (param i32))'],
    ['_initialize', EXPORTS.replace('"_initialize")', '"_initialize") (result i32) (i32.const 0)'), '(func)'],
  ])('shows both signatures when %s does not fit', (what, text, expected) => {
    const imports = what === 'an import' ? '(import "$root" "tick" (func (param i32)))' : '';
    const error = errorOf(() =>
      planCore(
        core(
          imports +
            MEMORY +
            text.replaceAll(
              /\(func \(export "_initialize"\) \(result i32\) \(i32.const 0\)\)/g,
              '(func (export "_initialize") (result i32) (i32.const 0))',
            ),
        ),
        world,
      ),
    );
    expect(error.code).toBe('WASM_SIGNATURE');
    expect(error.message).toContain(`expected \`${expected}\``);
    expect(error.message).toContain('found `(func');
  });

  it('has an unshared memory and an allocator with the right signature', () => {
    const bad = MEMORY.replace('(param i32 i32 i32 i32)', '(param i32)');
    expect(codeOf(() => planCore(core(bad + EXPORTS), world))).toBe('WASM_SIGNATURE');
    const func = '(func (export "memory"))';
    expect(
      codeOf(() => planCore(core(func + MEMORY.replace('(memory (export "memory") 1)', '') + EXPORTS), world)),
    ).toBe('WASM_SIGNATURE');
  });

  it('is no component, and is not async', async () => {
    expect(codeOf(() => planCore(component(), world))).toBe('WASM_KIND');
    const waits = worldOfComponent(await componentOfWit('package a:b; world w { export run: async func(); }', 'w'));
    expect(errorOf(() => planCore(core(''), waits))).toMatchObject({
      code: 'WASM_UNSUPPORTED',
      details: { feature: 'async' },
    });
  });

  it('may not import from what every JavaScript object has', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const bytes = core(`(import "${name}" "abort" (func)) ${IMPORTS}${MEMORY}${EXPORTS}`);
      expect(codeOf(() => planCore(bytes, world))).toBe('WASM_IMPORT_UNKNOWN');
    }
  });
});
