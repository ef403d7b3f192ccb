import type { CallOptions } from '../../index.ts';
import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY } from '../lab.ts';

const echo = {
  wit: 'world guest { export say: func(n: u32) -> u32; }',
  wat: `(module (memory (export "memory") 1) (func (export "say") (param i32) (result i32) (local.get 0)))`,
  clearance: EVERY,
};
const arena: Arena = { compartments: { echo } };

export default defineCase({
  number: 11,
  name: 'unlabelled-input',
  group: 'Flow',
  title: 'input without a label passes as public',
  async attack({ make }) {
    const host = await make(arena);
    const wrong: readonly (readonly [string, unknown])[] = [
      ['LABEL_MISSING', {}],
      ['LABEL_MISSING', { label: undefined }],
      ['LABEL_SHAPE', { label: null }],
      ['LABEL_SHAPE', { label: 'customer:acme' }],
      ['LABEL_SHAPE', { label: ['customer:acme'] }],
      ['LABEL_SHAPE', { label: { secret: ['customer:acme'] } }],
      ['LABEL_SHAPE', { label: { secrecy: 'customer:acme' } }],
      ['LABEL_SHAPE', { from: {} }],
      ['LABEL_SHAPE', { from: 'a reply' }],
      ['LABEL_TAG_UNDECLARED', { label: { secrecy: ['other:acme'] } }],
      ['LABEL_TAG_SYNTAX', { label: { secrecy: ['customer:Acme'] } }],
      ['LABEL_TAG_SYNTAX', { label: { secrecy: ['customer:*'] } }],
      ['LABEL_TAG_KIND', { label: { secrecy: ['vetted'] } }],
    ];
    for (const [code, options] of wrong) {
      expect(await codeOf(() => host.call('echo.say', [1], options as CallOptions)), JSON.stringify(options)).toBe(
        code,
      );
      expect(await codeOf(() => host.post('echo.say', [1], options as CallOptions)), JSON.stringify(options)).toBe(
        code,
      );
    }
    // A label that was written by hand, with the number of the public one, is known by its tags.
    const forged = { label: { id: 0, secrecy: ['customer:acme'], integrity: [] }, message: 1 };
    expect((await host.call('echo.say', [1], { from: forged })).label.secrecy).toEqual(['customer:acme']);
    // So is one that another host gave: there, numbers stand for other labels.
    const other = await make(arena);
    await other.call('echo.say', [1], { label: { secrecy: ['customer:globex'] } });
    const foreign = await other.call('echo.say', [1], acme);
    expect((await host.call('echo.say', [1], { from: foreign })).label.secrecy).toEqual(['customer:acme']);
  },
  async twin({ make }) {
    const host = await make(arena);
    expect((await host.call('echo.say', [1], { label: {} })).label.secrecy).toEqual([]);
    const lenient = await make({ ...arena, defaultLabel: acme.label });
    expect((await lenient.call('echo.say', [1])).label.secrecy).toEqual(['customer:acme']);
  },
});
