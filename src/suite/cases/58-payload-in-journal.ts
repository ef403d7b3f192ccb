import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { exportEvents, queryEvents } from '../../index.ts';
import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY } from '../lab.ts';

const SECRET = 'Zebra-4111-1111';
/** Puts its secret wherever somebody might log it: an error, its output, a denied message, the text of a trap. */
const chatty = {
  wit: `world guest { import out: func(text: string); export fail: func(text: string) -> result<string, string>;
    export send: func(text: string); export trap: func(text: string); export print: func(text: string); }`,
  wat: `(module (import "$root" "out" (func $out (param i32 i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32))) ${ALLOCATOR}
    (func (export "fail") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (local.get 0)) (i32.store (i32.const 24) (local.get 1)) (i32.const 16))
    (func (export "send") (param i32 i32) (call $out (local.get 0) (local.get 1)))
    (func (export "trap") (param i32 i32) unreachable)
    (func (export "print") (param i32 i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
      (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))))`,
  clearance: EVERY,
  wasi: 'minimal',
  resources: ['sink'],
};
const arena: Arena = {
  compartments: { chatty },
  links: [{ from: 'chatty', import: 'out', to: 'sink', post: true }],
  resources: { sink: { function: true } },
  audit: { path: './audit.db' },
};

export default defineCase({
  number: 58,
  name: 'payload-in-journal',
  group: 'Audit',
  title: 'a secret stands in the journal',
  async attack({ make }) {
    const host = await make(arena, { resources: { sink: () => undefined } });
    const codes = [];
    for (const name of ['fail', 'send', 'trap', 'print'])
      codes.push(await codeOf(() => host.call(`chatty.${name}`, [SECRET], acme)));
    codes.push(await codeOf(() => host.call('chatty.send', [{ toString: () => SECRET }], acme)));
    expect(codes).toEqual(['GUEST_ERROR', undefined, 'GUEST_TRAP', undefined, 'ARGUMENT_TYPE']);
    const path = host.journalPath ?? '';
    await host.close();
    for (const name of readdirSync(dirname(path)).filter((file) => file.startsWith(basename(path)))) {
      expect(readFileSync(join(dirname(path), name)).includes(SECRET), name).toBe(false);
    }
    for (const line of exportEvents(path)) expect(line).notToContain(SECRET);
  },
  async twin({ make }) {
    const host = await make(arena, { resources: { sink: () => undefined } });
    await host.call('chatty.print', [SECRET], acme);
    host.checkpoint();
    const kinds = [...queryEvents(host.journalPath ?? '', {})].map(({ kind }) => kind);
    for (const kind of ['call', 'output', 'reply']) expect(kinds).toContain(kind); // that it happened, and how much
  },
});
