import { expect } from 'vitest';
import { codeOf } from '../arena.ts';
import { attack } from './attack.ts';
import { GATED, gated, shownAs } from './gated.ts';

const withMallory = { ...GATED, principals: { desk: {}, mallory: {} } };

attack('who owns nothing grants', {
  async stopped(make) {
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
  async twin(make) {
    const host = await make(withMallory);
    host.revoke({ by: 'desk', to: 'gated', privilege: 'customer:*-' });
    host.grant({ by: 'desk', to: 'gated', privilege: 'customer:acme-' });
    host.grant({ by: 'desk', to: 'gated', privilege: 'customer:*-' });
    expect(await shownAs(host)).toEqual([]);
  },
});
