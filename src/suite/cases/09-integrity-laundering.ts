import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, nobody } from '../lab.ts';

const vetted = { label: { integrity: ['vetted'] } };
/** Gives back what it gets, and may have changed it. */
const launderer = {
  wit: 'world guest { export wash: func(n: u32) -> u32; }',
  wat: `(module (memory (export "memory") 1) (func (export "wash") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))`,
};
/** Takes vouched data only. */
const careful = { ...launderer, label: vetted.label, clearance: { integrity: ['vetted'] } };
const arena = (label: object): Arena => ({ compartments: { launderer: { ...launderer, label }, careful } });

export default defineCase({
  number: 9,
  name: 'integrity-laundering',
  group: 'Flow',
  title: 'code that nobody vouches for returns vouched data',
  async attack({ make }) {
    const host = await make(arena({}));
    const reply = await host.call('launderer.wash', [1], vetted);
    expect(reply.label.integrity).toEqual([]);
    expect(await codeOf(() => host.call('careful.wash', [reply.value], { from: reply }))).toBe('FLOW_DENIED');
    // Saying so does not make it so: what came in from below stays below.
    expect(await codeOf(() => host.call('careful.wash', [reply.value], { from: reply, ...vetted }))).toBe(
      'FLOW_DENIED',
    );
    const own = await make(arena(vetted.label));
    expect((await own.call('launderer.wash', [1], nobody)).label.integrity).toEqual([]);
  },
  async twin({ make }) {
    const host = await make(arena(vetted.label)); // somebody vouches for this code
    const reply = await host.call('launderer.wash', [1], vetted);
    expect(reply.label.integrity).toEqual(['vetted']);
    expect(await codeOf(() => host.call('careful.wash', [reply.value], { from: reply }))).toBeUndefined();
  },
});
