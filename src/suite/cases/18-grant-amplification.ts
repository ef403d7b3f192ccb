import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf } from '../lab.ts';
import { gated, shownAs } from './gated.ts';

/** `one` holds the privilege over acme's data; `two` has the same code and holds nothing. */
const arena: Arena = {
  compartments: {
    one: { ...gated, grants: ['customer:*-'] },
    two: { ...gated, grants: ['customer:*-'] },
  },
};
const delegate = (privilege: string) => ({ by: 'one', to: 'two', privilege });

export default defineCase({
  number: 18,
  name: 'grant-amplification',
  group: 'Gates and grants',
  title: 'a holder passes on more than it holds',
  only: {
    kinds: ['inline', 'worker', 'process'],
    why: 'an enclave gets no privilege while it runs, from nobody: see policy-not-measured',
  },
  async attack({ make }) {
    const host = await make(arena);
    for (const to of ['one', 'two']) host.revoke({ by: 'desk', to, privilege: 'customer:*-' });
    host.grant({ by: 'desk', to: 'one', privilege: 'customer:acme-' });
    for (const privilege of ['customer:*-', 'customer:globex-', 'vetted+']) {
      expect(await codeOf(() => host.delegate(delegate(privilege)))).toBe('GRANT_AMPLIFIES');
    }
    expect(await codeOf(() => host.delegate({ by: 'two', to: 'one', privilege: 'customer:globex-' }))).toBe(
      'GRANT_AMPLIFIES',
    );
    expect(await shownAs(host, 'two.show')).toEqual(['customer:acme']);
  },
  async twin({ make }) {
    const host = await make(arena);
    host.revoke({ by: 'desk', to: 'two', privilege: 'customer:*-' });
    host.delegate(delegate('customer:*-'));
    expect(await shownAs(host, 'two.show')).toEqual([]);
  },
});
