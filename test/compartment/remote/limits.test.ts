import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { processes } from '../../../src/host/processes.ts';
import { threads } from '../../../src/host/threads.ts';
import { ALLOCATOR, type Arena, codeOf, makeHost } from '../../arena.ts';

const PUBLIC = { label: {} };
const ACME = { label: { secrecy: ['customer:acme'] } };
const EVERY = { secrecy: ['customer:*'] };

afterEach(() => void vi.restoreAllMocks());

/** How many threads or processes have been taken for guests from now on. */
function countTaken(): () => number {
  const spies = [vi.spyOn(threads, 'take'), vi.spyOn(processes, 'take')];
  return () => spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
}

/** Does `fail`, and what comes after it, need no new thread or process? On a busy machine a grace may be over too soon. */
async function isReused(fail: () => Promise<void>): Promise<boolean> {
  const taken = countTaken();
  for (let round = 0; round < 20; round++) {
    const before = taken();
    await fail();
    if (taken() === before) return true;
  }
  return false;
}

const LOOP = '(loop $l (br $l))';
const PLACES = {
  'an export': { say: LOOP },
  realloc: { realloc: LOOP },
  'post-return': { post: LOOP },
  'calls at the end of a function': { say: '(return_call $say (local.get 0) (local.get 1))' },
  'an import that fails, caught': { say: '(loop $l (try (do (call $fail)) (catch_all)) (br $l))' },
};

type Place = { say?: string; realloc?: string; post?: string };
const looper = (kind: string, { say = '', realloc = '', post = '' }: Place, limits: object): Arena => ({
  compartments: {
    looper: {
      kind,
      wat: `(module (import "$root" "fail" (func $fail)) (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${realloc} (i32.const 64))
        (func $say (export "say") (param i32 i32) (result i32) ${say} (i32.const 0))
        (func (export "cabi_post_say") (param i32) ${post})
        (func (export "fine") (result i32) (i32.const 7)))`,
      wit: 'world guest { import fail: func(); export say: func(s: string) -> string; export fine: func() -> u32; }',
      clearance: EVERY,
      limits,
    },
    failing: {
      wat: '(module (func (export "fail") unreachable))',
      wit: 'world guest { export fail: func(); }',
      clearance: EVERY,
    },
  },
  links: [{ from: 'looper', import: 'fail', to: 'failing' }],
});

describe.each(['worker', 'process'])('a guest in a %s', (kind) => {
  it.each(Object.entries(PLACES))('is stopped in a loop in %s, and its thread or process goes on', async (_, place) => {
    const host = await makeHost(looper(kind, place, {}));
    expect((await host.call('looper.fine', [], PUBLIC)).value).toBe(7);
    const goesOn = await isReused(async () => {
      const start = performance.now();
      const code = await codeOf(() => host.call('looper.say', ['x'], { ...PUBLIC, deadlineMs: 100 }));
      expect(performance.now() - start).toBeGreaterThan(99);
      // What came first ends the call; what it caught does not let it go on.
      expect(code).toBe(place === PLACES['an import that fails, caught'] ? 'GUEST_TRAP' : 'LIMIT_DEADLINE');
      expect((await host.call('looper.fine', [], PUBLIC)).value).toBe(7);
    });
    expect(goesOn).toBe(true);
  });

  it('is stopped in its start function', async () => {
    const host = await makeHost({
      compartments: {
        looper: {
          kind,
          wat: `(module (func $s ${LOOP}) (func (export "fine") (result i32) (i32.const 7)) (start $s))`,
          wit: 'world guest { export fine: func() -> u32; }',
          limits: { deadline: '100ms' },
        },
      },
    });
    expect(await codeOf(() => host.call('looper.fine', [], PUBLIC))).toBe('LIMIT_DEADLINE');
  });

  it('does not leave its thread or process to another label', async () => {
    const host = await makeHost(looper(kind, PLACES['an export'], {}));
    const taken = countTaken();
    expect(await codeOf(() => host.call('looper.say', ['x'], { ...ACME, deadlineMs: 100 }))).toBe('LIMIT_DEADLINE');
    await host.call('looper.fine', [], PUBLIC);
    expect(taken()).toBe(2);
  });

  it('has its memory anew after it failed', async () => {
    const host = await makeHost({
      compartments: {
        counter: {
          kind,
          wat: `(module (global $n (mut i32) (i32.const 0))
            (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
            (func (export "trap") unreachable))`,
          wit: 'world guest { export count: func() -> u32; export trap: func(); }',
        },
      },
    });
    const taken = countTaken();
    for (let i = 0; i < 2; i++) {
      expect((await host.call('counter.count', [], PUBLIC)).value).toBe(1);
      expect((await host.call('counter.count', [], PUBLIC)).value).toBe(2);
      expect(await codeOf(() => host.call('counter.trap', [], PUBLIC))).toBe('GUEST_TRAP');
    }
    expect(taken()).toBe(1);
  });
});

