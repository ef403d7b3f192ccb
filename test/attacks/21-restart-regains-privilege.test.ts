import { expect } from 'vitest';
import { codeOf } from '../arena.ts';
import { acme, attack } from './attack.ts';
import { GATED, shownAs } from './gated.ts';

const privilege = { by: 'desk', to: 'gated', privilege: 'customer:*-' };

attack('a privilege comes back with a new instance or new code', {
  async stopped(make) {
    const host = await make(GATED);
    host.revoke(privilege);
    expect(await codeOf(() => host.call('gated.fail', [], acme))).toBe('GUEST_TRAP');
    expect(await shownAs(host)).toEqual(['customer:acme']); // a fresh instance
    await host.replace('gated');
    expect(await shownAs(host)).toEqual(['customer:acme']); // fresh code
    await host.replace('gated', { limits: { instances: 7 } });
    expect(await shownAs(host)).toEqual(['customer:acme']); // under a changed entry
  },
  async twin(make) {
    const host = await make(GATED);
    await codeOf(() => host.call('gated.fail', [], acme));
    await host.replace('gated');
    expect(await shownAs(host)).toEqual([]);
  },
});
