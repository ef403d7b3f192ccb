import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, globex } from '../lab.ts';

const crasher = (restart: object): Arena => ({
  compartments: {
    crasher: {
      wit: 'world guest { export work: func(fails: bool) -> u32; }',
      wat: `(module (memory (export "memory") 1)
        (func (export "work") (param i32) (result i32) (if (local.get 0) (then unreachable)) (i32.const 7)))`,
      clearance: EVERY,
      restart: { policy: 'restart', ...restart },
    },
  },
});

export default defineCase({
  number: 65,
  name: 'crash-loop',
  group: 'Resources',
  title: 'a guest fails each time, to keep the host busy with starting it',
  async attack({ make }) {
    const host = await make(crasher({ ceiling: '5/min' }));
    let started = 0;
    host.on('started', ({ label }) => {
      if (label.secrecy.includes('customer:acme')) started += 1;
    });
    for (let i = 0; i < 50; i++) {
      const code = await codeOf(() => host.call('crasher.work', [true], acme));
      expect(code).toBe(i < 5 ? 'GUEST_TRAP' : 'COMPARTMENT_BACKOFF');
    }
    expect(started).toBe(5);
    // The label beside it feels nothing of it.
    expect((await host.call('crasher.work', [false], globex)).value).toBe(7);
  },
  async twin({ make }) {
    const host = await make(crasher({ ceiling: '5/min' }));
    for (let i = 0; i < 4; i++) await codeOf(() => host.call('crasher.work', [true], acme));
    for (let i = 0; i < 50; i++) expect((await host.call('crasher.work', [false], acme)).value).toBe(7);
  },
});
