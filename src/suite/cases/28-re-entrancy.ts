import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, globex, nobody } from '../lab.ts';

/** Is in the middle of something while it calls, and would be confused if it were entered then. */
const outer = {
  wit: 'world guest { import bounce: func() -> u32; export run: func() -> u32; export inside: func() -> u32; }',
  wat: `(module (import "$root" "bounce" (func $bounce (result i32))) (global $busy (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "run") (result i32) (local $got i32)
      (global.set $busy (i32.const 1)) (local.set $got (call $bounce)) (global.set $busy (i32.const 0)) (local.get $got))
    (func (export "inside") (result i32) (global.get $busy)))`,
  clearance: EVERY,
};
const mirror = {
  wit: 'world guest { import inside: func() -> u32; export bounce: func() -> u32; }',
  wat: `(module (import "$root" "inside" (func $inside (result i32))) (memory (export "memory") 1)
    (func (export "bounce") (result i32) (call $inside)))`,
  clearance: EVERY,
};
/** outer → mirror → `back`, which is the outer compartment itself or another one of the same code. */
const arena = (back: string): Arena => ({
  compartments: { outer, mirror, other: outer },
  links: [
    { from: 'outer', import: 'bounce', to: 'mirror' },
    { from: 'other', import: 'bounce', to: 'mirror' },
    { from: 'mirror', import: 'inside', to: back },
  ],
});

export default defineCase({
  number: 28,
  name: 're-entrancy',
  group: 'Memory and Wasm',
  title: 'a call comes back to who is in the middle of it',
  async attack({ make }) {
    const host = await make(arena('outer'));
    expect(await codeOf(() => host.call('outer.run', [], acme))).toBe('CALL_REENTRANT');
    expect((await host.call('outer.inside', [], acme)).value).toBe(0); // a fresh instance
    const self = await make({
      compartments: { outer },
      links: [{ from: 'outer', import: 'bounce', to: 'outer', export: 'inside' }],
    });
    expect(await codeOf(() => self.call('outer.run', [], nobody))).toBe('CALL_REENTRANT');
    // And a loop that never gets back to itself ends at the depth that the manifest allows.
    expect((await host.call('other.run', [], globex)).value).toBe(0);
  },
  async twin({ make }) {
    const host = await make(arena('other'));
    expect((await host.call('outer.run', [], acme)).value).toBe(0);
    expect((await host.call('mirror.bounce', [], acme)).value).toBe(0);
  },
});
