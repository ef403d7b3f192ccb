import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, nobody } from '../lab.ts';

/** One side says the function has this type, the other side that: alike in core Wasm, not alike in meaning. */
const guests = (imported: string, exported: string, core: string): Arena => ({
  compartments: {
    wants: {
      wit: `${types} world guest { ${uses} import f: func${imported}; export go: func() -> u32; }`,
      wat: `(module (import "$root" "f" (func $f ${core})) (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
        (func (export "go") (result i32) (i32.const 7)))`,
    },
    gives: {
      wit: `${types} world guest { ${uses} export f: func${exported}; }`,
      wat: `(module (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
        (func (export "f") ${core} ${core.includes('result') ? '(i32.const 64)' : ''}))`,
    },
  },
  links: [{ from: 'wants', import: 'f', to: 'gives' }],
});
const types = `interface shapes {
  enum colour { red, green } enum size { small, large } flags rights { read, write } flags looks { bold, wide }
  record point { x: u32, y: u32 } record turned { y: u32, x: u32 } record money { x: u32, y: s32 }
}`;
const uses = 'use shapes.{colour, size, rights, looks, point, turned, money};';

const CONFUSIONS: readonly (readonly [string, string, string])[] = [
  ['(n: u32)', '(n: s32)', '(param i32)'],
  ['(n: u8)', '(n: u32)', '(param i32)'],
  ['(n: char)', '(n: u32)', '(param i32)'],
  ['(n: bool)', '(n: u8)', '(param i32)'],
  ['(n: u64)', '(n: s64)', '(param i64)'],
  ['(n: string)', '(n: list<u8>)', '(param i32 i32)'],
  ['(n: list<u32>)', '(n: list<s32>)', '(param i32 i32)'],
  ['(n: colour)', '(n: size)', '(param i32)'],
  ['(n: rights)', '(n: looks)', '(param i32)'],
  ['(n: point)', '(n: turned)', '(param i32 i32)'],
  ['(n: point)', '(n: money)', '(param i32 i32)'],
  ['(n: point)', '(n: tuple<u32, u32>)', '(param i32 i32)'],
  ['(n: option<u32>)', '(n: result<u32>)', '(param i32 i32)'],
  ['(n: option<u32>)', '(n: tuple<u32, u32>)', '(param i32 i32)'],
  ['(n: u32)', '(n: u32) -> u32', '(param i32)'],
];

export default defineCase({
  number: 31,
  name: 'type-confusion',
  group: 'Memory and Wasm',
  title: 'the two ends of a link read one value as two types',
  async attack({ make, sample }) {
    for (const [imported, exported, core] of sample(CONFUSIONS)) {
      const arena = guests(imported, exported, core);
      if (exported.includes('->'))
        (arena.compartments.gives as { wat: string }).wat =
          `(module (memory (export "memory") 1) (func (export "f") (param i32) (result i32) (i32.const 1)))`;
      expect(await codeOf(() => make(arena)), `${imported} ← ${exported}`).toBe('LINK_TYPE');
    }
  },
  async twin({ make, sample }) {
    for (const [imported, , core] of sample(CONFUSIONS.slice(5, 12))) {
      const host = await make(guests(imported, imported, core));
      expect((await host.call('wants.go', [], nobody)).value).toBe(7);
    }
  },
});
