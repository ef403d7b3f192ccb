import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, nobody } from '../lab.ts';

/** Somebody who remembers, and whose secret twin may not be asked. */
const memo = {
  wit: 'world guest { export put: func(n: u32); export get: func() -> u32; }',
  wat: `(module (global $n (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "put") (param i32) (global.set $n (local.get 0)))
    (func (export "get") (result i32) (global.get $n)))`,
  clearance: EVERY,
};
/** Uses a link, runs into a denial, catches it, and goes on over the link that it used before. */
const stubborn = {
  wit: 'world guest { import put: func(n: u32); import get: func() -> u32; export try: func(); }',
  wat: `(module (import "$root" "put" (func $put (param i32))) (import "$root" "get" (func $get (result i32)))
    (memory (export "memory") 1)
    (func (export "try")
      (call $put (i32.const 1))
      (try (do (drop (call $get))) (catch_all))
      (try (do (call $put (i32.const 2))) (catch_all))
      (try (do (call $put (i32.const 3))) (catch_all))))`,
};
const arena = (label: object): Arena => ({
  compartments: { stubborn, memo, secret: { ...memo, label } },
  links: [
    { from: 'stubborn', import: 'put', to: 'memo' },
    { from: 'stubborn', import: 'get', to: 'secret' },
  ],
});

export default defineCase({
  number: 63,
  name: 'caught-failure',
  group: 'Memory and Wasm',
  title: 'a guest catches what ended its chain, and goes on',
  async attack({ make }) {
    const host = await make(arena(acme.label));
    for (let i = 0; i < 3; i++) {
      expect(await codeOf(() => host.call('stubborn.try', [], nobody))).toBe('FLOW_DENIED');
      expect((await host.call('memo.get', [], nobody)).value).toBe(1); // nothing after the denial arrived
      await host.call('memo.put', [0], nobody);
    }
  },
  async twin({ make }) {
    const host = await make(arena({}));
    await host.call('stubborn.try', [], nobody);
    expect((await host.call('memo.get', [], nobody)).value).toBe(3);
  },
});
