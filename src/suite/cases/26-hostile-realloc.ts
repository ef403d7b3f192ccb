import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, nobody } from '../lab.ts';

/** Answers every request for memory with the address that `aim` set, or traps, or calls out. */
const cheat = {
  wit: 'world guest { import out: func(); export aim: func(at: u32); export take: func(one: string, two: string) -> u32; export numbers: func(items: list<u32>) -> u32; }',
  wat: `(module (import "$root" "out" (func $out)) (memory (export "memory") 1) (global $at (mut i32) (i32.const 64))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.eq (global.get $at) (i32.const 1)) (then unreachable))
      (if (i32.eq (global.get $at) (i32.const 3)) (then (call $out)))
      (global.get $at))
    (func (export "aim") (param i32) (global.set $at (local.get 0)))
    (func (export "take") (param i32 i32 i32 i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "numbers") (param i32 i32) (result i32) (i32.load (local.get 0))))`,
  resources: ['sink'],
};
/** C, with the faults that allocators have: see guests/attacks/careless-realloc.c. */
const careless = { built: { name: 'careless-realloc', abi: 'core', world: 'allocates' } } as const;
const [HONEST, WRAPS, PAST_END, SAME_PLACE, UNALIGNED] = [0, 1, 2, 3, 4];
const arena: Arena = {
  compartments: { cheat, careless },
  links: [{ from: 'cheat', import: 'out', to: 'sink', post: true }],
  resources: { sink: { function: true } },
};

export default defineCase({
  number: 26,
  name: 'hostile-realloc',
  group: 'Memory and Wasm',
  title: 'realloc gives memory that is not there',
  async attack({ make }) {
    let calls = 0;
    const host = await make(arena, { resources: { sink: () => void calls++ } });
    for (const at of [65_534, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
      await host.call('cheat.aim', [at], nobody);
      expect(await codeOf(() => host.call('cheat.take', ['three', 'four'], nobody)), `${at}`).toBe('ABI_REALLOC');
    }
    await host.call('cheat.aim', [66], nobody);
    expect(await codeOf(() => host.call('cheat.numbers', [Uint32Array.of(1)], nobody))).toBe('ABI_REALLOC');
    await host.call('cheat.aim', [1], nobody);
    expect(await codeOf(() => host.call('cheat.take', ['a', 'b'], nobody))).toBe('GUEST_TRAP');
    await host.call('cheat.aim', [3], nobody);
    expect(await codeOf(() => host.call('cheat.take', ['a', 'b'], nobody))).toBe('ABI_LEAVE');
    await host.drained();
    expect(calls).toBe(0);
    for (const [mode, target, args] of [
      [WRAPS, 'careless.first', ['three', 'four']],
      [PAST_END, 'careless.first', ['three', 'four']],
      [UNALIGNED, 'careless.sum', [Uint32Array.of(1, 2)]],
    ] as const) {
      await host.call('careless.choose', [mode], nobody);
      expect(await codeOf(() => host.call(target, args, nobody)), `${mode}`).toBe('ABI_REALLOC');
      expect((await host.call('careless.sum', [Uint32Array.of(3, 4)], nobody)).value).toBe(7); // a fresh one
    }
  },
  async twin({ make }) {
    const host = await make(arena, { resources: { sink: () => undefined } });
    // The same place twice harms nobody but the guest: the second argument lies over the first.
    expect((await host.call('cheat.take', ['a', 'b'], nobody)).value).toBe('b'.charCodeAt(0));
    expect((await host.call('cheat.numbers', [Uint32Array.of(9)], nobody)).value).toBe(9);
    for (const [mode, first] of [
      [HONEST, 'a'],
      [SAME_PLACE, 'b'],
    ] as const) {
      await host.call('careless.choose', [mode], nobody);
      expect((await host.call('careless.first', ['a', 'b'], nobody)).value).toBe(first.charCodeAt(0));
    }
  },
});
