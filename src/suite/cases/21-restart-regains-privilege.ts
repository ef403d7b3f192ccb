import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf } from '../lab.ts';
import { GATED, shownAs } from './gated.ts';

const privilege = { by: 'desk', to: 'gated', privilege: 'customer:*-' };

export default defineCase({
  number: 21,
  name: 'restart-regains-privilege',
  group: 'Gates and grants',
  title: 'a privilege comes back with a new instance or new code',
  async attack({ make }) {
    const host = await make(GATED);
    host.revoke(privilege);
    expect(await codeOf(() => host.call('gated.fail', [], acme))).toBe('GUEST_TRAP');
    expect(await shownAs(host)).toEqual(['customer:acme']); // a fresh instance
    await host.replace('gated');
    expect(await shownAs(host)).toEqual(['customer:acme']); // fresh code
    await host.replace('gated', { limits: { instances: 7 } });
    expect(await shownAs(host)).toEqual(['customer:acme']); // under a changed entry
  },
  async twin({ make }) {
    const host = await make(GATED);
    await codeOf(() => host.call('gated.fail', [], acme));
    await host.replace('gated');
    expect(await shownAs(host)).toEqual([]);
  },
});
