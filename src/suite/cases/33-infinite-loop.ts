import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase, type Kind } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, nobody } from '../lab.ts';

const SPIN = '(if (local.get $forever) (then (loop $again (br $again))))';
const AT = '(local $forever i32) (local.set $forever (i32.eq (global.get $where)';

/** Loops for ever in the place that it was told: 1 an export, 2 realloc, 3 post-return. */
const looper = {
  wit: `world guest { import help: func(); export arm: func(place: u32); export run: func();
    export take: func(text: string); export give: func() -> string; export ask: func(); }`,
  wat: `(module (import "$root" "help" (func $help))
    (memory (export "memory") 1) (global $where (mut i32) (i32.const 0))
    (func (export "arm") (param i32) (global.set $where (local.get 0)))
    (func (export "run") ${AT} (i32.const 1))) ${SPIN})
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${AT} (i32.const 2))) ${SPIN} (i32.const 1024))
    (func (export "take") (param i32 i32))
    (func (export "give") (result i32) (i32.const 64))
    (func (export "cabi_post_give") (param i32) ${AT} (i32.const 3))) ${SPIN})
    (func (export "ask") (call $help)))`,
};
/** Loops when its caller asks it to help, and it was told to. Its own deadline is far. */
const helper = {
  wit: 'world guest { export help: func(); export arm: func(place: u32); }',
  wat: `(module ${ALLOCATOR} (global $where (mut i32) (i32.const 0))
    (func (export "arm") (param i32) (global.set $where (local.get 0)))
    (func (export "help") ${AT} (i32.const 4))) ${SPIN}))`,
  limits: { deadline: '1h' },
};
const starter = {
  wit: 'world guest { export run: func(); }',
  wat: `(module (memory (export "memory") 1) (func $start (loop $again (br $again))) (start $start) (func (export "run")))`,
};
const links = [{ from: 'looper', import: 'help', to: 'helper' }];

/** A thread or a process of its own takes of the time of the call that it is started for. */
function arenaOf(kind: Kind): Arena {
  const limits = { deadline: kind === 'inline' ? '40ms' : '1s' };
  return { compartments: { looper: { ...looper, limits }, helper, starter: { ...starter, limits } }, links };
}

export default defineCase({
  number: 33,
  name: 'infinite-loop',
  group: 'Resources',
  title: 'a guest runs for ever',
  async attack({ make, kind }) {
    const host = await make(arenaOf(kind));
    const stopped = (target: string, args: readonly unknown[] = []) => codeOf(() => host.call(target, args, nobody));
    for (const [place, target, args] of PLACES) {
      await host.call('looper.arm', [place], nobody);
      expect(await stopped(target, args)).toBe('LIMIT_DEADLINE');
      expect((await host.call('looper.give', [], nobody)).value).toBe(''); // a fresh one, which nobody has told to loop
    }
    expect(await stopped('starter.run')).toBe('LIMIT_DEADLINE');
    await host.call('helper.arm', [4], nobody);
    expect(await stopped('looper.ask')).toBe('LIMIT_DEADLINE');
    await host.call('looper.ask', [], nobody);
    await host.call('looper.arm', [1], nobody);
    await host.post('looper.run', [], nobody);
    await host.post('looper.run', [], nobody);
    await host.drained(); // the queue goes on
  },
  async twin({ make }) {
    const host = await make({ compartments: { looper, helper }, links });
    for (const [, target, args] of PLACES) await host.call(target, args, nobody);
    await host.call('looper.ask', [], nobody);
  },
});

const PLACES = [
  [1, 'looper.run', []],
  [2, 'looper.take', ['text']],
  [3, 'looper.give', []],
] as const;
