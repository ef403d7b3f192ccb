import { afterEach, describe, expect, it, vi } from 'vitest';
import { Asks } from '../../../src/compartment/remote/asks.ts';
import type { GuestThread } from '../../../src/compartment/remote/threads.ts';
import { linksOf } from '../../../src/host/links.ts';
import { threads } from '../../../src/host/threads.ts';
import { queryEvents, verifyJournal } from '../../../src/index.ts';
import { parseManifest } from '../../../src/policy/index.ts';
import { ALLOCATOR, codeOf, makeFolder, makeHost, manifestOf } from '../../arena.ts';

/* Calls from one thread to another, without the main thread in between. */

type Host = Awaited<ReturnType<typeof makeHost>>;

const PUBLIC = { label: {} };
const acme = { label: { secrecy: ['customer:acme'] } };
const globex = { label: { secrecy: ['customer:globex'] } };
const EVERY = { secrecy: ['customer:*'] };

afterEach(() => void vi.restoreAllMocks());

/** How often the main thread is asked for something from now on. */
function countAsks(): () => number {
  const serve = vi.spyOn(Asks.prototype, 'serve');
  return () => serve.mock.calls.length;
}

/** Calls `add` as often as it is told, and gives the last answer. */
const front = {
  kind: 'worker',
  clearance: EVERY,
  wit: 'world guest { import add: func(n: u32) -> u32; export run: func(times: u32) -> u32; }',
  wat: `(module (import "$root" "add" (func $add (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (local $last i32)
      (loop $l
        (local.set $last (call $add (i32.const 1)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get $last)))`,
};
/** A sum that starts at 0, and what happens when it is 7. */
const sum = (atSeven = 'unreachable', more = '') => ({
  kind: 'worker',
  clearance: EVERY,
  wit: 'world guest { export add: func(n: u32) -> u32; }',
  wat: `(module ${more} (global $n (mut i32) (i32.const 0))
    (func (export "add") (param i32) (result i32)
      (global.set $n (i32.add (global.get $n) (local.get 0)))
      (if (i32.eq (global.get $n) (i32.const 7)) (then ${atSeven}))
      (global.get $n)))`,
});
const link = { from: 'front', import: 'add', to: 'sum' };
const pair = (guest = sum()) => ({ compartments: { front, sum: guest }, links: [link] });
const run = async (host: Host, times: number, options: object = PUBLIC) =>
  (await host.call('front.run', [times], options)).value;

describe('a link between two threads', () => {
  it('is crossed without the main thread, but for the first call', async () => {
    const host = await makeHost(pair(sum('')));
    expect(await run(host, 3)).toBe(3);
    const asks = countAsks();
    expect(await run(host, 1000)).toBe(1003);
    expect(asks()).toBe(0);
  });

  it('leads to the instance at the label of its caller', async () => {
    const host = await makeHost(pair());
    expect(await run(host, 3, acme)).toBe(3);
    expect(await run(host, 2, globex)).toBe(2);
    expect(await run(host, 3, acme)).toBe(6);
    expect(await run(host, 1, globex)).toBe(3);
  });

  it('is in the journal as any other: each call, in order, with its bytes', async () => {
    const host = await makeHost({ ...pair(sum('')), audit: { path: './audit.db' } });
    for (const times of [1, 500, 1]) await run(host, times, acme);
    host.checkpoint();
    const path = host.journalPath ?? '';
    expect(verifyJournal(path).ok).toBe(true);
    const seen = [...queryEvents(path, { kinds: ['call', 'calls', 'reply'] })].map((event) => {
      if (event.kind === 'calls') return `${event.edge} ${event.count} ${event.requestBytes} ${event.replyBytes}`;
      return event.kind === 'call' ? event.edge : 'reply';
    });
    expect(seen).toEqual([
      ...['host -> front: run', 'front -> sum: add', 'reply', 'reply'],
      ...['host -> front: run', 'front -> sum: add 500 2000 2000', 'reply'],
      ...['host -> front: run', 'front -> sum: add 1 4 4', 'reply'],
    ]);
  });

  it('is told apart from others by inspect', async () => {
    const compartments = { ...pair().compartments, inline: { ...sum(), kind: 'inline' } };
    const links = async (more: object) => {
      const folder = makeFolder();
      const manifest = manifestOf({ compartments, ...more }, folder);
      return (await linksOf(parseManifest(manifest, { baseDir: folder }))).map(({ crossing, reason }) => [
        crossing,
        reason,
      ]);
    };
    expect(await links({ links: [link] })).toEqual([['from thread to thread', null]]);
    expect(await links({ links: [{ ...link, to: 'inline' }] })).toEqual([
      ['lift and lower', 'front: it runs in a worker of its own'],
    ]);
  });
});

