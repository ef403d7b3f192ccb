import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, EVERY, makeSink } from '../lab.ts';

const vettedAcme = { label: { ...acme.label, integrity: ['vetted'] } };
/** Sends out whatever it is told, over a link that is a gate. */
const mailer = {
  wit: 'world guest { import out: func(n: u32); export mail: func(n: u32); }',
  wat: `(module (import "$root" "out" (func $out (param i32))) (memory (export "memory") 1)
    (func (export "mail") (param i32) (call $out (local.get 0))))`,
  clearance: EVERY,
  label: { integrity: ['vetted'] },
  grants: ['customer:*-'],
  resources: ['sink'],
};
const arena: Arena = {
  compartments: { mailer },
  links: [
    {
      from: 'mailer',
      import: 'out',
      to: 'sink',
      post: true,
      declassify: ['customer:*'],
      requires: { integrity: ['vetted'] },
    },
  ],
  resources: { sink: { function: true } },
};

export default defineCase({
  number: 15,
  name: 'gate-low-integrity-trigger',
  group: 'Gates and grants',
  title: 'data that nobody vouches for triggers a release',
  async attack({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources });
    await host.call('mailer.mail', [1], acme);
    await host.call('mailer.mail', [2], { ...vettedAcme, from: await host.call('mailer.mail', [3], acme) });
    await host.drained();
    expect(got).toEqual([]);
  },
  async twin({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources });
    await host.call('mailer.mail', [1], vettedAcme);
    await host.drained();
    expect(got).toEqual([1]);
  },
});
