import { denials } from '../../index.ts';
import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, nobody } from '../lab.ts';

/** A gate that waits for a host function while it is inside: time enough to take its privilege away. */
const slow = {
  wit: 'world guest { import wait: func(); export show: func(n: u32) -> u32; }',
  wat: `(module (import "$root" "wait" (func $wait)) (memory (export "memory") 1)
    (func (export "show") (param i32) (result i32) (call $wait) (local.get 0)))`,
  clearance: EVERY,
  grants: ['customer:*-'],
  gates: { show: { declassify: ['customer:*'] } },
  resources: ['pause'],
};
/** Public, and gets a secret compartment's answer through the gate. */
const asker = {
  wit: 'world guest { import show: func(n: u32) -> u32; export ask: func() -> u32; }',
  enclave: undefined, // or it would get no privilege while it runs
  wat: `(module (import "$root" "show" (func $show (param i32) (result i32))) (memory (export "memory") 1)
    (func (export "ask") (result i32) (call $show (i32.const 5))))`,
};
const arena: Arena = {
  compartments: { slow: { ...slow, label: acme.label }, asker },
  links: [
    { from: 'slow', import: 'wait', to: 'pause' },
    { from: 'asker', import: 'show', to: 'slow' },
  ],
  resources: { pause: { function: true, label: acme.label } },
  audit: { path: './audit.db' },
};
const privilege = { by: 'desk', to: 'slow', privilege: 'customer:*-' };

export default defineCase({
  number: 20,
  name: 'revoke-race',
  group: 'Gates and grants',
  title: 'a privilege is revoked between the decision and the delivery',
  async attack({ make }) {
    let meanwhile = () => {};
    const host = await make(arena, { resources: { pause: () => meanwhile() } });
    meanwhile = () => host.revoke(privilege);
    expect((await host.call('slow.show', [1], acme)).label.secrecy).toEqual(['customer:acme']);
    host.grant(privilege);
    expect(await codeOf(() => host.call('asker.ask', [], nobody))).toBe('FLOW_DENIED');
    host.checkpoint();
    expect([...denials(host.journalPath ?? '')]).toHaveLength(1);
  },
  async twin({ make }) {
    let meanwhile = () => {};
    const host = await make(arena, { resources: { pause: () => meanwhile() } });
    meanwhile = () => host.grant({ ...privilege, to: 'asker' }); // another change of the grants does not matter
    expect((await host.call('slow.show', [1], acme)).label.secrecy).toEqual([]);
    expect((await host.call('asker.ask', [], nobody)).value).toBe(5);
  },
});
