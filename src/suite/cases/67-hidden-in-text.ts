import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, EVERY, globex, nobody } from '../lab.ts';

/** Hides the last name that it was told in the spaces of every text that it formats: a component, built from Rust. */
const formatter = { built: { name: 'hidden.component', abi: 'component' }, clearance: EVERY } as const;
const arena: Arena = { compartments: { formatter } };
const NAME = 'Zebra';
const TEXT = Array.from({ length: 8 * NAME.length + 1 }, (_, i) => `word${i}`).join(' ');

/** What stands in the spaces: two are a 1. */
function found(text: string): string {
  const bits = [...text.matchAll(/ +/g)].map(([spaces]) => spaces.length - 1);
  const bytes = Array.from({ length: Math.floor(bits.length / 8) }, (_, i) =>
    bits.slice(8 * i, 8 * i + 8).reduce((byte, bit, place) => byte | (bit << place), 0),
  );
  return Buffer.from(bytes).toString('latin1').replaceAll('\0', '');
}

export default defineCase({
  number: 67,
  name: 'hidden-in-text',
  group: 'Flow',
  title: 'a secret leaves between the words of a harmless text',
  async attack({ make }) {
    const host = await make(arena);
    await host.call('formatter.remember', [NAME], acme);
    for (const other of [nobody, globex]) {
      const { value } = await host.call<string>('formatter.format', [TEXT], other);
      expect(found(value)).toBe('');
      expect(value).toBe(TEXT);
    }
    // Where it does come out, the text has the label of the secret, and goes no further than that.
    const { label } = await host.call('formatter.format', [TEXT], acme);
    expect(label.secrecy).toEqual(['customer:acme']);
    const session = host.session({ clearance: EVERY });
    await session.call('formatter.format', [TEXT], acme);
    expect(session.label.secrecy).toEqual(['customer:acme']);
  },
  async twin({ make }) {
    const host = await make(arena);
    await host.call('formatter.remember', [NAME], acme);
    expect(found((await host.call<string>('formatter.format', [TEXT], acme)).value)).toBe(NAME);
    expect((await host.call('formatter.format', ['just  a text'], nobody)).value).toBe('just a text');
  },
});
