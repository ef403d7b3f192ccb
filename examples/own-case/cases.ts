import { acme, codeOf, defineCase, EVERY, expect, globex } from '../../src/suite/index.ts';

/*
 * A case of the isolation suite in a file of its own: an attack, and its twin that must be allowed. Outside of this
 * repository import from 'cofferdam/suite'. Run: cofferdam test --cases examples/own-case/cases.ts --case tally
 */

/** Counts what it was shown, and tells the count. */
const tally = {
  wit: 'world guest { export show: func(n: u32); export count: func() -> u32; }',
  wat: `(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
    (func (export "show") (param i32) (global.set $n (i32.add (global.get $n) (i32.const 1))))
    (func (export "count") (result i32) (global.get $n)))`,
  clearance: EVERY,
};

export default [
  defineCase({
    number: 1000,
    name: 'tally-of-others',
    group: 'Flow',
    title: 'one tenant counts what another was shown',
    async attack({ make }) {
      const host = await make({ compartments: { tally } });
      for (const n of [1, 2, 3]) await host.call('tally.show', [n], acme);
      expect((await host.call('tally.count', [], globex)).value).toBe(0);
      // Nor may a customer's count be asked for without that customer's label.
      expect(await codeOf(() => host.call('tally.count', []))).toBe('LABEL_MISSING');
    },
    async twin({ make }) {
      const host = await make({ compartments: { tally } });
      for (const n of [1, 2, 3]) await host.call('tally.show', [n], acme);
      expect((await host.call('tally.count', [], acme)).value).toBe(3);
    },
  }),
];
