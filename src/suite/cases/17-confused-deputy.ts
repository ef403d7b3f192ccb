import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, makeSink, nobody } from '../lab.ts';

/** May release customers' data, and fills the name that it holds into whatever template it is given: C, in good faith. */
const deputy = {
  built: { name: 'deputy', abi: 'core', world: 'helps' },
  clearance: EVERY,
  grants: ['customer:*-'],
  resources: ['sink'],
} as const;
/** Has no privilege, and asks the deputy. */
const asker = {
  wit: `world guest { import fill: func(template: string); import out: func(text: string);
    export ask: func(template: string); export mine: func(text: string); }`,
  wat: `(module (import "$root" "fill" (func $fill (param i32 i32))) (import "$root" "out" (func $out (param i32 i32))) ${ALLOCATOR}
    (func (export "ask") (param i32 i32) (call $fill (local.get 0) (local.get 1)))
    (func (export "mine") (param i32 i32) (call $out (local.get 0) (local.get 1))))`,
  clearance: EVERY,
  resources: ['sink'],
};
const arena: Arena = {
  compartments: { deputy, asker },
  links: [
    { from: 'deputy', import: 'out', to: 'sink', post: true, declassify: ['customer:*'] },
    { from: 'asker', import: 'fill', to: 'deputy' },
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
    await host.call('deputy.hold', ['Zebra'], acme);
    await host.call('asker.ask', ['<%>'], nobody); // reaches the deputy at its own label, where nothing is held
    await host.call('asker.mine', ['Zebra'], acme); // the deputy's privilege is not the asker's
    await host.drained();
    expect(got).toEqual(['<>']);
  },
  async twin({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources });
    await host.call('deputy.hold', ['Zebra'], acme);
    expect(await codeOf(() => host.call('asker.ask', ['<%>'], acme))).toBeUndefined();
    await host.drained();
    expect(got).toEqual(['<Zebra>']);
  },
});
