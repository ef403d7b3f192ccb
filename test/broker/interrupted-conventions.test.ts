import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHost, isCofferdamError } from '../../src/index.ts';
import { assemble, codeOf, makeFolder, makeHost } from '../arena.ts';

const nobody = { label: {} };
const SPIN = '(func (export "spin") (param i32) (result i32) (loop $again (br_if $again (local.get 0))) (i32.const 7))';
const WIT = 'package test:guest;\nworld guest { export spin: func(forever: u32) -> u32; }';

/** A host of one compartment that is no component, and its files. */
async function hostOf(entry: object, files: Readonly<Record<string, string | Uint8Array>>) {
  const baseDir = makeFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(baseDir, name), content);
  const wit = { text: WIT, world: 'guest' };
  const guest = { wit, limits: { deadline: '50ms' }, ...entry };
  return await createHost({ version: 1, compartments: { guest } }, { baseDir });
}

describe('a guest of another convention is stopped, too', () => {
  it.each([
    ['AssemblyScript', { abi: 'assemblyscript', wasm: './guest.wasm' }, {}],
    [
      'an adapter',
      { abi: 'adapter', wasm: './guest.wasm', adapter: './adapter.ts' },
      { 'adapter.ts': "export default { exports: { spin: (guest, forever) => guest.call('spin', forever) } };" },
    ],
    [
      'an adapter that catches everything',
      { abi: 'adapter', wasm: './guest.wasm', adapter: './adapter.ts' },
      {
        'adapter.ts':
          "export default { exports: { spin: (guest, forever) => { try { return guest.call('spin', forever); } catch { return 1; } } } };",
      },
    ],
  ])('%s', async (_, entry, files) => {
    await using host = await hostOf(entry, {
      'guest.wasm': assemble(`(module (memory (export "memory") 1) ${SPIN})`),
      ...files,
    });
    for (let i = 0; i < 2; i++) {
      expect(await codeOf(() => host.call('guest.spin', [1], nobody))).toBe('LIMIT_DEADLINE');
      expect((await host.call('guest.spin', [0], nobody)).value).toBe(7);
    }
  });

  it('in modules that import each other and share a memory', async () => {
    const baseDir = makeFolder();
    writeFileSync(
      join(baseDir, 'library.wasm'),
      assemble(`(module (import "env" "memory" (memory 1)) (func (export "again") (param i32)
        (loop $again (br_if $again (local.get 0)))))`),
    );
    writeFileSync(
      join(baseDir, 'main.wasm'),
      assemble(`(module (import "library" "again" (func $again (param i32))) (import "env" "memory" (memory 1))
        (func (export "spin") (param i32) (result i32) (i32.store (i32.const 0) (i32.const 7))
          (call $again (local.get 0)) (i32.load (i32.const 0))))`),
    );
    const guest = {
      modules: { library: './library.wasm', main: './main.wasm' },
      sharedMemory: 'env.memory',
      abi: 'core',
      wit: { text: WIT, world: 'guest' },
      limits: { deadline: '50ms', fuel: '1G' },
    };
    await using host = await createHost({ version: 1, compartments: { guest } }, { baseDir });
    expect((await host.call('guest.spin', [0], nobody)).fuel).toBeGreaterThan(0);
    expect(await codeOf(() => host.call('guest.spin', [1], nobody))).toMatch(/^LIMIT_(DEADLINE|FUEL)$/);
    expect((await host.call('guest.spin', [0], nobody)).value).toBe(7);
  });
});

describe('a destructor that never comes back', () => {
  it('is stopped at the deadline of a call', async () => {
    const host = await makeHost({
      compartments: {
        guest: {
          wit: `interface api { resource job { constructor(); } }
            world guest { export api; }`,
          wat: `(module (import "[export]test:guest/api" "[resource-new]job" (func $new (param i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "test:guest/api#[constructor]job") (result i32) (call $new (i32.const 5)))
            (func (export "test:guest/api#[dtor]job") (param i32) (loop $again (br $again))))`,
          limits: { deadline: '50ms' },
        },
      },
    });
    const job = (await host.call('guest.test:guest/api#[constructor]job', [], nobody)).value as Disposable;
    const start = performance.now();
    let thrown: unknown;
    try {
      job[Symbol.dispose]();
    } catch (error) {
      thrown = error;
    }
    expect(isCofferdamError(thrown, 'LIMIT_DEADLINE')).toBe(true);
    expect(performance.now() - start).toBeGreaterThan(45);
    expect(host.compartments()[0]?.instances).toEqual([]);
    await host.call('guest.test:guest/api#[constructor]job', [], nobody);
  });
});