describe('what fails in a direct call', () => {
  it.each([
    ['a trap', 'unreachable'],
    ['a stack without end', '(call $deep)'],
  ])('%s: the chain ends, its instances with it, and the next call gets fresh ones', async (_, atSeven) => {
    const host = await makeHost(pair(sum(atSeven, '(func $deep (call $deep))')));
    const traps: string[] = [];
    host.on('trap', ({ compartment }) => traps.push(compartment));
    expect(await run(host, 3)).toBe(3);
    expect(await codeOf(() => run(host, 5))).toBe('GUEST_TRAP');
    expect(traps).toEqual(['sum']);
    expect(host.compartments().flatMap(({ instances }) => instances)).toEqual([]);
    expect(await run(host, 6)).toBe(6);
  });

  it('a loop: it is stopped at the deadline of the whole', async () => {
    const limits = { limits: { deadline: '2s' } };
    const compartments = { front: { ...front, ...limits }, sum: { ...sum('(loop $l (br $l))'), ...limits } };
    const host = await makeHost({ compartments, links: [link] });
    expect(await run(host, 3)).toBe(3);
    expect(await codeOf(() => run(host, 5))).toBe('LIMIT_DEADLINE');
    expect(await run(host, 6)).toBe(6);
  });

  it('a cycle is refused as it is elsewhere', async () => {
    const hop = (own: string, next: string, kind: string) => ({
      kind,
      wit: `world guest { import ${next}: func(n: u32) -> u32; export ${own}: func(n: u32) -> u32; }`,
      wat: `(module (import "$root" "${next}" (func $next (param i32) (result i32)))
        (func (export "${own}") (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 9))))
          (call $next (i32.sub (local.get 0) (i32.const 1)))))`,
    });
    for (const kind of ['worker', 'inline']) {
      const host = await makeHost({
        compartments: { one: hop('a', 'b', kind), two: hop('b', 'c', kind), three: hop('c', 'a', kind) },
        links: [
          { from: 'one', import: 'b', to: 'two' },
          { from: 'two', import: 'c', to: 'three' },
          { from: 'three', import: 'a', to: 'one' },
        ],
      });
      const call = async (n: number) => (await host.call('one.a', [n], PUBLIC)).value;
      for (let i = 0; i < 4; i++) expect(await call(2)).toBe(9);
      expect(await codeOf(() => call(3))).toBe('CALL_REENTRANT');
      for (let i = 0; i < 4; i++) expect(await call(2)).toBe(9);
    }
  });

  it.each([
    'front',
    'sum',
  ])('the thread of %s is killed: the call ends with a code at once, and others go on', async (victim) => {
    const taken: GuestThread[] = [];
    const take = threads.take.bind(threads);
    vi.spyOn(threads, 'take').mockImplementation(() => {
      const thread = take();
      taken.push(thread);
      return thread;
    });
    const host = await makeHost(pair(sum('')));
    expect(await run(host, 3)).toBe(3);
    // The order goes out now, and reaches the thread in the middle of a million calls.
    taken[victim === 'front' ? 0 : 1]?.end();
    expect(await codeOf(() => run(host, 1_000_000))).toBe('COMPARTMENT_DIED');
    // The other one goes with it only if it was inside just then.
    expect(await run(host, 3)).toBeGreaterThanOrEqual(3);
  });
});

