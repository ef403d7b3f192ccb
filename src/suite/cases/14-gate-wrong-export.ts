import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY } from '../lab.ts';

/** `clean` is the gate; `raw` and `uncleanly` are not, whatever they are called. */
const cleaner = {
  wit: 'world guest { export clean: func(n: u32) -> u32; export raw: func(n: u32) -> u32; export un-clean: func(n: u32) -> u32; }',
  wat: `(module (memory (export "memory") 1)
    (func (export "clean") (param i32) (result i32) (i32.const 0))
    (func (export "raw") (param i32) (result i32) (local.get 0))
    (func (export "un-clean") (param i32) (result i32) (local.get 0)))`,
  clearance: EVERY,
  grants: ['customer:*-'],
  gates: { clean: { declassify: ['customer:*'] } },
};
const board = {
  wit: 'world guest { export publish: func(n: u32); }',
  wat: `(module (memory (export "memory") 1) (func (export "publish") (param i32)))`,
};
const arena: Arena = { compartments: { cleaner, board } };

export default defineCase({
  number: 14,
  name: 'gate-wrong-export',
  group: 'Gates and grants',
  title: 'data leaves through an export beside the gate',
  async attack({ make }) {
    const host = await make(arena);
    for (const target of ['cleaner.raw', 'cleaner.un-clean']) {
      const reply = await host.call(target, [5], acme);
      expect(reply.label.secrecy).toEqual(['customer:acme']);
      expect(await codeOf(() => host.call('board.publish', [reply.value], { from: reply }))).toBe('FLOW_DENIED');
    }
  },
  async twin({ make }) {
    const host = await make(arena);
    const reply = await host.call('cleaner.clean', [5], acme);
    expect(await codeOf(() => host.call('board.publish', [reply.value], { from: reply }))).toBeUndefined();
  },
});
