import { describe, expect, it } from 'vitest';
import { ALLOCATOR, type Arena, codeOf, makeHost } from '../arena.ts';

const nobody = { label: {} };
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits for the program, and then goes on for as long as it was told. */
const waiter = {
  wit: `world guest { import wait: func(ms: u32); export run: func(ms: u32, rounds: u32) -> u32; export spin: func(rounds: u32) -> u32; }`,
  wat: `(module (import "$root" "wait" (func $wait (param i32))) (memory (export "memory") 1)
    (func $spin (export "spin") (param $rounds i32) (result i32)
      (block $done (loop $again
        (br_if $done (i32.eqz (local.get $rounds)))
        (local.set $rounds (i32.sub (local.get $rounds) (i32.ne (local.get $rounds) (i32.const -1))))
        (br $again)))
      (i32.const 7))
    (func (export "run") (param i32 i32) (result i32) (call $wait (local.get 0)) (call $spin (local.get 1))))`,
};
const FOREVER = 0xffff_ffff;
const NEVER = 0xffff_ffff;
const wait = (ms: unknown) => (ms === NEVER ? new Promise<void>(() => undefined) : sleep(Number(ms)));

function waiting(limits: object, more: Partial<Arena> = {}): Arena {
  return {
    compartments: { waiter: { ...waiter, limits, resources: ['wait'] } },
    resources: { wait: { function: true } },
    links: [{ from: 'waiter', import: 'wait', to: 'wait' }],
    ...more,
  };
}
const make = (limits: object, more?: Partial<Arena>) => makeHost(waiting(limits, more), { resources: { wait } });

describe('a call that waits', () => {
  it('for a function that never answers ends at its deadline, and the host goes on', async () => {
    const host = await make({ deadline: '50ms' });
    const limits: string[] = [];
    host.on('limit', ({ subject, limit, amount }) => limits.push(`${subject} ${limit} ${amount}`));
    const start = performance.now();
    const error = await host.call('waiter.run', [NEVER, 0], nobody).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'LIMIT_DEADLINE', details: { compartment: 'waiter', limitMs: 50 } });
    expect((error as { details: { label: unknown } }).details.label).toBeDefined(); // a failure is a reply, too
    expect(performance.now() - start).toBeGreaterThan(45);
    expect(limits).toEqual(['waiter deadline 50']);
    expect(host.compartments()[0]?.instances).toEqual([]);
    expect((await host.call('waiter.run', [1, 0], nobody)).value).toBe(7);
  });

  it('ends when its time is over before it begins to wait', async () => {
    const late = () => {
      for (const start = performance.now(); performance.now() - start < 40; );
      return wait(NEVER);
    };
    const host = await makeHost(waiting({ deadline: '20ms' }), { resources: { wait: late } });
    for (let i = 0; i < 2; i++) {
      expect(await codeOf(() => host.call('waiter.run', [0, 0], nobody))).toBe('LIMIT_DEADLINE');
    }
  });

  it('is stopped in a loop after it went on', async () => {
    const host = await make({ deadline: '60ms' });
    for (let i = 0; i < 3; i++) {
      expect(await codeOf(() => host.call('waiter.run', [5, FOREVER], nobody))).toBe('LIMIT_DEADLINE');
    }
    expect((await host.call('waiter.run', [5, 1_000], nobody)).value).toBe(7);
  });

  it('is stopped when it catches what it waited for, and loops', async () => {
    const catcher = {
      wit: 'world guest { import wait: func(ms: u32); export run: func(); }',
      wat: `(module (import "$root" "wait" (func $wait (param i32))) (memory (export "memory") 1)
        (func (export "run") (try (do (call $wait (i32.const 1))) (catch_all)) (loop $again (br $again))))`,
      limits: { deadline: '60ms' },
      resources: ['wait'],
    };
    const failing = async () => {
      await sleep(5);
      throw new Error('no answer');
    };
    const host = await makeHost(
      { ...waiting({}), compartments: { waiter: catcher } },
      { resources: { wait: failing } },
    );
    for (let i = 0; i < 2; i++) {
      const start = performance.now();
      expect(await codeOf(() => host.call('waiter.run', [], nobody))).toBe('RESOURCE_FAILED'); // what came first
      expect(performance.now() - start).toBeGreaterThan(55);
    }
  });

  it('may wait past its CPU time, but not run past it', async () => {
    const host = await make({ deadline: 'none', cpu: '40ms' });
    expect((await host.call('waiter.run', [120, 1_000], nobody)).value).toBe(7);
    const start = performance.now();
    expect(await codeOf(() => host.call('waiter.run', [60, FOREVER], nobody))).toBe('LIMIT_CPU');
    expect(performance.now() - start).toBeGreaterThan(95);
  });

  it('does not end with another that goes on at the same time', async () => {
    const host = await makeHost(
      {
        ...waiting({}),
        compartments: {
          hasty: { ...waiter, limits: { deadline: '60ms' }, resources: ['wait'] },
          patient: { ...waiter, limits: { deadline: '1min' }, resources: ['wait'] },
        },
        links: ['hasty', 'patient'].map((from) => ({ from, import: 'wait', to: 'wait' })),
      },
      { resources: { wait } },
    );
    // Both are answered in the same turn of the event loop, many times over.
    for (let i = 0; i < 5; i++) {
      const patient = host.call('patient.run', [5, 2_000_000], nobody);
      const hasty = codeOf(() => host.call('hasty.run', [5, FOREVER], nobody));
      const second = host.call('patient.run', [5, 1], { label: {} });
      expect(await hasty).toBe('LIMIT_DEADLINE');
      expect((await patient).value).toBe(7);
      expect((await second).value).toBe(7);
    }
  });

  it('by a post leaves the queue at its deadline', async () => {
    const host = await make({ deadline: '50ms', queue: 1 });
    await host.post('waiter.spin', [1], nobody).catch(() => undefined);
    await host.drained();
    const failures: string[] = [];
    host.on('undelivered', ({ error }) => failures.push(error.code));
    await host.post('waiter.run', [NEVER, 0], nobody);
    await host.drained();
    expect(failures).toEqual(['LIMIT_DEADLINE']);
    await host.post('waiter.run', [1, 0], nobody);
  });

  it('does not keep a host from closing', async () => {
    const host = await make({ deadline: '1h' });
    const lost = host.call('waiter.run', [NEVER, 0], nobody);
    lost.catch(() => undefined);
    await host.close({ graceMs: 10 });
  });
});

