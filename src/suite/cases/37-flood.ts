import { statSync } from 'node:fs';
import { queryEvents } from '../../index.ts';
import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, nobody } from '../lab.ts';

/** Writes a line of `size` bytes to stdout `times` times, or posts as often. */
const flooder = {
  wit: 'world guest { import out: func(n: u32); export print: func(size: u32, times: u32); export post: func(times: u32); }',
  wat: `(module (import "$root" "out" (func $out (param i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "print") (param i32 i32)
      (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (local.get 0))
      (loop $again
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
        (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (br_if $again (local.get 1))))
    (func (export "post") (param i32)
      (loop $again
        (call $out (local.get 0))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $again (local.get 0)))))`,
  clearance: EVERY,
  wasi: 'minimal',
  resources: ['sink'],
  limits: { output: '1KiB' },
};
const arena: Arena = {
  compartments: { flooder },
  links: [{ from: 'flooder', import: 'out', to: 'sink', post: true }],
  resources: { sink: { function: true } },
  audit: { path: './audit.db' },
};
const resources = { sink: () => undefined };

export default defineCase({
  number: 37,
  name: 'flood',
  group: 'Resources',
  title: 'a guest floods the journal',
  async attack({ make, isRemote }) {
    // A thread or a process takes longer for each; what matters is that it is more than any bound.
    const many = isRemote ? 5_000 : 100_000;
    const host = await make(arena, { resources });
    const count = () => {
      host.checkpoint();
      return [...queryEvents(host.journalPath ?? '', {})].length;
    };
    const before = count();
    await host.call('flooder.print', [0, many], nobody); // nothing, many times
    await host.call('flooder.post', [many], acme); // what is denied, many times
    expect(count() - before).toBeLessThan(100);
    await host.call('flooder.post', [many], nobody); // more than the queue holds
    await host.drained();
    expect(count() - before).toBeLessThan(5000);
    expect(await codeOf(() => host.call('flooder.print', [1, 1025], nobody))).toBe('LIMIT_OUTPUT');
    expect(count() - before).toBeLessThan(7000);
    expect(statSync(host.journalPath ?? '').size).toBeLessThan(2 ** 21);
  },
  async twin({ make, enclave }) {
    let lines = 0;
    const host = await make(arena, { resources });
    host.on('output', () => void lines++);
    await host.call('flooder.print', [1, 1024], nobody); // exactly as much as it may
    await host.call('flooder.post', [10], nobody);
    await host.drained();
    expect(lines).toBe(enclave ? 0 : 1024); // an enclave's output is for nobody;
  },
});