/** Waits for the program, and then goes on for as long as it was told. */
const waiter = {
  wit: 'world guest { import wait: func(ms: u32); export run: func(ms: u32, rounds: u32) -> u32; }',
  wat: `(module (import "$root" "wait" (func $wait (param i32))) (memory (export "memory") 1)
    (func (export "run") (param $ms i32) (param $rounds i32) (result i32)
      (call $wait (local.get $ms))
      (block $done (loop $again
        (br_if $done (i32.eqz (local.get $rounds)))
        (local.set $rounds (i32.sub (local.get $rounds) (i32.ne (local.get $rounds) (i32.const -1))))
        (br $again)))
      (call $wait (i32.const 1))
      (i32.const 7)))`,
};
const FOREVER = 0xffff_ffff;
const wait = async (ms: unknown) => void (await sleep(Number(ms)));

function waiting(kind: string, limits: object): Promise<Awaited<ReturnType<typeof makeHost>>> {
  return makeHost(
    {
      compartments: { waiter: { ...waiter, kind, limits, resources: ['wait'] } },
      resources: { wait: { function: true } },
      links: [{ from: 'waiter', import: 'wait', to: 'wait' }],
    },
    { resources: { wait } },
  );
}

describe.each(['worker', 'process'])('a guest in a %s that waits for the program', (kind) => {
  it('is stopped in a loop after it went on, and its thread or process goes on', async () => {
    const host = await waiting(kind, {});
    expect((await host.call('waiter.run', [1, 10], PUBLIC)).value).toBe(7);
    const goesOn = await isReused(async () => {
      const call = host.call('waiter.run', [10, FOREVER], { ...PUBLIC, deadlineMs: 200 });
      expect(await codeOf(() => call)).toBe('LIMIT_DEADLINE');
      await sleep(60);
      expect((await host.call('waiter.run', [1, 10], PUBLIC)).value).toBe(7);
    });
    expect(goesOn).toBe(true);
  });

  it('is ended while it waits, and the next call gets a fresh one', async () => {
    const host = await waiting(kind, { deadline: '200ms' });
    expect(await codeOf(() => host.call('waiter.run', [500, 1], PUBLIC))).toBe('LIMIT_DEADLINE');
    const fresh = await waiting(kind, { deadline: '10s' });
    expect((await fresh.call('waiter.run', [1, 10], PUBLIC)).value).toBe(7);
  });

  it('may wait past its CPU time, but not run past it', async () => {
    const host = await waiting(kind, { deadline: 'none', cpu: '600ms' });
    expect((await host.call('waiter.run', [800, 1_000], PUBLIC)).value).toBe(7);
    const start = performance.now();
    expect(await codeOf(() => host.call('waiter.run', [60, FOREVER], PUBLIC))).toBe('LIMIT_CPU');
    expect(performance.now() - start).toBeGreaterThan(655);
    expect((await host.call('waiter.run', [1, 10], PUBLIC)).value).toBe(7);
  });
});

