import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, globex } from '../lab.ts';
import { booth, tickets, WHERE_HANDLES_ARE } from './tickets.ts';

const MAX_HANDLES = 65_536;

export default defineCase({
  number: 39,
  name: 'handle-leak',
  group: 'Resources',
  title: 'a guest keeps handles without end',
  only: WHERE_HANDLES_ARE,
  async attack({ make }) {
    const host = await make({ compartments: { tickets } });
    for (let i = 0; i < 3; i++) {
      expect(await codeOf(() => host.call(booth('hoard'), [MAX_HANDLES + 1], acme))).toBe('LIMIT_HANDLES');
      expect(await codeOf(() => host.call(booth('hoard'), [0xffff_ffff], acme))).toBe('LIMIT_HANDLES');
    }
    // In small parts it comes to the same; another tenant's instance has its own.
    await host.call(booth('hoard'), [MAX_HANDLES - 2], acme);
    expect(await codeOf(() => host.call(booth('hoard'), [3], globex))).toBeUndefined();
    expect(await codeOf(() => host.call(booth('hoard'), [3], acme))).toBe('LIMIT_HANDLES');
  },
  async twin({ make }) {
    const host = await make({ compartments: { tickets } });
    await host.call(booth('turn-over'), [3 * MAX_HANDLES], acme);
    await host.call(booth('hoard'), [MAX_HANDLES], acme); // exactly as many as it may
  },
});
