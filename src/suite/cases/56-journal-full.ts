import { mkdirSync, rmdirSync } from 'node:fs';
import { verifyJournal } from '../../index.ts';
import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, makeSink, nobody } from '../lab.ts';

/** Releases what it is told. */
const gate = {
  wit: 'world guest { import out: func(n: u32); export send: func(n: u32); }',
  wat: `(module (import "$root" "out" (func $out (param i32))) (memory (export "memory") 1) (func (export "send") (param i32) (call $out (local.get 0))))`,
  clearance: EVERY,
  grants: ['customer:*-'],
  resources: ['sink'],
};
const arena: Arena = {
  compartments: { gate },
  links: [{ from: 'gate', import: 'out', to: 'sink', declassify: ['customer:*'] }],
  resources: { sink: { function: true } },
  audit: { path: './audit.db' },
};

export default defineCase({
  number: 56,
  name: 'journal-full',
  group: 'Audit',
  title: 'what cannot be recorded is delivered',
  async attack({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources });
    const path = host.journalPath ?? '';
    await host.call('gate.send', [1], acme);
    // Where the journal's head is to be written, nothing can be written any more.
    mkdirSync(`${path}.head.new`);
    expect(await codeOf(() => host.call('gate.send', [2], acme))).toBe('AUDIT_WRITE');
    rmdirSync(`${path}.head.new`);
    // Nor does it go on as if nothing had happened once there is room again.
    expect(await codeOf(() => host.call('gate.send', [3], acme))).toBe('AUDIT_WRITE');
    expect(await codeOf(() => host.grant({ by: 'desk', to: 'gate', privilege: 'customer:*-' }))).toBe('AUDIT_WRITE');
    expect(got).toEqual([1]);
    await host.close().catch(() => undefined);
    expect(verifyJournal(path).ok).toBe(true);
  },
  async twin({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources });
    for (const n of [1, 2]) await host.call('gate.send', [n], acme);
    await host.call('gate.send', [3], nobody);
    expect(got).toEqual([1, 2, 3]);
  },
});
