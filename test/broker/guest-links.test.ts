import { describe, expect, it } from 'vitest';
import { queryEvents, trace, verifyJournal } from '../../src/index.ts';
import { ALLOCATOR, codeOf, makeHost } from '../arena.ts';

/* Links that are crossed in JavaScript, from the second call on without a decision: the broker's promises hold there, too. */

const acme = { label: { secrecy: ['customer:acme'] } };
const globex = { label: { secrecy: ['customer:globex'] } };
const EVERY = { secrecy: ['customer:*'] };

/** Calls `add` as often as it is told, and gives the last answer. */
const front = {
  wit: 'world guest { import add: func(n: u32) -> u32; export run: func(times: u32) -> u32; }',
  wat: `(module (import "$root" "add" (func $add (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (local $last i32)
      (loop $l
        (local.set $last (call $add (i32.const 1)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get $last)))`,
  clearance: EVERY,
};
/** A sum that starts at 0; a thread of its own, so that nothing of its crossings is generated. */
const sum = {
  kind: 'worker',
  wit: 'world guest { export add: func(n: u32) -> u32; }',
  wat: `(module (global $n (mut i32) (i32.const 0))
    (func (export "add") (param i32) (result i32)
      (global.set $n (i32.add (global.get $n) (local.get 0)))
      (if (i32.eq (global.get $n) (i32.const 7)) (then unreachable))
      (global.get $n)))`,
  clearance: EVERY,
};
const link = { from: 'front', import: 'add', to: 'sum' };
const run = async (host: Awaited<ReturnType<typeof makeHost>>, times: number, options: object) =>
  (await host.call('front.run', [times], options)).value;

describe('a link that is crossed in JavaScript', () => {
  it('leads to the instance at the label of its caller, each time', async () => {
    const host = await makeHost({ compartments: { front, sum }, links: [link] });
    expect(await run(host, 3, acme)).toBe(3);
    expect(await run(host, 2, globex)).toBe(2);
    expect(await run(host, 3, acme)).toBe(6);
    expect(await run(host, 1, globex)).toBe(3);
  });

  it('ends the chain where its callee fails, and leads to a fresh instance then', async () => {
    const host = await makeHost({ compartments: { front, sum }, links: [link] });
    const traps: string[] = [];
    host.on('trap', ({ compartment }) => traps.push(compartment));
    expect(await codeOf(() => run(host, 9, acme))).toBe('GUEST_TRAP');
    expect(traps).toEqual(['sum']);
    expect(host.compartments().flatMap(({ instances }) => instances)).toEqual([]);
    expect(await run(host, 6, acme)).toBe(6);
  });

  it('is in the journal: each call with its bytes, and a trace goes through it', async () => {
    const host = await makeHost({ compartments: { front, sum }, links: [link], audit: { path: './audit.db' } });
    await run(host, 5, acme);
    host.checkpoint();
    const path = host.journalPath ?? '';
    expect(verifyJournal(path).ok).toBe(true);
    const edge = 'front -> sum: add';
    const full = [...queryEvents(path, { kinds: ['call'] })].filter((event) => 'edge' in event && event.edge === edge);
    const calls = [...queryEvents(path, { kinds: ['calls'] })].flatMap((event) =>
      event.kind === 'calls' ? [event] : [],
    );
    const total = (of: 'count' | 'requestBytes' | 'replyBytes') => calls.reduce((sum, call) => sum + call[of], 0);
    expect(full).toHaveLength(1);
    expect([total('count'), total('requestBytes'), total('replyBytes')]).toEqual([4, 16, 16]);
    expect(calls.every((call) => call.edge === edge)).toBe(true);
    const { nodes } = trace(path, { tag: 'customer:acme', direction: 'forward' });
    expect(nodes.map(({ compartment }) => compartment)).toEqual(expect.arrayContaining(['front', 'sum']));
  });

  it('is limited in depth, and refused to whoever is inside the call already', async () => {
    const ping = (to: string) => ({
      kind: 'worker',
      wit: `world guest { import ${to}: func(n: u32) -> u32; export ${to === 'a' ? 'b' : 'a'}: func(n: u32) -> u32; }`,
      wat: `(module (import "$root" "${to}" (func $f (param i32) (result i32)))
        (func (export "${to === 'a' ? 'b' : 'a'}") (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 9))))
          (call $f (i32.sub (local.get 0) (i32.const 1)))))`,
    });
    const compartments = { one: ping('b'), two: ping('a') };
    const links = [
      { from: 'one', import: 'b', to: 'two' },
      { from: 'two', import: 'a', to: 'one' },
    ];
    const host = await makeHost({ compartments, links });
    const call = async (n: number) => (await host.call('one.a', [n], { label: {} })).value;
    expect([await call(1), await call(1), await call(1)]).toEqual([9, 9, 9]);
    expect(await codeOf(() => call(2))).toBe('CALL_REENTRANT');
    expect(await call(1)).toBe(9);
    const shallow = await makeHost({ compartments, links, limits: { callDepth: 1 } });
    expect(await codeOf(() => shallow.call('one.a', [1], { label: {} }))).toBe('LIMIT_CALL_DEPTH');
  });

  it('what its callee sends in the course of a call follows that call in the journal', async () => {
    const said = {
      ...sum,
      wit: 'world guest { import tell: func(s: string); export add: func(n: u32) -> u32; }',
      wat: `(module (import "$root" "tell" (func $tell (param i32 i32))) ${ALLOCATOR}
        (func (export "add") (param i32) (result i32) (call $tell (i32.const 0) (i32.const 4)) (local.get 0)))`,
    };
    const ear = {
      wit: 'world guest { export tell: func(s: string); }',
      wat: `(module ${ALLOCATOR} (func (export "tell") (param i32 i32)))`,
      clearance: EVERY,
    };
    const host = await makeHost({
      compartments: { front, sum: said, ear },
      links: [link, { from: 'sum', import: 'tell', to: 'ear', post: true }],
      audit: { path: './audit.db' },
    });
    await run(host, 3, acme);
    await host.drained();
    host.checkpoint();
    const posts = [...queryEvents(host.journalPath ?? '', { kinds: ['post'] })].flatMap((event) =>
      event.kind === 'post' ? [event] : [],
    );
    // Call, post, call, post, call, post: each post in the course of the call before it.
    expect(posts.map(({ message, parent }) => message - (parent ?? 0))).toEqual([1, 1, 1]);
  });
});
