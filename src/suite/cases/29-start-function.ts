import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, EVERY, makeSink, nobody } from '../lab.ts';

/** Runs `start` before anybody called it. */
const early = (start: string) => ({
  wit: 'world guest { import out: func(n: u32); import back: func() -> u32; export get: func() -> u32; }',
  wat: `(module (import "$root" "out" (func $out (param i32))) (import "$root" "back" (func $back (result i32)))
    (global $n (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func $start ${start}) (start $start)
    (func (export "get") (result i32) (global.get $n)))`,
  clearance: EVERY,
  resources: ['sink'],
});
const arena = (start: string): Arena => ({
  compartments: { early: early(start) },
  links: [
    { from: 'early', import: 'out', to: 'sink', post: true },
    { from: 'early', import: 'back', to: 'early', export: 'get' },
  ],
  resources: { sink: { function: true } },
});

export default defineCase({
  number: 29,
  name: 'start-function',
  group: 'Memory and Wasm',
  title: 'a start function misbehaves',
  async attack({ make }) {
    const { got, resources } = makeSink();
    for (const [start, code] of [
      ['unreachable', 'GUEST_TRAP'],
      ['(global.set $n (call $back))', 'CALL_REENTRANT'],
      ['(try (do (global.set $n (call $back))) (catch_all))', 'CALL_REENTRANT'],
    ] as const) {
      const host = await make(arena(start), { resources });
      for (let i = 0; i < 2; i++) {
        const failure = await host.call('early.get', [], acme).catch((error) => error);
        expect([failure.code, failure.details.label.secrecy]).toEqual([code, ['customer:acme']]);
      }
      expect(host.compartments()[0]?.instances).toEqual([]);
    }
    // What it sends, it sends at the label of its instance.
    const host = await make(arena('(call $out (i32.const 1))'), { resources });
    await host.call('early.get', [], acme);
    await host.drained();
    expect(got).toEqual([]);
  },
  async twin({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena('(global.set $n (i32.const 5)) (call $out (i32.const 1))'), { resources });
    expect((await host.call('early.get', [], nobody)).value).toBe(5);
    await host.drained();
    expect(got).toEqual([1]);
  },
});
