import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, nobody } from '../lab.ts';

const keeper = {
  wit: 'world guest { export put: func(secret: u32); export get: func() -> u32; }',
  wat: `(module (global $secret (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "put") (param i32) (global.set $secret (local.get 0)))
    (func (export "get") (result i32) (global.get $secret)))`,
  clearance: EVERY,
};
const asker = {
  wit: 'world guest { import get: func() -> u32; export ask: func() -> u32; }',
  wat: `(module (import "$root" "get" (func $get (result i32))) (memory (export "memory") 1)
    (func (export "ask") (result i32) (call $get)))`,
  clearance: EVERY,
};
const arena = (label: object): Arena => ({
  compartments: { keeper: { ...keeper, label }, asker },
  links: [{ from: 'asker', import: 'get', to: 'keeper' }],
});

export default defineCase({
  number: 3,
  name: 'reply-leak',
  group: 'Flow',
  title: 'a public caller asks who holds a secret',
  async attack({ make }) {
    // A compartment that is secret from birth: it could not answer, so it isn't asked.
    const born = await make(arena(acme.label));
    await born.call('keeper.put', [42], acme);
    expect(await codeOf(() => born.call('asker.ask', [], nobody))).toBe('FLOW_DENIED');
    // One that is as secret as what it was given: the public asker meets another instance.
    const grown = await make(arena({}));
    await grown.call('keeper.put', [42], acme);
    expect((await grown.call('asker.ask', [], nobody)).value).toBe(0);
  },
  async twin({ make }) {
    for (const label of [acme.label, {}]) {
      const host = await make(arena(label));
      await host.call('keeper.put', [42], acme);
      const reply = await host.call('asker.ask', [], acme);
      expect([reply.value, reply.label.secrecy]).toEqual([42, ['customer:acme']]);
    }
  },
});
