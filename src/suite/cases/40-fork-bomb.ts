import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, EVERY, nobody } from '../lab.ts';

/** For every message that it gets, sends two to itself, for as many generations as it is told. */
const rabbit = {
  wit: 'world guest { import again: func(generations: u32); export breed: func(generations: u32); export count: func() -> u32; }',
  wat: `(module (import "$root" "again" (func $again (param i32))) (global $n (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "breed") (param i32)
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (if (local.get 0) (then
        (call $again (i32.sub (local.get 0) (i32.const 1)))
        (call $again (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "count") (result i32) (global.get $n)))`,
  clearance: EVERY,
  limits: { queue: 16 },
};
const arena: Arena = {
  compartments: { rabbit },
  links: [{ from: 'rabbit', import: 'again', to: 'rabbit', export: 'breed', post: true }],
};

export default defineCase({
  number: 40,
  name: 'fork-bomb',
  group: 'Resources',
  title: 'posts that make posts',
  async attack({ make }) {
    const host = await make(arena);
    await host.post('rabbit.breed', [0xffff_ffff], acme);
    // Others are served meanwhile, and the host can be closed.
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      await host.call('rabbit.count', [], nobody);
    }
    const born = (await host.call<number>('rabbit.count', [], acme)).value;
    expect(born).toBeGreaterThan(20);
    expect(born).toBeLessThan(16 * 100); // not 2^20: its queue is full
    await host.close();
  },
  async twin({ make }) {
    const host = await make(arena);
    await host.post('rabbit.breed', [3], acme);
    await host.drained();
    expect((await host.call('rabbit.count', [], acme)).value).toBe(15);
  },
});