describe.each(['worker', 'process'])('limits on the way through a %s', (kind) => {
  const caller = {
    wit: 'world guest { import spin: func(rounds: u32) -> u32; export go: func(rounds: u32) -> u32; }',
    wat: `(module (import "$root" "spin" (func $spin (param i32) (result i32))) ${ALLOCATOR}
      (func (export "go") (param i32) (result i32) (call $spin (local.get 0))))`,
  };
  const callee = {
    wit: 'world guest { export spin: func(rounds: u32) -> u32; }',
    wat: `(module (func (export "spin") (param $rounds i32) (result i32)
      (block $done (loop $again
        (br_if $done (i32.eqz (local.get $rounds)))
        (local.set $rounds (i32.sub (local.get $rounds) (i32.ne (local.get $rounds) (i32.const -1))))
        (br $again)))
      (i32.const 7)))`,
  };

  const elsewhere = [kind, kind];
  it.each([
    ['the callee’s own deadline', { deadline: '1h' }, { deadline: '1s' }, 'LIMIT_DEADLINE', 'callee', elsewhere],
    ['the caller’s deadline', { deadline: '1s' }, { deadline: '1h' }, 'LIMIT_DEADLINE', 'caller', elsewhere],
    ['the callee’s own CPU time', { deadline: '1h' }, { cpu: '1s' }, 'LIMIT_CPU', 'callee', ['inline', kind]],
    ['the caller’s CPU time', { deadline: '1h', cpu: '1s' }, {}, 'LIMIT_CPU', 'caller', [kind, 'inline']],
  ])('%s', async (_, outer, inner, code, compartment, kinds) => {
    const host = await makeHost({
      compartments: {
        caller: { ...caller, limits: outer, kind: kinds[0] },
        callee: { ...callee, limits: inner, kind: kinds[1] },
      },
      links: [{ from: 'caller', import: 'spin', to: 'callee' }],
    });
    expect((await host.call('caller.go', [1_000], PUBLIC)).value).toBe(7);
    await expect(host.call('caller.go', [FOREVER], PUBLIC)).rejects.toMatchObject({ code, details: { compartment } });
    expect((await host.call('caller.go', [1_000], PUBLIC)).value).toBe(7);
  });
});

describe('fuel', () => {
  it('is the same number on every kind', async () => {
    const counting = {
      wat: `(module (import "$root" "tell" (func $tell (param i32))) ${ALLOCATOR}
        (func (export "count") (param i32) (result i32) (local $i i32)
          (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
          (call $tell (local.get $i))
          (local.get $i))
        (func (export "echo") (param i32 i32) (result i32)
          (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0)))`,
      wit: 'world guest { import tell: func(n: u32); export count: func(n: u32) -> u32; export echo: func(s: string) -> string; }',
      limits: { fuel: 10_000 },
    };
    const listener = {
      wat: '(module (func (export "tell") (param i32)))',
      wit: 'world guest { export tell: func(n: u32); }',
    };
    const kinds = ['inline', 'worker', 'process'];
    const host = await makeHost({
      compartments: { ...Object.fromEntries(kinds.map((kind) => [kind, { ...counting, kind }])), listener },
      links: kinds.map((from) => ({ from, import: 'tell', to: 'listener' })),
    });
    const used = async (target: string, arg: unknown) => (await host.call(target, [arg], PUBLIC)).fuel;
    for (const [name, arg] of [
      ['count', 1],
      ['count', 100],
      ['echo', 'a string'],
    ] as const) {
      const [first, ...rest] = await Promise.all(kinds.map((kind) => used(`${kind}.${name}`, arg)));
      expect(first).toBeGreaterThan(0);
      expect(rest).toEqual([first, first]);
    }
    for (const kind of kinds) {
      expect(await codeOf(() => host.call(`${kind}.count`, [1_000_000], PUBLIC))).toBe('LIMIT_FUEL');
      expect(await used(`${kind}.count`, 100)).toBe(await used('inline.count', 100));
    }
  });
});
