import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GuestThread } from '../../../src/compartment/remote/threads.ts';
import { threads } from '../../../src/host/threads.ts';
import { codeOf, makeHost } from '../../arena.ts';
import { ledger, noting } from '../../killed-guests.ts';

const PUBLIC = { label: {} };

afterEach(() => void vi.restoreAllMocks());

/** The threads that are taken for guests from now on. */
function watchThreads(): GuestThread[] {
  const taken: GuestThread[] = [];
  const take = threads.take.bind(threads);
  vi.spyOn(threads, 'take').mockImplementation(() => {
    const thread = take();
    taken.push(thread);
    return thread;
  });
  return taken;
}

describe('a thread that is killed in the middle of a thousand calls', () => {
  const worker = { ...noting, kind: 'worker' };

  it('every call ends with its result or a code, none has its effect twice, and others go on', async () => {
    const taken = watchThreads();
    const host = await makeHost({
      compartments: { worker, ledger, other: { ...ledger, kind: 'worker' } },
      links: [{ from: 'worker', import: 'note', to: 'ledger' }],
    });
    const outcomes = new Map<string, number>();
    let victims = 0;
    const run = async (n: number): Promise<string> =>
      host.call('worker.run', [n], PUBLIC).then(
        ({ value }) => (value === n + 1 ? 'ok' : `wrong: ${value}`),
        (error: { code: string }) => error.code,
      );
    await host.call('other.times', [0], PUBLIC);
    const others = taken.length;
    for (let n = 0; n < 1000; n++) {
      // The order goes out now, and reaches the thread while it runs this call or one of the next.
      if (n % 100 === 50) {
        for (const thread of taken.slice(others)) thread.end();
        victims += 1;
      }
      const outcome = await run(n);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()].sort()).toEqual(['COMPARTMENT_DIED', 'ok']);
    expect((outcomes.get('ok') ?? 0) + (outcomes.get('COMPARTMENT_DIED') ?? 0)).toBe(1000);
    // Some are found dead between two calls, and cost none.
    expect(outcomes.get('COMPARTMENT_DIED')).toBeLessThanOrEqual(victims);
    const times: unknown[] = [];
    for (let n = 0; n < 1000; n++) times.push((await host.call('ledger.times', [n], PUBLIC)).value);
    expect(times.filter((each) => each !== 0 && each !== 1)).toEqual([]);
    expect(times.filter((each) => each === 1).length).toBeGreaterThanOrEqual(outcomes.get('ok') ?? 0);
    expect((await host.call('other.times', [0], PUBLIC)).value).toBe(0);
  });
});

describe('a thread that runs out of memory', () => {
  it('ends by itself: the call fails, and the next one gets a fresh instance', async () => {
    // Zeros are cheap: sixteen million tuples of them are a gigabyte of JavaScript, more than the heap of a thread holds.
    const wat = `(module (memory (export "memory") 1024)
      (func (export "pairs") (param i32) (result i32) (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (local.get 0)) (i32.const 0)))`;
    const wit = 'world guest { export pairs: func(n: u32) -> list<tuple<u8, u8>>; }';
    const host = await makeHost({
      compartments: { bomb: { kind: 'worker', wat, wit, limits: { memory: '64MiB', message: '256MiB' } } },
    });
    await expect(host.call('bomb.pairs', [16_000_000], PUBLIC)).rejects.toMatchObject({
      code: 'COMPARTMENT_DIED',
      details: { reason: 'its thread ran out of memory' },
    });
    expect((await host.call('bomb.pairs', [2], PUBLIC)).value).toEqual([
      [0, 0],
      [0, 0],
    ]);
  }, 60_000);
});

