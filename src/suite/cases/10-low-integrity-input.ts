import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, nobody } from '../lab.ts';

const vetted = { label: { integrity: ['vetted'] } };
/** Counts what reaches it. */
const floor = {
  wit: 'world guest { export order: func(n: u32) -> u32; }',
  wat: `(module (global $got (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "order") (param i32) (result i32) (global.set $got (i32.add (global.get $got) (i32.const 1))) (global.get $got)))`,
  label: vetted.label,
  clearance: { integrity: ['vetted'] },
};
const stranger = {
  wit: 'world guest { import order: func(n: u32) -> u32; import note: func(n: u32); export try: func(n: u32) -> u32; export drop: func(n: u32); }',
  wat: `(module (import "$root" "order" (func $order (param i32) (result i32))) (import "$root" "note" (func $note (param i32)))
    (memory (export "memory") 1)
    (func (export "try") (param i32) (result i32) (call $order (local.get 0)))
    (func (export "drop") (param i32) (call $note (local.get 0))))`,
};
const ledger = {
  wit: 'world guest { export note: func(n: u32); export count: func() -> u32; }',
  wat: `(module (global $got (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "note") (param i32) (global.set $got (i32.add (global.get $got) (i32.const 1))))
    (func (export "count") (result i32) (global.get $got)))`,
  label: vetted.label,
  clearance: { integrity: ['vetted'] },
};
const arena = (label: object): Arena => ({
  compartments: { floor, ledger, stranger: { ...stranger, label } },
  links: [
    { from: 'stranger', import: 'order', to: 'floor' },
    { from: 'stranger', import: 'note', to: 'ledger', post: true },
  ],
});

export default defineCase({
  number: 10,
  name: 'low-integrity-input',
  group: 'Flow',
  title: 'data that nobody vouches for enters where only vouched data may',
  async attack({ make }) {
    const host = await make(arena({}));
    expect(await codeOf(() => host.call('floor.order', [1], nobody))).toBe('FLOW_DENIED');
    expect(await codeOf(() => host.call('stranger.try', [1], vetted))).toBe('FLOW_DENIED');
    await host.call('stranger.drop', [1], vetted);
    await host.drained();
    expect((await host.call('floor.order', [1], vetted)).value).toBe(1);
    expect((await host.call('ledger.count', [], vetted)).value).toBe(0);
  },
  async twin({ make }) {
    const host = await make(arena(vetted.label));
    expect((await host.call('stranger.try', [1], vetted)).value).toBe(1);
    await host.call('stranger.drop', [1], vetted);
    await host.drained();
    expect((await host.call('ledger.count', [], vetted)).value).toBe(1);
  },
});
