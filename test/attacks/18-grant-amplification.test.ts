import { expect } from 'vitest';
import { type Arena, codeOf } from '../arena.ts';
import { attack } from './attack.ts';
import { gated, shownAs } from './gated.ts';

/** `one` holds the privilege over acme's data; `two` has the same code and holds nothing. */
const arena: Arena = {
  compartments: {
    one: { ...gated, grants: ['customer:*-'] },
    two: { ...gated, grants: ['customer:*-'] },
  },
};
const delegate = (privilege: string) => ({ by: 'one', to: 'two', privilege });

attack('a holder passes on more than it holds', {
  async stopped(make) {
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
  async twin(make) {
    const host = await make(arena);
    host.revoke({ by: 'desk', to: 'two', privilege: 'customer:*-' });
    host.delegate(delegate('customer:*-'));
    expect(await shownAs(host, 'two.show')).toEqual([]);
  },
});
