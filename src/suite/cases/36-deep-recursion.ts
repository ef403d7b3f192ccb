import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, globex } from '../lab.ts';

/** Recurses as deep as it is told, by itself, or until little is left for whom it calls then. */
const diver = {
  wit: 'world guest { import next: func(depth: u32) -> u32; export dive: func(depth: u32) -> u32; export hop: func(depth: u32) -> u32; }',
  wat: `(module (import "$root" "next" (func $next (param i32) (result i32))) (memory (export "memory") 1)
    (func $down (export "dive") (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
        (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
    (func $dig (export "hop") (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (call $next (i32.const 10)))
        (else (call $dig (i32.sub (local.get 0) (i32.const 1)))))))`,
  clearance: EVERY,
};
const arena: Arena = {
  compartments: { diver, other: diver },
  links: [
    { from: 'diver', import: 'next', to: 'other', export: 'dive' },
    { from: 'other', import: 'next', to: 'diver', export: 'hop' },
  ],
};

export default defineCase({
  number: 36,
  name: 'deep-recursion',
  group: 'Resources',
  title: 'a guest uses up the stack',
  async attack({ make, isRemote }) {
    const host = await make(arena);
    await host.call('diver.dive', [1], globex);
    for (let i = 0; i < 3; i++) {
      expect(await codeOf(() => host.call('diver.dive', [0xffff_ffff], acme))).toBe('GUEST_TRAP');
    }
    // Just where the stack ends in the host's own functions; that is still the guest's doing.
    const hop = (depth: number) => codeOf(() => host.call('diver.hop', [depth], acme));
    let [shallow, deep] = [1000, 500_000];
    while (deep - shallow > 1) {
      const middle = (shallow + deep) >> 1;
      if ((await hop(middle)) === undefined) shallow = middle;
      else deep = middle;
    }
    for (let depth = shallow - 200; depth < deep + 40; depth += isRemote ? 7 : 1) {
      expect((await hop(depth)) ?? 'GUEST_TRAP').toBe('GUEST_TRAP');
    }
    expect((await host.call('diver.dive', [100], globex)).value).toBe(100);
  },
  async twin({ make }) {
    const host = await make(arena);
    expect((await host.call('diver.dive', [1000], acme)).value).toBe(1000);
    expect((await host.call('diver.hop', [1000], acme)).value).toBe(10);
  },
});
