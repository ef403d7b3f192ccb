import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, makeSink, nobody } from '../lab.ts';

/** Passes and returns whatever pointers and lengths it is told. Its memory has one page: 65,536 bytes. */
const liar = {
  wit: `world guest { import out: func(text: string); import numbers: func(items: list<u64>);
    export pass: func(at: u32, size: u32); export count: func(at: u32, size: u32);
    export give: func(at: u32, size: u32) -> string; export give-at: func(at: u32) -> string; }`,
  wat: `(module (import "$root" "out" (func $out (param i32 i32))) (import "$root" "numbers" (func $numbers (param i32 i32)))
    ${ALLOCATOR}
    (data (i32.const 65532) "last")
    (func (export "pass") (param i32 i32) (call $out (local.get 0) (local.get 1)))
    (func (export "count") (param i32 i32) (call $numbers (local.get 0) (local.get 1)))
    (func (export "give") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "give-at") (param i32) (result i32) (local.get 0)))`,
  resources: ['sink', 'numbers'],
};
const arena: Arena = {
  compartments: { liar },
  links: [
    { from: 'liar', import: 'out', to: 'sink', post: true },
    { from: 'liar', import: 'numbers', to: 'numbers', post: true },
  ],
  resources: { sink: { function: true }, numbers: { function: true } },
};
const LIES = [
  [65_533, 4],
  [65_536, 1],
  [0, 65_537],
  [0xffff_ffff, 1],
  [0xffff_fff0, 0x20],
  [8, 0xffff_ffff],
  [0x8000_0000, 0x8000_0000],
] as const;
const FAULT = /^(ABI_POINTER|ABI_LENGTH|ABI_ALIGNMENT|LIMIT_MESSAGE)$/;

export default defineCase({
  number: 23,
  name: 'out-of-bounds',
  group: 'Memory and Wasm',
  title: 'a pointer leads out of its memory',
  async attack({ make, sample }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources: { ...resources, numbers: resources.sink } });
    const attempts = ['liar.pass', 'liar.give', 'liar.count'].flatMap((target) => LIES.map((lie) => ({ target, lie })));
    for (const { target, lie } of sample(attempts)) {
      expect(await codeOf(() => host.call(target, lie, nobody)), `${target} ${lie}`).toMatch(FAULT);
    }
    // A multiplication that wraps: 2^29 + 1 items of 8 bytes are 8 in 32 bits.
    expect(await codeOf(() => host.call('liar.count', [0, 0x2000_0001], nobody))).toMatch(FAULT);
    expect(await codeOf(() => host.call('liar.count', [4, 1], nobody))).toBe('ABI_ALIGNMENT');
    for (const at of [65_532, 65_536, 0xffff_fffc]) {
      expect(await codeOf(() => host.call('liar.give-at', [at], nobody))).toMatch(FAULT);
    }
    expect(await codeOf(() => host.call('liar.give-at', [2], nobody))).toBe('ABI_ALIGNMENT');
    await host.drained();
    expect(got).toEqual([]);
  },
  async twin({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources: { ...resources, numbers: resources.sink } });
    await host.call('liar.pass', [65_532, 4], nobody); // exactly to the end
    expect((await host.call('liar.give', [65_532, 4], nobody)).value).toBe('last');
    await host.call('liar.count', [0, 1], nobody);
    await host.drained();
    expect(got).toEqual(['last', BigUint64Array.of(0n)]);
  },
});