describe('a chain of direct calls', () => {
  const WRITE = '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))';
  const middle = {
    kind: 'worker',
    wit: 'world guest { import deep: func(n: u32) -> u32; export add: func(n: u32) -> u32; }',
    wat: `(module (import "$root" "deep" (func $deep (param i32) (result i32)))
      (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (call $deep (local.get 0)))))`,
  };
  /** Prints a letter, asks somebody in the main thread, and traps at 5. */
  const deep = {
    kind: 'worker',
    wasi: 'minimal',
    wit: 'world guest { import twice: func(n: u32) -> u32; export deep: func(n: u32) -> u32; }',
    wat: `(module (import "$root" "twice" (func $twice (param i32) (result i32))) ${WRITE}
      (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\01\\00\\00\\00") (data (i32.const 16) "x")
      (func (export "deep") (param i32) (result i32)
        (if (i32.eq (local.get 0) (i32.const 5)) (then unreachable))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $twice (local.get 0))))`,
  };
  const twice = {
    wit: 'world guest { export twice: func(n: u32) -> u32; }',
    wat: `(module (func (export "twice") (param i32) (result i32)
      (if (i32.eq (local.get 0) (i32.const 6)) (then unreachable)) (i32.mul (local.get 0) (i32.const 2))))`,
  };
  const first = {
    kind: 'worker',
    wit: 'world guest { import add: func(n: u32) -> u32; export run: func(n: u32) -> u32; }',
    wat: `(module (import "$root" "add" (func $add (param i32) (result i32)))
      (func (export "run") (param i32) (result i32) (call $add (local.get 0))))`,
  };
  const make = () =>
    makeHost({
      compartments: { front: first, middle, deep, twice },
      links: [
        { from: 'front', import: 'add', to: 'middle' },
        { from: 'middle', import: 'deep', to: 'deep' },
        { from: 'deep', import: 'twice', to: 'twice' },
      ],
    });

  it('what the last asks for comes to the main thread over all before it, in its own name', async () => {
    const host = await make();
    const written: string[] = [];
    host.on('output', ({ compartment, bytes }) => written.push(`${compartment} ${Buffer.from(bytes)}`));
    for (let i = 0; i < 3; i++) expect(await run(host, 4)).toBe(12);
    const asks = countAsks();
    expect(await run(host, 4)).toBe(12);
    expect(asks()).toBe(2);
    expect(written).toEqual(['deep x', 'deep x', 'deep x', 'deep x']);
  });

  it.each([
    ['the last', 5, 'deep'],
    ['somebody that the last calls', 6, 'twice'],
  ])('ends as a whole where %s fails', async (_, n, faulty) => {
    const host = await make();
    const traps: string[] = [];
    host.on('trap', ({ compartment }) => traps.push(compartment));
    for (let i = 0; i < 3; i++) await run(host, 4);
    expect(await codeOf(() => run(host, n))).toBe('GUEST_TRAP');
    expect(traps).toEqual([faulty]);
    expect(host.compartments().flatMap(({ instances }) => instances)).toHaveLength(faulty === 'deep' ? 1 : 0);
    expect(await run(host, 4)).toBe(12);
  });
});

describe('a direct call that has to go back', () => {
  it('over the main thread, when things changed during it', async () => {
    const said = sum(
      '(i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 1)) (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))',
      '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)',
    );
    const host = await makeHost({
      compartments: { front, sum: { ...said, wasi: 'minimal', grants: [] } },
      links: [link],
      audit: { path: './audit.db' },
    });
    expect(await run(host, 3)).toBe(3);
    const grant = { by: 'desk', to: 'sum', privilege: 'customer:*-' };
    host.on('output', () => {
      host.grant(grant);
      host.revoke(grant);
    });
    const asks = countAsks();
    expect(await run(host, 7)).toBe(10);
    // The output, the end of that call, and the next call.
    expect(asks()).toBe(3);
    host.checkpoint();
    expect(verifyJournal(host.journalPath ?? '').ok).toBe(true);
    const events = [...queryEvents(host.journalPath ?? '')].flatMap((event) =>
      event.kind === 'calls' && event.edge === 'front -> sum: add' ? [event] : [],
    );
    expect(events.reduce((total, { message, count }) => total + (message === null ? 0 : count), 0)).toBe(8);
    expect(events.reduce((total, { replyBytes }) => total + replyBytes, 0)).toBe(32);
  });

  it('leads to new code as soon as there is some', async () => {
    const host = await makeHost(pair(sum('')));
    expect(await run(host, 3)).toBe(3);
    await host.replace('sum');
    expect(await run(host, 3)).toBe(3);
    host.suspend('sum');
    expect(await codeOf(() => run(host, 1))).toBe('COMPARTMENT_SUSPENDED');
    host.resume('sum');
    expect(await run(host, 2)).toBe(5);
  });
});

