import { describe, expect, it } from 'vitest';
import { makeInlineCode } from '../../src/compartment/inline.ts';
import { isCofferdamError } from '../../src/error.ts';
import { planCore } from '../../src/wasm/index.ts';
import type { CanonOptions, CoreItem, Plan } from '../../src/wasm/plan.ts';
import type { ValType, World } from '../../src/wasm/types.ts';
import { func, NO_HOST, worldOf } from './forwarder.ts';
import { assemble } from './support.ts';

/** A plan comes from a cache on disk: one that does not fit its module is an error, not a crash. */
const u32: ValType = { kind: 'u32' };
const wat = `(module (import "$root" "g" (func $g (param i32) (result i32)))
  (memory (export "memory") 1) (global (export "global") i32 (i32.const 1))
  (func (export "f") (param i32) (result i32) (call $g (local.get 0))))`;
const bytes = await assemble(wat);
const right = planCore(bytes, worldOf({ imports: { g: func([u32], u32) }, exports: { f: func([u32], u32) } }));
const [instantiation] = right.instantiations;
const [lifted] = right.exports;
const [arg] = instantiation?.args ?? [];
if (instantiation === undefined || lifted === undefined || arg === undefined) throw new Error('the plan has changed');

const withItem = (value: CoreItem): Partial<Plan> => ({
  instantiations: [{ ...instantiation, args: [{ ...arg, value }] }],
});
const withCore = (core: CoreItem): Partial<Plan> => ({ exports: [{ ...lifted, core }] });
const withOptions = (options: Partial<CanonOptions>): Partial<Plan> => ({
  exports: [{ ...lifted, options: { ...lifted.options, ...options } }],
});
const exported = (name: string, instance = 0): CoreItem => ({ kind: 'export', instance, name });

async function outcome(change: Partial<Plan>): Promise<string> {
  try {
    const code = await makeInlineCode({
      plan: { ...right, ...change },
      bytes,
      sha256: '',
      limits: { messageBytes: 99 },
    });
    code.instantiate({ ...NO_HOST, call: () => 5 }).call(0, [1]);
    return 'none';
  } catch (error) {
    return isCofferdamError(error) ? error.code : `foreign: ${error}`;
  }
}

describe('a plan that does not fit', () => {
  it('its twin does', async () => {
    expect(await outcome({})).toBe('none');
  });

  it.each<[string, Partial<Plan>]>([
    ['no such module', { instantiations: [{ ...instantiation, module: 7 }] }],
    ['more modules than there are', { modules: [] }],
    ['no such instance', withCore(exported('f', 3))],
    ['no such export', withCore(exported('nothing'))],
    ['an inherited name', withCore(exported('constructor'))],
    ['an export that is no function', withCore(exported('global'))],
    ['an instance that is made later', withItem(exported('f', 0))],
    ['no such import', withItem({ kind: 'lower-import', import: 9, options: lifted.options, scope: 0 })],
    ['no such scope', { scopes: 0 }],
    ['another count of exports', { exports: [] }],
    ['a resource that is not there', withItem({ kind: 'resource-drop', resource: 3, scope: 0 })],
    [
      'a foreign resource made here',
      { ...withItem({ kind: 'resource-new', resource: 0, scope: 0 }), resources: [{ kind: 'imported' }] },
    ],
    ['a built-in that nobody has', withItem({ kind: 'builtin', name: 'constructor' })],
    [
      'a value of another kind',
      {
        ...withItem(exported('global', 0)),
        instantiations: [
          { module: 0, args: [arg] },
          { module: 0, args: [{ ...arg, value: exported('global') }] },
        ],
      },
    ],
    ['a post-return that is not there', withOptions({ postReturn: exported('nothing') })],
    ['an initialiser that is not there', { initialize: [exported('nothing')] }],
  ])('%s is PLAN_INVALID', async (_, change) => {
    expect(await outcome(change)).toBe('PLAN_INVALID');
  });

  it('types of unknown resources, streams and asynchronous functions are not run', async () => {
    const worldWith = (type: ValType): World =>
      worldOf({ imports: { g: func([u32], u32) }, exports: { f: func([type], u32) } });
    const exportsWith = (type: ValType) => [{ ...lifted, type: func([type], u32) }];
    for (const type of [
      { kind: 'own', resource: 4 },
      { kind: 'stream', element: null },
    ] as ValType[]) {
      expect(await outcome({ world: worldWith(type), exports: exportsWith(type) })).toBe('ABI_UNSUPPORTED');
    }
    expect(await outcome({ exports: [{ ...lifted, type: { ...lifted.type, async: true } }] })).toBe('ABI_UNSUPPORTED');
    expect(await outcome({ exports: [{ ...lifted, type: func([u32], { kind: 'borrow', resource: 0 }) }] })).toBe(
      'ABI_UNSUPPORTED',
    );
  });

  it('names of core imports are data, too', async () => {
    const text = (module: string, name: string) => `(module (import "${module}" "${name}" (func $f (result i32)))
      (func (export "f") (result i32) (call $f)))`;
    const plain = planCore(
      await assemble(text('$root', 'g')),
      worldOf({ imports: { g: func([], u32) }, exports: { f: func([], u32) } }),
    );
    for (const [module, name] of [
      ['__proto__', 'constructor'],
      ['constructor', '__proto__'],
      ['toString', 'valueOf'],
    ] as const) {
      const core = await assemble(text(module, name));
      const args = plain.instantiations[0]?.args.map(({ value }) => ({ module, name, value })) ?? [];
      const plan: Plan = { ...plain, modules: [{ start: 0, end: core.length }], instantiations: [{ module: 0, args }] };
      const code = await makeInlineCode({ plan, bytes: core, sha256: '', limits: { messageBytes: 99 } });
      expect(code.instantiate({ ...NO_HOST, call: () => 7 }).call(0, [])).toBe(7);
    }
    expect({}.constructor).toBe(Object);
  });
});