describe('deadlineMs', () => {
  it('is nearer than the manifest’s, for a loop and for a wait', async () => {
    const host = await make({});
    for (const args of [
      [1, FOREVER],
      [NEVER, 0],
    ]) {
      const start = performance.now();
      await expect(host.call('waiter.run', args, { ...nobody, deadlineMs: 40 })).rejects.toMatchObject({
        code: 'LIMIT_DEADLINE',
        message: expect.stringContaining('deadlineMs'),
      });
      expect(performance.now() - start).toBeGreaterThan(36);
    }
    expect((await host.call('waiter.run', [1, 10], { ...nobody, deadlineMs: 10_000 })).value).toBe(7);
  });

  it('counts what a call waits for a busy instance', async () => {
    const host = await make({});
    const first = host.call('waiter.run', [300, 0], nobody);
    expect(await codeOf(() => host.call('waiter.run', [0, 0], { ...nobody, deadlineMs: 40 }))).toBe('LIMIT_DEADLINE');
    expect((await first).value).toBe(7);
    expect((await host.call('waiter.run', [0, 0], nobody)).value).toBe(7);
  });

  it('further than the manifest’s does not move that', async () => {
    const host = await make({ deadline: '40ms' });
    await expect(host.call('waiter.spin', [FOREVER], { ...nobody, deadlineMs: 60_000 })).rejects.toMatchObject({
      code: 'LIMIT_DEADLINE',
      message: expect.stringContaining('limits.deadline'),
    });
  });
});

const caller = {
  wit: 'world guest { import spin: func(rounds: u32) -> u32; export go: func(rounds: u32) -> u32; export often: func() -> u32; }',
  wat: `(module (import "$root" "spin" (func $spin (param i32) (result i32))) ${ALLOCATOR}
    (func (export "go") (param i32) (result i32) (call $spin (local.get 0)))
    (func (export "often") (result i32) (loop $again (drop (call $spin (i32.const 0))) (br $again)) (i32.const 0)))`,
};
const callee = {
  wit: 'world guest { export spin: func(rounds: u32) -> u32; }',
  wat: waiter.wat.replace(/\(import.*?\)\)\)\)? /, '').replace(/\(func \(export "run"\).*$/, ')'),
};

function pair(outer: object, inner: object): Arena {
  return {
    compartments: { caller: { ...caller, limits: outer }, callee: { ...callee, limits: inner } },
    links: [{ from: 'caller', import: 'spin', to: 'callee' }],
  };
}

describe('a call within a call', () => {
  it.each([
    ['a shorter deadline of its own', { deadline: '1h' }, { deadline: '40ms' }, 'LIMIT_DEADLINE', 'callee'],
    ['the deadline of its caller', { deadline: '40ms' }, { deadline: '1h' }, 'LIMIT_DEADLINE', 'caller'],
    ['the deadline of its caller alone', { deadline: '40ms' }, { deadline: 'none' }, 'LIMIT_DEADLINE', 'caller'],
    ['CPU time of its own', { deadline: '1h' }, { cpu: '40ms' }, 'LIMIT_CPU', 'callee'],
    ['CPU time of its caller', { deadline: '1h', cpu: '40ms' }, {}, 'LIMIT_CPU', 'caller'],
  ])('has %s', async (_, outer, inner, code, compartment) => {
    const host = await makeHost(pair(outer, inner));
    expect((await host.call('caller.go', [1_000], nobody)).value).toBe(7);
    await expect(host.call('caller.go', [FOREVER], nobody)).rejects.toMatchObject({ code, details: { compartment } });
    expect(host.compartments().flatMap(({ instances }) => instances)).toEqual([]); // both were on the way
    expect((await host.call('caller.go', [1_000], nobody)).value).toBe(7);
  });

  it('that is crossed in JavaScript each time is stopped, too', async () => {
    for (const limits of [{ deadline: '30ms' }, { deadline: '1h' }]) {
      const host = await makeHost(pair({ deadline: '60ms' }, limits));
      await expect(host.call('caller.often', [], nobody)).rejects.toMatchObject({
        code: 'LIMIT_DEADLINE',
        details: { compartment: 'caller' },
      });
    }
  });

  it('has its time anew: ten calls of 20 ms do not end at 40', async () => {
    const host = await makeHost(pair({ deadline: '1h' }, { deadline: '250ms' }));
    for (let i = 0; i < 10; i++) expect((await host.call('caller.go', [5_000_000], nobody)).value).toBe(7);
  });
});
