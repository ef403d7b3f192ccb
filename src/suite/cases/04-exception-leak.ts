import { isCofferdamError, type Label } from '../../index.ts';
import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, nobody } from '../lab.ts';

/** Tells its argument by how it ends: a trap, an `err` with the secret in it, or an answer. */
const teller = {
  wit: 'world guest { export trap-if: func(secret: u32); export err-if: func(secret: u32) -> result<u32, u32>; }',
  wat: `(module (memory (export "memory") 1)
    (func (export "trap-if") (param i32) (if (local.get 0) (then unreachable)))
    (func (export "err-if") (param i32) (result i32)
      (i32.store (i32.const 16) (i32.ne (local.get 0) (i32.const 0))) (i32.store (i32.const 20) (local.get 0)) (i32.const 16)))`,
  clearance: EVERY,
};
/** Public. Sends to the secret instance and looks whether it notices anything. */
const prober = {
  wit: 'world guest { import trap-if: func(secret: u32); import post-if: func(secret: u32); export probe: func(secret: u32) -> u32; export drop: func(secret: u32) -> u32; }',
  wat: `(module (import "$root" "trap-if" (func $call (param i32))) (import "$root" "post-if" (func $post (param i32)))
    (memory (export "memory") 1)
    (func (export "probe") (param i32) (result i32) (call $call (local.get 0)) (i32.const 1))
    (func (export "drop") (param i32) (result i32) (call $post (local.get 0)) (i32.const 1)))`,
  clearance: EVERY,
};
const arena: Arena = {
  compartments: { teller, high: { ...teller, label: acme.label }, prober },
  links: [
    { from: 'prober', import: 'trap-if', to: 'high' },
    { from: 'prober', import: 'post-if', to: 'high', export: 'trap-if', post: true },
  ],
};
const failureOf = (run: Promise<unknown>) =>
  run.then(
    () => null,
    (error: unknown) => (isCofferdamError(error) ? error : null),
  );

export default defineCase({
  number: 4,
  name: 'exception-leak',
  group: 'Flow',
  title: 'a secret in how a call ends',
  async attack({ make }) {
    const host = await make(arena);
    // A public caller learns the same whether the secret one would trap or not.
    expect(await codeOf(() => host.call('prober.probe', [1], nobody))).toBe('FLOW_DENIED');
    expect(await codeOf(() => host.call('prober.probe', [0], nobody))).toBe('FLOW_DENIED');
    expect((await host.call('prober.drop', [1], nobody)).value).toBe(1);
    await host.drained();
    expect((await host.call('prober.drop', [0], nobody)).value).toBe(1);
    // The program gets a trap and an `err` with the label of the instance, and a session takes it in.
    for (const [target, code] of [
      ['teller.trap-if', 'GUEST_TRAP'],
      ['teller.err-if', 'GUEST_ERROR'],
    ] as const) {
      const session = host.session({ clearance: EVERY });
      const failure = await failureOf(session.call(target, [7], acme));
      expect(failure?.code).toBe(code);
      expect((failure?.details.label as Label | undefined)?.secrecy).toEqual(['customer:acme']);
      expect(session.label.secrecy).toEqual(['customer:acme']);
    }
  },
  async twin({ make }) {
    const host = await make(arena);
    expect((await host.call('prober.probe', [0], acme)).value).toBe(1);
    expect(await codeOf(() => host.call('prober.probe', [1], acme))).toBe('GUEST_TRAP');
    const session = host.session({ clearance: EVERY });
    const failure = await failureOf(session.call('teller.err-if', [7], nobody));
    expect([failure?.code, failure?.details.payload, session.label.secrecy]).toEqual(['GUEST_ERROR', 7, []]);
  },
});
