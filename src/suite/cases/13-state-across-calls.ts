import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, EVERY } from '../lab.ts';

/** Remembers in every place that a module has: memory, a global, a table. */
const rememberer = {
  wit: 'world guest { export next: func() -> tuple<u32, u32, u32>; }',
  wat: `(module (memory (export "memory") 1) (global $g (mut i32) (i32.const 0)) (table $t 8 funcref) (func $f)
    (elem declare func $f)
    (func (export "next") (result i32) (local $n i32)
      (i32.store (i32.const 100) (i32.add (i32.load (i32.const 100)) (i32.const 1)))
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (loop $l (if (i32.eqz (ref.is_null (table.get $t (local.get $n))))
        (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l))))
      (table.set $t (local.get $n) (ref.func $f))
      (i32.store (i32.const 16) (i32.load (i32.const 100))) (i32.store (i32.const 20) (global.get $g))
      (i32.store (i32.const 24) (i32.add (local.get $n) (i32.const 1))) (i32.const 16)))`,
  clearance: EVERY,
};
const arena = (instances: string): Arena => ({ compartments: { rememberer: { ...rememberer, instances } } });

export default defineCase({
  number: 13,
  name: 'state-across-calls',
  group: 'Flow',
  title: 'an instance that lives for one call remembers',
  async attack({ make }) {
    const host = await make(arena('per-call'));
    const replies = [];
    for (let i = 0; i < 3; i++) replies.push((await host.call('rememberer.next', [], acme)).value);
    expect(replies).toEqual([1, 1, 1].map((n) => [n, n, n]));
  },
  async twin({ make }) {
    const host = await make(arena('per-label'));
    const replies = [];
    for (let i = 0; i < 3; i++) replies.push((await host.call('rememberer.next', [], acme)).value);
    expect(replies).toEqual([1, 2, 3].map((n) => [n, n, n]));
  },
});
