import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, type Lab, nobody } from '../lab.ts';

const SPIN = '(if (local.get $forever) (then (loop $again (br $again))))';
const AT = '(local $forever i32) (local.set $forever (i32.eq (global.get $where)';

/** Loops for ever in the place that it was told, once it was told: 1 an export, 2 realloc, 3 post-return, 4 an import's answer. */
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

/** Longer where an instance is elsewhere: each call that is to end well goes to another thread or process and back. */
const arena = ({ isRemote }: Pick<Lab, 'isRemote'>): Arena => {
  const limits = { deadline: isRemote ? '2s' : '40ms' };
  return { compartments: { looper: { ...looper, limits }, helper, starter: { ...starter, limits } }, links };
};

/** The call ends soon after its deadline, not before, and with the one reason. */
async function expectStopped(run: () => Promise<unknown>, deadlineMs: number, startMs = 0): Promise<void> {
  const start = performance.now();
  expect(await codeOf(run)).toBe('LIMIT_DEADLINE');
  const tookMs = performance.now() - start;
  expect(tookMs).toBeGreaterThan(deadlineMs * 0.9); // a timer of the machine may round down
  expect(tookMs).toBeLessThan(deadlineMs + startMs + 2_000); // on a busy machine; bench/ says what it is on an idle one
}

async function everywhere({ make, isRemote }: Lab): Promise<void> {
  const host = await make(arena({ isRemote }));
  // Of instances that run already: what they were told keeps them.
  const soon = { ...nobody, deadlineMs: 40 };
  for (const [place, target, args] of [
    [1, 'looper.run', []],
    [2, 'looper.take', ['text']],
    [3, 'looper.give', []],
  ] as const) {
    await host.call('looper.arm', [place], nobody);
    await expectStopped(() => host.call(target, args, isRemote ? soon : nobody), 40);
    expect((await host.call('looper.give', [], nobody)).value).toBe(''); // a fresh one, which nobody has told to loop
  }
  // Starting a thread or a process takes none of the guest's time, and is bounded by itself.
  await expectStopped(() => host.call('starter.run', [], nobody), isRemote ? 2_000 : 40, isRemote ? 30_000 : 0);
  // In whom it calls, by generated code: the callee's own deadline is far away.
  await host.call('helper.arm', [4], nobody);
  await expectStopped(() => host.call('looper.ask', [], isRemote ? soon : nobody), 40);
  await host.call('looper.ask', [], nobody);
}

export default defineCase({
  number: 33,
  name: 'infinite-loop',
  group: 'Resources',
  title: 'a guest runs for ever',
  async attack(lab) {
    await everywhere(lab);
    const host = await lab.make(arena(lab));
    const prepared = host.prepare('looper.run', nobody);
    await host.call('looper.arm', [1], nobody);
    await expectStopped(async () => prepared.call(), lab.isRemote ? 2_000 : 40);
    prepared.call();
    // A post: nobody waits for it, and the queue goes on.
    await host.call('looper.arm', [1], nobody);
    await host.post('looper.run', [], nobody);
    await host.post('looper.run', [], nobody);
    await host.drained();
    expect(host.compartments().find(({ name }) => name === 'looper')?.instances).toHaveLength(1);
  },
  async twin({ make }) {
    const host = await make({ compartments: { looper, helper }, links });
    await host.call('looper.run', [], nobody);
    await host.call('looper.take', ['text'], nobody);
    await host.call('looper.ask', [], nobody);
    expect((await host.call('looper.give', [], nobody)).value).toBe('');
  },
});
