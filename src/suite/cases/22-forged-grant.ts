import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf } from '../lab.ts';
import { GATED, gated, shownAs } from './gated.ts';

const withMallory = { ...GATED, principals: { desk: {}, mallory: {} } };

export default defineCase({
  number: 22,
  name: 'forged-grant',
  group: 'Gates and grants',
  title: 'who owns nothing grants',
  async attack({ make }) {
    const host = await make(withMallory);
    const revoked = { by: 'desk', to: 'gated', privilege: 'customer:*-' };
    host.revoke(revoked);
    for (const by of ['mallory', 'gated', 'host', 'nobody', '', '__proto__']) {
      const code = await codeOf(() => host.grant({ ...revoked, by }));
      expect([by, code]).toEqual([by, 'GRANT_NOT_OWNER']);
      expect(await codeOf(() => host.delegate({ ...revoked, by }))).toBe('GRANT_AMPLIFIES');
    }
    expect(await codeOf(() => host.grant({ ...revoked, to: 'desk' }))).toBe('TARGET_UNKNOWN');
    expect(await shownAs(host)).toEqual(['customer:acme']);
    // In the manifest: a gate without the privilege, and a second owner for a member of a family.
    const { grants: _none, ...bare } = gated;
    expect(await codeOf(() => make({ compartments: { gated: bare } }))).toBe('MANIFEST_PRIVILEGE');
    const tags = {
      'customer:*': { kind: 'secrecy', owner: 'desk' },
      'customer:acme': { kind: 'secrecy', owner: 'mallory' },
    };
    expect(await codeOf(() => make({ ...withMallory, tags }))).toMatch(/^MANIFEST_/);
  },
  async twin({ make }) {
    const host = await make(withMallory);
    host.revoke({ by: 'desk', to: 'gated', privilege: 'customer:*-' });
    host.grant({ by: 'desk', to: 'gated', privilege: 'customer:acme-' });
    host.grant({ by: 'desk', to: 'gated', privilege: 'customer:*-' });
    expect(await shownAs(host)).toEqual([]);
  },
});
