import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, makeSink, nobody } from '../lab.ts';

/**
 * Asks somebody who may deny it, through a function whose type has room for an error text, catches whatever comes, and
 * sends the memory in which the text would be.
 */
const curious = {
  wit: 'world guest { import ask: func() -> result<string, string>; import tell: func(text: string); export try: func() -> u32; }',
  wat: `(module (import "$root" "ask" (func $ask (param i32))) (import "$root" "tell" (func $tell (param i32 i32))) ${ALLOCATOR}
    (global $caught (mut i32) (i32.const 0))
    (func (export "try") (result i32)
      (try (do (call $ask (i32.const 16))) (catch_all (global.set $caught (i32.const 1))))
      (call $tell (i32.load (i32.const 20)) (i32.load (i32.const 24)))
      (global.get $caught)))`,
  clearance: EVERY,
  resources: ['sink'],
};
const oracle = {
  wit: 'world guest { export ask: func() -> result<string, string>; }',
  wat: `(module ${ALLOCATOR} (data (i32.const 64) "an answer")
    (func (export "ask") (result i32)
      (i32.store (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 64)) (i32.store (i32.const 24) (i32.const 9))
      (i32.const 16)))`,
  clearance: EVERY,
};
const arena = (label: object): Arena => ({
  compartments: { curious, oracle: { ...oracle, label } },
  links: [
    { from: 'curious', import: 'ask', to: 'oracle' },
    { from: 'curious', import: 'tell', to: 'sink', post: true },
  ],
  resources: { sink: { function: true } },
});

export default defineCase({
  number: 6,
  name: 'denial-detail',
  group: 'Flow',
  title: 'a denial names tags to the guest',
  async attack({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena(acme.label), { resources });
    expect(await codeOf(() => host.call('curious.try', [], nobody))).toBe('FLOW_DENIED'); // though it caught it
    await host.drained();
    expect(got).toEqual([]);
    expect(host.compartments().flatMap(({ instances }) => instances)).toEqual([]);
  },
  async twin({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena({}), { resources });
    expect((await host.call('curious.try', [], nobody)).value).toBe(0);
    await host.drained();
    expect(got).toEqual(['an answer']);
  },
});
