import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, EVERY } from '../lab.ts';

const tenant = (n: number) => ({ label: { secrecy: [`customer:t${n}`] } });
const worker = {
  wit: 'world guest { import help: func() -> u32; export work: func() -> u32; }',
  wat: `(module (import "$root" "help" (func $help (result i32))) (memory (export "memory") 1) (func (export "work") (result i32) (call $help)))`,
  clearance: EVERY,
};
const helper = {
  wit: 'world guest { export help: func() -> u32; }',
  wat: `(module (global $n (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "help") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))`,
  clearance: EVERY,
};
const arena = (instances: string): Arena => ({
  compartments: { worker, helper: { ...helper, instances, limits: { instances: 5 } } },
  links: [{ from: 'worker', import: 'help', to: 'helper' }],
});

export default defineCase({
  number: 38,
  name: 'instance-exhaustion',
  group: 'Resources',
  title: 'labels use up all instances',
  async attack({ make }) {
    const host = await make(arena('per-label'));
    for (let n = 1; n <= 5; n++) await host.call('worker.work', [], tenant(n));
    for (let i = 0; i < 3; i++)
      expect(await codeOf(() => host.call('worker.work', [], tenant(6)))).toBe('LIMIT_INSTANCES');
    // Those that are there go on, state and all; the failed attempts left nothing.
    expect((await host.call('worker.work', [], tenant(1))).value).toBe(2);
    expect(host.compartments().map(({ instances }) => instances.length)).toEqual([5, 5]);
  },
  async twin({ make }) {
    const host = await make(arena('per-call'));
    for (let n = 1; n <= 7; n++) expect((await host.call('worker.work', [], tenant(n))).value).toBe(1);
  },
});
