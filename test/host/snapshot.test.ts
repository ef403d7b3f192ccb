import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHost } from '../../src/index.ts';
import { type Arena, codeOf, makeHost } from '../arena.ts';

const nobody = { label: {} };
const acme = { label: { secrecy: ['customer:acme'] } };
const EVERY = { secrecy: ['customer:*'] };

/** Counts to a million when it starts, and counts its calls. */
const slow = {
  wit: 'world guest { export add: func() -> u32; export warm-up: func(); export spun: func() -> u32; export take: func(n: u32); }',
  wat: `(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 0)) (global $spun (mut i32) (i32.const 0))
    (func $start (loop $again
      (global.set $spun (i32.add (global.get $spun) (i32.const 1)))
      (br_if $again (i32.lt_u (global.get $spun) (i32.const 1000000)))))
    (start $start)
    (func (export "warm-up") (global.set $n (i32.const 100)))
    (func (export "take") (param i32) (global.set $n (local.get 0)))
    (func (export "spun") (result i32) (global.get $spun))
    (func (export "add") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))`,
  clearance: EVERY,
};
const value = async (reply: Promise<{ value: unknown }>) => (await reply).value;

describe.each(['inline', 'worker', 'process'])('a compartment of kind %s that starts from a snapshot', (kind) => {
  const arena = (more: object): Arena => ({ compartments: { slow: { ...slow, kind, ...more } } });

  it('has the state that its initialisation left, at every label', async () => {
    const host = await makeHost(arena({ snapshot: true }));
    for (const at of [nobody, acme]) {
      expect(await value(host.call('slow.spun', [], at))).toBe(1_000_000);
      expect(await value(host.call('slow.add', [], at))).toBe(1);
    }
  });

  it('has what a call before it left', async () => {
    const host = await makeHost(arena({ snapshot: { call: 'warm-up' } }));
    expect(await value(host.call('slow.add', [], nobody))).toBe(101);
  });

  it('keeps nothing of what an instance was given', async () => {
    const host = await makeHost(arena({ snapshot: true }));
    await host.call('slow.take', [4242], acme);
    expect(await value(host.call('slow.add', [], acme))).toBe(4243);
    expect(await value(host.call('slow.add', [], nobody))).toBe(1);
  });

  it('starts again from it after a trap, and for each call of a per-call instance', async () => {
    const host = await makeHost(arena({ snapshot: { call: 'warm-up' }, instances: 'per-call' }));
    for (let i = 0; i < 3; i++) expect(await value(host.call('slow.add', [], nobody))).toBe(101);
  });

  it('is refused when its initialisation reaches for anything', async () => {
    const nosy = {
      wit: 'world guest { import ask: func() -> u32; export go: func() -> u32; }',
      wat: `(module (import "$root" "ask" (func $ask (result i32))) (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
        (func $start (global.set $n (call $ask))) (start $start) (func (export "go") (result i32) (global.get $n)))`,
      clearance: EVERY,
    };
    const told = {
      wit: 'world guest { export ask: func() -> u32; }',
      wat: '(module (memory (export "memory") 1) (func (export "ask") (result i32) (i32.const 7)))',
      clearance: EVERY,
    };
    const links = [{ from: 'nosy', import: 'ask', to: 'told' }];
    const host = await makeHost({ compartments: { nosy: { ...nosy, kind, snapshot: true }, told }, links });
    expect(await codeOf(() => host.call('nosy.go', [], acme))).toBe('SNAPSHOT_IMPURE');
    const without = await makeHost({ compartments: { nosy: { ...nosy, kind }, told }, links });
    expect(await value(without.call('nosy.go', [], acme))).toBe(7);
  });

  it('is refused where no state can be captured, and no such export is', async () => {
    const dropping = {
      wit: 'world guest { export go: func(); }',
      wat: '(module (memory (export "memory") 1) (data $d "x") (func (export "go") (data.drop $d)))',
    };
    expect(await codeOf(() => makeHost({ compartments: { dropping: { ...dropping, kind, snapshot: true } } }))).toBe(
      'SNAPSHOT_UNSUPPORTED',
    );
    const host = await makeHost(arena({ snapshot: { call: 'nowhere' } }));
    expect(await codeOf(() => host.call('slow.add', [], nobody))).toBe('SNAPSHOT_CALL');
  });
});

describe.each(['inline', 'worker', 'process'])('JavaScript in QuickJS, of kind %s', (kind) => {
  it('answers from a snapshot what it answers without one, at every label', async () => {
    const wasm = join(import.meta.dirname, '../../guests/classify/classify.wasm');
    const classify = { wasm, kind, clearance: EVERY };
    const host = await createHost({
      version: 1,
      tags: { 'customer:*': { kind: 'secrecy', owner: 'desk' } },
      principals: { desk: {} },
      compartments: { without: { ...classify, kind: 'inline' }, with: { ...classify, snapshot: true } },
    });
    onTestFinished(() => host.close());
    const text = 'I was charged twice, please refund';
    const plain = await value(host.call('without.classify', [text], nobody));
    expect(plain).toMatchObject({ topic: 'billing' });
    for (const at of [nobody, acme]) expect(await value(host.call('with.classify', [text], at))).toEqual(plain);
  });
});
