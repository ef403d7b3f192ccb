import type { Guest } from '../../src/suite/arena.ts';
import { codeOf, type Lab } from '../../src/suite/lab.ts';
import { ACME, type Channel, type Line, PUBLIC, persist, yesOrNo } from './channel.ts';

const EVERY = { secrecy: ['customer:*'] };
/** As often as it likes: the usual ceiling of failures would only make the channel slower. */
const restart = { policy: 'restart', ceiling: '1000/s' };

/** Takes all the memory it may have for a 1, and gives it back, by a trap, for a 0. */
const hoarder: Guest = {
  wit: 'world guest { export encode: func(bit: u32); }',
  wat: `(module (memory (export "memory") 1)
    (func (export "encode") (param i32)
      (if (i32.eqz (local.get 0)) (then unreachable))
      (drop (memory.grow (i32.const 255)))
      (memory.fill (i32.const 0) (local.get 0) (i32.mul (memory.size) (i32.const 65536)))))`,
  clearance: EVERY,
  restart,
  limits: { memory: '16MiB' },
};
/** How much can it still have? A fresh one each time. */
const prober: Guest = {
  wit: 'world guest { export probe: func() -> s32; }',
  wat: `(module (memory (export "memory") 1) (func (export "probe") (result i32) (memory.grow (i32.const 255))))`,
  instances: 'per-call',
  limits: { memory: '16MiB' },
};

async function openMemory(lab: Lab): Promise<Line> {
  const host = await lab.make({ compartments: { hoarder, prober }, limits: { memory: '32MiB' } });
  return {
    async send(bit) {
      await codeOf(() => persist(() => host.call('hoarder.encode', [bit], ACME)));
      return (await host.call<number>('prober.probe', [], PUBLIC)).value;
    },
    [Symbol.asyncDispose]: () => host.close(),
  };
}

/** Makes an instance of `helper` at its own label for a 1, and ends that one, by a trap in it, for a 0. */
const starter: Guest = {
  wit: 'world guest { import keep: func(); import end: func(); export encode: func(bit: u32); }',
  wat: `(module (import "$root" "keep" (func $keep)) (import "$root" "end" (func $end))
    (func (export "encode") (param i32) (if (local.get 0) (then (call $keep)) (else (call $end)))))`,
  clearance: EVERY,
  restart,
};
const helper = (instances: number): Guest => ({
  wit: 'world guest { export keep: func(); export end: func(); }',
  wat: '(module (func (export "keep")) (func (export "end") unreachable))',
  clearance: EVERY,
  restart,
  limits: { instances },
});
/** Calls the helper at its own label: is there room for one more? It ends that one, too. */
const asker: Guest = {
  wit: 'world guest { import end: func(); export ask: func(); }',
  wat: '(module (import "$root" "end" (func $end)) (func (export "ask") (call $end)))',
  restart,
};

async function openInstances(lab: Lab, instances: number): Promise<Line> {
  const links = [
    { from: 'starter', import: 'keep', to: 'helper', export: 'keep' },
    { from: 'starter', import: 'end', to: 'helper', export: 'end' },
    { from: 'asker', import: 'end', to: 'helper', export: 'end' },
  ];
  const host = await lab.make({ compartments: { starter, asker, helper: helper(instances) }, links });
  return {
    async send(bit) {
      await codeOf(() => persist(() => host.call('starter.encode', [bit], ACME)));
      const code = await codeOf(() => persist(() => host.call('asker.ask', [], PUBLIC)));
      return code === 'LIMIT_INSTANCES' ? 1 : 0;
    },
    [Symbol.asyncDispose]: () => host.close(),
  };
}

export const memoryPressure: Channel = {
  number: 60,
  name: 'memory pressure',
  settings: [
    yesOrNo('instances: one for two labels', false, (lab) => openInstances(lab, 1)),
    yesOrNo('instances: one for each label', true, (lab) => openInstances(lab, 2)),
    yesOrNo('`memory.grow` under `limits.memory`', true, openMemory),
  ],
};
