import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, makeSink, nobody } from '../lab.ts';

/** May release customers' data, and releases what it holds when it is asked to. */
const deputy = {
  wit: 'world guest { import out: func(n: u32); export hold: func(n: u32); export release: func(); }',
  wat: `(module (import "$root" "out" (func $out (param i32))) (global $held (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "hold") (param i32) (global.set $held (local.get 0)))
    (func (export "release") (call $out (global.get $held))))`,
  clearance: EVERY,
  grants: ['customer:*-'],
  resources: ['sink'],
};
/** Has no privilege, and asks the deputy. */
const asker = {
  wit: 'world guest { import release: func(); import out: func(n: u32); export ask: func(); export mine: func(n: u32); }',
  wat: `(module (import "$root" "release" (func $release)) (import "$root" "out" (func $out (param i32))) (memory (export "memory") 1)
    (func (export "ask") (call $release))
    (func (export "mine") (param i32) (call $out (local.get 0))))`,
  clearance: EVERY,
  resources: ['sink'],
};
const arena: Arena = {
  compartments: { deputy, asker },
  links: [
    { from: 'deputy', import: 'out', to: 'sink', post: true, declassify: ['customer:*'] },
    { from: 'asker', import: 'release', to: 'deputy' },
    { from: 'asker', import: 'out', to: 'sink', post: true },
  ],
  resources: { sink: { function: true } },
};

export default defineCase({
  number: 17,
  name: 'confused-deputy',
  group: 'Gates and grants',
  title: 'a public caller makes a privileged compartment act for it',
  async attack({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources });
    await host.call('deputy.hold', [42], acme);
    await host.call('asker.ask', [], nobody); // reaches the deputy at its own label, where nothing is held
    await host.call('asker.mine', [42], acme); // the deputy's privilege is not the asker's
    await host.drained();
    expect(got).toEqual([0]);
  },
  async twin({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources });
    await host.call('deputy.hold', [42], acme);
    expect(await codeOf(() => host.call('asker.ask', [], acme))).toBeUndefined();
    await host.drained();
    expect(got).toEqual([42]);
  },
});
