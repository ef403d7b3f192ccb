import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, nobody } from '../lab.ts';

const echo = {
  wit: 'world guest { export say: func(n: u32) -> u32; }',
  wat: `(module (memory (export "memory") 1) (func (export "say") (param i32) (result i32) (local.get 0)))`,
  clearance: EVERY,
};
const arena = (upTo: object): Arena => ({ compartments: { echo }, entries: [{ call: 'echo', upTo }] });

export default defineCase({
  number: 64,
  name: 'entry-ceiling',
  group: 'Gates and grants',
  title: 'host code sends more than the manifest lets it, though the guest is cleared',
  async attack({ make }) {
    const host = await make(arena({}));
    expect(await codeOf(() => host.call('echo.say', [1], acme))).toBe('ENTRY_DENIED');
    expect(await codeOf(() => host.post('echo.say', [1], acme))).toBe('ENTRY_DENIED');
    expect(await codeOf(() => host.prepare('echo.say', acme))).toBe('ENTRY_DENIED');
    expect(host.explain({ from: 'host', to: 'echo', label: acme.label }).allowed).toBe(false);
    expect((await host.call('echo.say', [1], nobody)).value).toBe(1);
  },
  async twin({ make }) {
    const host = await make(arena(EVERY));
    expect((await host.call('echo.say', [1], acme)).value).toBe(1);
    expect(host.explain({ from: 'host', to: 'echo', label: acme.label }).allowed).toBe(true);
  },
});
