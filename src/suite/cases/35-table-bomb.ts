import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, nobody } from '../lab.ts';

/** Two tables, grown in turn until neither grows; says how many entries they have together. */
const bomb = (first: string) => ({
  wit: 'world guest { export grow: func() -> u32; export one: func() -> s32; }',
  wat: `(module (memory (export "memory") 1) (table $a ${first} funcref) (table $b 0 externref)
    (func (export "grow") (result i32)
      (loop $more (br_if $more (i32.ne (table.grow $a (ref.null func) (i32.const 1)) (i32.const -1))))
      (loop $more (br_if $more (i32.ne (table.grow $b (ref.null extern) (i32.const 1)) (i32.const -1))))
      (i32.add (table.size $a) (table.size $b)))
    (func (export "one") (result i32) (table.grow $a (ref.null func) (i32.const 1))))`,
});
const arena = (first: string, table: number): Arena => ({
  compartments: { bomb: { ...bomb(first), limits: { table } } },
});

export default defineCase({
  number: 35,
  name: 'table-bomb',
  group: 'Resources',
  title: 'a guest takes all table entries',
  async attack({ make }) {
    const host = await make(arena('10', 100));
    expect((await host.call<number>('bomb.grow', [], nobody)).value).toBeLessThanOrEqual(100);
    expect(await codeOf(() => make(arena('101', 100)))).toBe('LIMIT_TABLE_INITIAL');
  },
  async twin({ make }) {
    const host = await make(arena('10', 100));
    expect((await host.call('bomb.one', [], nobody)).value).toBe(10);
  },
});