describe('limits', () => {
  const LOOP = '(loop $l (br $l))';
  const guest = (where: 'export' | 'realloc' | 'post') => `(module (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${where === 'realloc' ? LOOP : ''} (i32.const 64))
    (func (export "say") (param i32 i32) (result i32) ${where === 'export' ? LOOP : ''} (i32.const 0))
    (func (export "cabi_post_say") (param i32) ${where === 'post' ? LOOP : ''})
    (func (export "fine") (result i32) (i32.const 7)))`;
  const wit = 'world guest { export say: func(s: string) -> string; export fine: func() -> u32; }';

  it.each(['export', 'realloc', 'post'] as const)('in time: a loop in %s ends with its thread', async (where) => {
    const host = await makeHost({
      compartments: { looper: { kind: 'worker', wat: guest(where), wit, limits: { deadline: '1s' } } },
    });
    expect((await host.call('looper.fine', [], PUBLIC)).value).toBe(7);
    const start = performance.now();
    expect(await codeOf(() => host.call('looper.say', ['x'], PUBLIC))).toBe('LIMIT_DEADLINE');
    expect(performance.now() - start).toBeGreaterThan(900);
    expect((await host.call('looper.fine', [], PUBLIC)).value).toBe(7);
  });

  it('in time: a loop in a start function', async () => {
    const wat = `(module (func $s ${LOOP}) (func (export "fine") (result i32) (i32.const 7)) (start $s))`;
    const limits = { deadline: '1s' };
    const host = await makeHost({
      compartments: { looper: { kind: 'worker', wat, wit: 'world guest { export fine: func() -> u32; }', limits } },
    });
    expect(await codeOf(() => host.call('looper.fine', [], PUBLIC))).toBe('LIMIT_DEADLINE');
  });

  it('in fuel: counted where it runs', async () => {
    const wat = `(module (func (export "count") (param i32) (result i32) (local $i i32)
      (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0)))) (local.get $i)))`;
    const counting = { wat, wit: 'world guest { export count: func(n: u32) -> u32; }', limits: { fuel: 10_000 } };
    const host = await makeHost({ compartments: { inline: counting, worker: { ...counting, kind: 'worker' } } });
    for (const name of ['inline', 'worker']) {
      expect((await host.call(`${name}.count`, [100], PUBLIC)).value).toBe(100);
      expect((await host.call(`${name}.count`, [100], PUBLIC)).value).toBe(100);
      expect(await codeOf(() => host.call(`${name}.count`, [1_000_000], PUBLIC))).toBe('LIMIT_FUEL');
    }
  });
});

describe('what a thread cannot do', () => {
  const wat = '(module (func (export "f") (result i32) (i32.const 0)))';

  it('is refused before anything runs: to pass handles', async () => {
    const handing = wat.replace('"f"', '"test:guest/a#f"');
    const wit = 'interface a { resource r; f: func() -> r; }\nworld guest { export a; }';
    const make = (kind: string) => makeHost({ compartments: { guest: { kind, wat: handing, wit } } });
    await expect(make('worker')).rejects.toMatchObject({
      code: 'OPTION_UNENFORCEABLE',
      message: expect.stringContaining('kind: inline'),
    });
    expect(await codeOf(() => make('inline'))).toBe(undefined);
  });
});

describe('a call that waits for a function of the program', () => {
  const wat = `(module (import "$root" "ask" (func $ask (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (call $ask (local.get 0))))`;
  const wit = 'world guest { import ask: func(n: u32) -> u32; export run: func(n: u32) -> u32; }';

  it('leaves the program its thread', async () => {
    const ask = async (n: unknown) => {
      await sleep(30);
      return n;
    };
    const host = await makeHost(
      {
        compartments: { asker: { kind: 'worker', wat, wit, resources: ['program'] } },
        resources: { program: { function: true, label: {} } },
        links: [{ from: 'asker', import: 'ask', to: 'program' }],
      },
      { resources: { program: ask } },
    );
    let ticks = 0;
    const timer = setInterval(() => ticks++, 2);
    expect((await host.call('asker.run', [5], PUBLIC)).value).toBe(5);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });
});
