import { queryEvents } from '../../index.ts';
import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, EVERY, nobody } from '../lab.ts';

/** Posts as often as it is told, and says how often it came back from it. */
const sender = {
  wit: 'world guest { import out: func(n: u32); export send: func(times: u32) -> u32; }',
  wat: `(module (import "$root" "out" (func $out (param i32))) (memory (export "memory") 1)
    (func (export "send") (param i32) (result i32) (local $i i32)
      (loop $again
        (call $out (local.get $i))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (local.get 0))))
      (local.get $i)))`,
  clearance: EVERY,
};
const receiver = {
  wit: 'world guest { export out: func(n: u32); export last: func() -> u32; }',
  wat: `(module (global $last (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "out") (param i32) (global.set $last (local.get 0)))
    (func (export "last") (result i32) (global.get $last)))`,
  clearance: EVERY,
};
const arena = (changes: object): Arena => ({
  compartments: { sender, receiver: { ...receiver, ...changes } },
  links: [{ from: 'sender', import: 'out', to: 'receiver', post: true }],
  audit: { path: './audit.db' },
});

export default defineCase({
  number: 7,
  name: 'post-receipt',
  group: 'Flow',
  title: 'a sender learns what became of a one-way message',
  async attack({ make }) {
    const answers: unknown[] = [];
    const receivers = [{ queue: 10_000 }, { queue: 1 }, { queue: 0 }].map((limits) => ({ limits }));
    for (const changes of [...receivers, { clearance: {} }]) {
      const host = await make(arena(changes));
      answers.push((await host.call('sender.send', [500], acme)).value);
      await host.drained();
      // Nor does it fill the journal with what was not delivered.
      host.checkpoint();
      const events = [...queryEvents(host.journalPath ?? '', { kinds: ['limit', 'denied'] })];
      expect(events.length).toBeLessThan(100);
    }
    expect(answers).toEqual([500, 500, 500, 500]);
  },
  async twin({ make }) {
    const host = await make(arena({}));
    expect((await host.call('sender.send', [10], nobody)).value).toBe(10);
    await host.drained();
    expect((await host.call('receiver.last', [], nobody)).value).toBe(9);
  },
});
