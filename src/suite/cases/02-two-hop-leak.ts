import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, makeSink, nobody } from '../lab.ts';

/** Gives what it gets to the next: `pass` waits for it, `drop` does not. */
const relay = {
  wit: 'world guest { import next: func(text: string); export pass: func(text: string); }',
  wat: `(module (import "$root" "next" (func $next (param i32 i32))) ${ALLOCATOR}
    (func (export "pass") (param i32 i32) (call $next (local.get 0) (local.get 1))))`,
};

/** spy → courier → sink. Whatever the courier's clearance, somewhere on the way the secret must stop. */
const arena = (courier: object, post: boolean): Arena => ({
  compartments: { spy: { ...relay, clearance: EVERY }, courier: { ...relay, ...courier, resources: ['sink'] } },
  links: [
    { from: 'spy', import: 'next', to: 'courier', export: 'pass', ...(post ? { post } : {}) },
    { from: 'courier', import: 'next', to: 'sink', ...(post ? { post } : {}) },
  ],
  resources: { sink: { function: true } },
});
const ways = [{}, { clearance: EVERY }].flatMap((courier) => [arena(courier, false), arena(courier, true)]);

export default defineCase({
  number: 2,
  name: 'two-hop-leak',
  group: 'Flow',
  title: 'a secret goes to the public through a third',
  async attack({ make }) {
    for (const way of ways) {
      const { got, resources } = makeSink();
      const host = await make(way, { resources });
      const code = await codeOf(() => host.call('spy.pass', ['secret'], acme));
      await host.drained();
      expect([code === undefined || code === 'FLOW_DENIED', got]).toEqual([true, []]);
    }
  },
  async twin({ make }) {
    for (const way of ways) {
      const { got, resources } = makeSink();
      const host = await make(way, { resources });
      await host.call('spy.pass', ['weather'], nobody);
      await host.drained();
      expect(got).toEqual(['weather']);
    }
  },
});
