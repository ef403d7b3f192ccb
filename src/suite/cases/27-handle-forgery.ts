import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, globex } from '../lab.ts';
import { booth, tickets, WHERE_HANDLES_ARE } from './tickets.ts';

export default defineCase({
  number: 27,
  name: 'handle-forgery',
  group: 'Memory and Wasm',
  title: 'a handle that was made up, given up, of another instance or of another type',
  only: WHERE_HANDLES_ARE,
  async attack({ make }) {
    const host = await make({ compartments: { tickets } });
    const answerOf = async (name: string, args: readonly unknown[], options: object) =>
      (await host.call(booth(name), args, options)).value;
    const refusalOf = (name: string, args: readonly unknown[], options: object) =>
      codeOf(() => host.call(booth(name), args, options));
    // By the guest: numbers that stand for nothing of its own.
    for (const handle of [0, 1, 7, 0x7fff_ffff, 0xffff_ffff]) {
      expect(await refusalOf('made-up', [handle], acme), `${handle}`).toBe('ABI_HANDLE');
    }
    for (const name of ['given-up', 'mistaken', 'drop-twice']) {
      expect(await refusalOf(name, [], acme), name).toBe('ABI_HANDLE');
    }
    // By who calls it: an object of another tenant's instance, of another type, forged, spent, or given twice.
    const mine = (await answerOf('[constructor]ticket', [5], acme)) as object;
    const theirs = await answerOf('[constructor]ticket', [1_000], globex);
    const forged = Object.create(Object.getPrototypeOf(mine));
    const key = await answerOf('[constructor]key', [], acme);
    for (const wrong of [theirs, key, forged, { ...mine }, {}, 1, null, undefined]) {
      for (const name of ['[method]ticket.value', 'spend']) {
        expect(await refusalOf(name, [wrong], acme)).toBe('ARGUMENT_TYPE');
      }
    }
    expect(await refusalOf('compare', [mine, mine], acme)).toBe('ARGUMENT_TYPE');
    expect(await answerOf('spend', [mine], acme)).toBe(5);
    expect(await refusalOf('spend', [mine], acme)).toBe('ARGUMENT_TYPE');
    expect(await answerOf('[method]ticket.value', [theirs], globex)).toBe(1_000);
    // Of an instance that is no more.
    const orphan = await answerOf('[constructor]ticket', [6], acme);
    await codeOf(() => host.call(booth('made-up'), [1], acme));
    expect(await refusalOf('spend', [orphan], acme)).toBe('ARGUMENT_TYPE');
  },
  async twin({ make }) {
    const host = await make({ compartments: { tickets } });
    const ticket = async (n: number) => (await host.call(booth('[constructor]ticket'), [n], acme)).value;
    const [one, other] = [await ticket(7), await ticket(5)];
    expect((await host.call(booth('[method]ticket.value'), [one], acme)).value).toBe(7);
    expect((await host.call(booth('compare'), [one, other], acme)).value).toBe(2);
    expect((await host.call(booth('spend'), [other], acme)).value).toBe(5);
  },
});
