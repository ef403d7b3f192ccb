import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, EVERY, globex, nobody } from '../lab.ts';

/** Keeps the last text, in memory, in a global and in the size of its memory, and returns it to whoever asks. */
const hoarder = {
  wit: 'world guest { export keep: func(text: string); export last: func() -> string; export pages: func() -> u32; }',
  wat: `(module ${ALLOCATOR} (global $at (mut i32) (i32.const 0)) (global $size (mut i32) (i32.const 0))
    (func (export "keep") (param i32 i32)
      (global.set $at (local.get 0)) (global.set $size (local.get 1)) (drop (memory.grow (i32.const 1))))
    (func (export "last") (result i32)
      (i32.store (i32.const 16) (global.get $at)) (i32.store (i32.const 20) (global.get $size)) (i32.const 16))
    (func (export "pages") (result i32) (memory.size)))`,
  clearance: EVERY,
};
const arena: Arena = { compartments: { hoarder } };

export default defineCase({
  number: 12,
  name: 'cross-tenant',
  group: 'Flow',
  title: 'what one tenant gave is read by another',
  async attack({ make }) {
    const host = await make(arena);
    await host.call('hoarder.keep', ['of acme'], acme);
    for (const options of [globex, nobody]) {
      expect((await host.call('hoarder.last', [], options)).value).toBe('');
      expect((await host.call('hoarder.pages', [], options)).value).toBe(1);
    }
    const both = { label: { secrecy: ['customer:acme', 'customer:globex'] } };
    expect((await host.call('hoarder.last', [], both)).value).toBe('');
  },
  async twin({ make }) {
    const host = await make(arena);
    await host.call('hoarder.keep', ['of acme'], acme);
    expect((await host.call('hoarder.last', [], acme)).value).toBe('of acme');
    expect((await host.call('hoarder.pages', [], acme)).value).toBe(2);
  },
});