describe('messages in a direct call', () => {
  const text = {
    kind: 'worker',
    wit: 'world guest { import say: func(s: string) -> string; export run: func(n: u32, times: u32) -> u32; }',
    wat: `(module (import "$root" "say" (func $say (param i32 i32 i32))) ${ALLOCATOR}
      (func (export "run") (param i32 i32) (result i32)
        (if (i32.gt_u (i32.add (local.get 0) (i32.const 65536)) (i32.shl (memory.size) (i32.const 16)))
          (then (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 0) (i32.const 16)))))))
        (memory.fill (i32.const 65536) (i32.const 120) (local.get 0))
        (loop $l
          (global.set $top (i32.add (i32.const 65536) (local.get 0)))
          (call $say (i32.const 65536) (local.get 0) (i32.const 32))
          (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (i32.load (i32.const 36))))`.replace('(export "memory") 1)', '(export "memory") 600)'),
    limits: { memory: '64MiB', message: '32MiB' },
  };
  const echo = (message: string) => ({
    kind: 'worker',
    wit: 'world guest { export say: func(s: string) -> string; }',
    wat: `(module ${ALLOCATOR.replace('(export "memory") 1)', '(export "memory") 600)')}
      (func (export "say") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
        (global.set $top (i32.const 1024)) (i32.const 16)))`,
    limits: { memory: '64MiB', message },
  });
  const links = [{ from: 'text', import: 'say', to: 'echo' }];

  it('go in pieces where they are larger than the channel', async () => {
    const host = await makeHost({ compartments: { text, echo: echo('32MiB') }, links });
    const size = 16 * 1024 * 1024;
    const asks = countAsks();
    expect((await host.call('text.run', [size, 3], PUBLIC)).value).toBe(size);
    expect(asks()).toBe(1);
  }, 60_000);

  it('are refused where they are larger than either end takes', async () => {
    const host = await makeHost({ compartments: { text, echo: echo('1KiB') }, links });
    expect((await host.call('text.run', [1000, 3], PUBLIC)).value).toBe(1000);
    expect(await codeOf(() => host.call('text.run', [1100, 1], PUBLIC))).toBe('LIMIT_MESSAGE');
    expect((await host.call('text.run', [1000, 3], PUBLIC)).value).toBe(1000);
  });
});

describe('a reply in a direct call', () => {
  const asker = {
    kind: 'worker',
    wit: 'world guest { import make: func(n: u32) -> list<u8>; export run: func(n: u32) -> u32; }',
    wat: `(module (import "$root" "make" (func $make (param i32 i32))) ${ALLOCATOR.replace('"memory") 1)', '"memory") 40)')}
      (func (export "run") (param i32) (result i32)
        (global.set $top (i32.const 1024)) (call $make (local.get 0) (i32.const 32)) (i32.load (i32.const 36))))`,
    limits: { message: '64KiB' },
  };
  const maker = {
    kind: 'worker',
    wit: 'world guest { export make: func(n: u32) -> list<u8>; }',
    wat: `(module ${ALLOCATOR.replace('"memory") 1)', '"memory") 40)')} (func (export "make") (param i32) (result i32)
      (i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (local.get 0)) (i32.const 16)))`,
  };

  it.each([66_000, 2_000_000])('of %s bytes is refused where the caller takes less', async (size) => {
    const links = [{ from: 'asker', import: 'make', to: 'maker' }];
    const host = await makeHost({ compartments: { asker, maker: { ...maker, limits: { message: '4MiB' } } }, links });
    const call = async (n: number) => (await host.call('asker.run', [n], PUBLIC)).value;
    expect([await call(1000), await call(1000), await call(60_000)]).toEqual([1000, 1000, 60_000]);
    expect(await codeOf(() => call(size))).toBe('LIMIT_MESSAGE');
    expect(await call(1000)).toBe(1000);
  });
});

describe('the ring', () => {
  it('is emptied on the way when it is full, and nothing is lost', async () => {
    const both = {
      ...front,
      wit: 'world guest { import add: func(n: u32) -> u32; import sub: func(n: u32) -> u32; export run: func(times: u32) -> u32; }',
      wat: `(module (import "$root" "add" (func $add (param i32) (result i32))) (import "$root" "sub" (func $sub (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
          (loop $l
            (drop (call $add (i32.const 1))) (drop (call $sub (i32.const 1)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (call $add (i32.const 0))))`,
    };
    const sums = {
      ...sum(''),
      wit: 'world guest { export add: func(n: u32) -> u32; export sub: func(n: u32) -> u32; }',
      wat: `(module (global $n (mut i32) (i32.const 5))
        (func (export "add") (param i32) (result i32) (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n))
        (func (export "sub") (param i32) (result i32) (global.set $n (i32.sub (global.get $n) (local.get 0))) (global.get $n)))`,
    };
    const host = await makeHost({
      compartments: { front: both, sum: sums },
      links: [link, { from: 'front', import: 'sub', to: 'sum' }],
      audit: { path: './audit.db' },
    });
    const times = 40_000;
    expect(await run(host, times)).toBe(5);
    host.checkpoint();
    const path = host.journalPath ?? '';
    expect(verifyJournal(path).ok).toBe(true);
    const calls = new Map<string, number>();
    for (const event of queryEvents(path, { kinds: ['call', 'calls'] })) {
      if (event.kind === 'call') calls.set(event.edge, (calls.get(event.edge) ?? 0) + 1);
      else if (event.kind === 'calls' && event.message !== null)
        calls.set(event.edge, (calls.get(event.edge) ?? 0) + event.count);
    }
    expect(calls.get('front -> sum: add')).toBe(times + 1);
    expect(calls.get('front -> sum: sub')).toBe(times);
  }, 60_000);
});
