import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, makeSink, nobody } from '../lab.ts';

/** Chooses by its secret argument between a public and a secret receiver, and what it tells the first. */
const chooser = {
  wit: `world guest { import low: func(n: u32); import high: func(n: u32);
    export choose: func(secret: u32) -> u32; export dare: func(secret: u32) -> u32; }`,
  wat: `(module (import "$root" "low" (func $low (param i32))) (import "$root" "high" (func $high (param i32)))
    (memory (export "memory") 1)
    (func (export "choose") (param i32) (result i32)
      (if (local.get 0) (then (call $low (i32.const 1))) (else (call $high (i32.const 1)))) (i32.const 7))
    (func (export "dare") (param i32) (result i32) (call $low (local.get 0)) (i32.const 7)))`,
  clearance: EVERY,
  resources: ['low', 'high'],
};
const arena: Arena = {
  compartments: { chooser },
  links: ['low', 'high'].map((to) => ({ from: 'chooser', import: to, to, post: true })),
  resources: { low: { function: true }, high: { function: true, label: acme.label } },
};

export default defineCase({
  number: 5,
  name: 'denial-oracle',
  group: 'Flow',
  title: 'a denial tells a secret',
  async attack({ make }) {
    const seen = await Promise.all(
      [0, 1].map(async (secret) => {
        const low = makeSink();
        const host = await make(arena, { resources: { low: low.resources.sink, high: () => undefined } });
        const replies = [];
        for (const target of ['chooser.choose', 'chooser.dare']) replies.push(await host.call(target, [secret], acme));
        await host.drained();
        const atLow = [...low.got];
        const next = await codeOf(() => host.call('chooser.dare', [5], nobody));
        return { low: atLow, replies: replies.map(({ value }) => value), next };
      }),
    );
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).toEqual({ low: [], replies: [7, 7], next: undefined });
  },
  async twin({ make }) {
    const got: unknown[] = [];
    const resources = {
      low: (n: unknown) => void got.push(`low ${n}`),
      high: (n: unknown) => void got.push(`high ${n}`),
    };
    const host = await make(arena, { resources });
    await host.call('chooser.choose', [0], acme); // its secret goes where it may
    await host.call('chooser.choose', [1], nobody);
    await host.drained();
    expect(got).toEqual(['high 1', 'low 1']);
  },
});
