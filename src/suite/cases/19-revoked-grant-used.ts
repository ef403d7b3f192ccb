import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { nobody } from '../lab.ts';
import { GATED, gated, shownAs } from './gated.ts';

const privilege = 'customer:*-';
/** Says of what it shows that it was vetted. */
const VOUCHER = { ...gated, grants: ['vetted+'], gates: { show: { endorse: ['vetted'] } } };

export default defineCase({
  number: 19,
  name: 'revoked-grant-used',
  group: 'Gates and grants',
  title: 'a privilege is used after it was revoked',
  async attack({ make }) {
    const host = await make(GATED);
    expect(await shownAs(host)).toEqual([]);
    host.revoke({ by: 'desk', to: 'gated', privilege });
    expect(await shownAs(host)).toEqual(['customer:acme']);
    // Also what was passed on from it.
    const pair = await make({ compartments: { gated, other: { ...gated, grants: [privilege] } } });
    pair.revoke({ by: 'desk', to: 'other', privilege });
    pair.delegate({ by: 'gated', to: 'other', privilege: 'customer:acme-' });
    pair.delegate({ by: 'other', to: 'gated', privilege: 'customer:acme-' });
    pair.revoke({ by: 'desk', to: 'gated', privilege });
    expect([await shownAs(pair), await shownAs(pair, 'other.show')]).toEqual([['customer:acme'], ['customer:acme']]);
    const voucher = await make({ compartments: { voucher: VOUCHER } });
    voucher.revoke({ by: 'desk', to: 'voucher', privilege: 'vetted+' });
    expect((await voucher.call('voucher.show', [1], nobody)).label.integrity).toEqual([]);
  },
  async twin({ make }) {
    const host = await make(GATED);
    host.revoke({ by: 'desk', to: 'gated', privilege });
    host.grant({ by: 'desk', to: 'gated', privilege });
    expect(await shownAs(host)).toEqual([]);
    const voucher = await make({ compartments: { voucher: VOUCHER } });
    expect((await voucher.call('voucher.show', [1], nobody)).label.integrity).toEqual(['vetted']);
  },
});
