import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHost, queryEvents, trace } from '../../src/index.ts';
import { ALLOCATOR, type Arena, assemble, codeOf, makeFolder, makeHost, manifestOf } from '../arena.ts';

/* Links between inline instances that are crossed in generated Wasm: the broker's promises hold there, too. */

const acme = { label: { secrecy: ['customer:acme'] } };
const globex = { label: { secrecy: ['customer:globex'] } };
const EVERY = { secrecy: ['customer:*'] };

/** Hands a text on to `say` and gives back what that answers. */
const front = {
  wit: 'world guest { import say: func(text: string) -> string; export pass: func(text: string) -> string; }',
  wat: `(module (import "$root" "say" (func $say (param i32 i32 i32))) ${ALLOCATOR}
    (func (export "pass") (param i32 i32) (result i32)
      (call $say (local.get 0) (local.get 1) (i32.const 32)) (i32.const 32)))`,
  clearance: EVERY,
};
/** `answer` gives the address of the pair of words that `say` answers with. */
const back = (answer: string, more = '') => ({
  wit: `world guest { ${more.includes('$tick') ? 'import tick: func() -> u32; ' : ''}export say: func(text: string) -> string; export count: func() -> u32; }`,
  wat: `(module ${more} ${ALLOCATOR} (global $n (mut i32) (i32.const 0))
    (func (export "say") (param i32 i32) (result i32)
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) ${answer})
    (func (export "count") (result i32) (global.get $n)))`,
  clearance: EVERY,
});
const link = { from: 'front', import: 'say', to: 'back' };
const pair = (answer: string): Arena => ({ compartments: { front, back: back(answer) }, links: [link] });
const echo = pair('(i32.const 16)');

const pass = async (host: Awaited<ReturnType<typeof makeHost>>, text: string, options: object) =>
  (await host.call('front.pass', [text], options)).value;

describe('a fused link', () => {
  it('reaches the instance at the label of its caller', async () => {
    const host = await makeHost(echo);
    expect(await pass(host, 'grüß dich 🌍', acme)).toBe('grüß dich 🌍');
    await pass(host, 'again', acme);
    await pass(host, 'other', globex);
    const counts = await Promise.all([acme, globex].map((options) => host.call('back.count', [], options)));
    expect(counts.map(({ value }) => value)).toEqual([2, 1]);
  });

  it.each([
    ['a pointer out of its memory', '(i32.store (i32.const 16) (i32.const 65534)) (i32.const 16)', 'ABI_POINTER'],
    [
      'a length that wraps around',
      '(i32.store (i32.const 20) (i32.const -1)) (i32.const 16)',
      /ABI_POINTER|LIMIT_MESSAGE|ABI_LENGTH/,
    ],
    ['a result that is not aligned', '(i32.const 17)', 'ABI_ALIGNMENT'],
    ['text that is not UTF-8', '(i32.store8 (local.get 0) (i32.const 0xff)) (i32.const 16)', 'ABI_UTF8'],
    ['a trap', 'unreachable', 'GUEST_TRAP'],
  ])('whose callee answers with %s ends the chain, and fresh instances answer next', async (_, answer, code) => {
    const host = await makeHost(pair(answer));
    const traps: string[] = [];
    host.on('trap', ({ compartment }) => traps.push(compartment));
    expect(await codeOf(() => pass(host, 'text', acme))).toMatch(code);
    expect(traps).toEqual(['back']);
    expect(host.compartments().flatMap(({ instances }) => instances)).toEqual([]);
    expect((await host.call('back.count', [], acme)).value).toBe(0);
  });

  it('gives no answer of a callee that caught what ended its chain, and that callee ends as well', async () => {
    // `say` calls back into `front`, which is inside the call already, and catches the refusal.
    const wit = 'world guest { import again: func() -> u32; export say: func() -> u32; export peek: func() -> u32; }';
    const wat = `(module (import "$root" "again" (func $again (result i32))) (global $n (mut i32) (i32.const 0))
      (func (export "say") (result i32) (global.set $n (i32.const 1))
        (try (result i32) (do (call $again)) (catch_all (i32.const 7))))
      (func (export "peek") (result i32) (global.get $n)))`;
    const caller = {
      wit: 'world guest { import say: func() -> u32; export again: func() -> u32; }',
      wat: '(module (import "$root" "say" (func $say (result i32))) (func (export "again") (result i32) (call $say)))',
    };
    const host = await makeHost({
      compartments: { caller, catcher: { wit, wat } },
      links: [
        { from: 'caller', import: 'say', to: 'catcher' },
        { from: 'catcher', import: 'again', to: 'caller' },
      ],
    });
    const open = { label: {} };
    expect(await codeOf(() => host.call('caller.again', [], open))).toBe('CALL_REENTRANT');
    expect(host.compartments().flatMap(({ instances }) => instances)).toEqual([]);
    expect((await host.call('catcher.peek', [], open)).value).toBe(0);
    const prepared = host.prepare('caller.again', open);
    expect(await codeOf(() => prepared.call())).toBe('CALL_REENTRANT');
    expect((await host.call('catcher.peek', [], open)).value).toBe(0);
  });

  it('takes no message that is larger than its ends may be given', async () => {
    const small = { ...back('(i32.const 16)'), limits: { message: '1KiB' } };
    const host = await makeHost({ compartments: { front, back: small }, links: [link] });
    expect(await pass(host, 'x'.repeat(1000), acme)).toHaveLength(1000);
    expect(await codeOf(() => pass(host, 'x'.repeat(1100), acme))).toBe('LIMIT_MESSAGE');
  });

  it('to who may not know is denied each time, also after it was let through at another label', async () => {
    const low = { ...back('(i32.const 16)'), clearance: { secrecy: ['customer:acme'] } };
    const host = await makeHost({ compartments: { front, back: low }, links: [link] });
    expect(await pass(host, 'yes', acme)).toBe('yes');
    expect(await codeOf(() => pass(host, 'no', globex))).toBe('FLOW_DENIED');
    expect(await codeOf(() => pass(host, 'no', globex))).toBe('FLOW_DENIED');
    expect(await pass(host, 'yes', acme)).toBe('yes');
  });

  it('leads to new code as soon as there is some', async () => {
    const folder = makeFolder();
    const host = await createHost(manifestOf(echo, folder), { baseDir: folder });
    expect(await pass(host, 'old', acme)).toBe('old');
    writeFileSync(
      join(folder, 'back.wasm'),
      assemble(back('(i32.store (i32.const 20) (i32.const 1)) (i32.const 16)').wat),
    );
    await host.replace('back');
    expect(await pass(host, 'new', acme)).toBe('n');
    await host.close();
  });

  it('is suspended with the guest behind it, and lets nobody in meanwhile', async () => {
    const order: string[] = [];
    const waits = back('(drop (call $tick)) (i32.const 16)', '(import "$root" "tick" (func $tick (result i32)))');
    const host = await makeHost(
      {
        compartments: { front, back: { ...waits, resources: ['clock'] } },
        links: [link, { from: 'back', import: 'tick', to: 'clock' }],
        resources: { clock: { function: true, label: { secrecy: ['customer:acme'] } } },
      },
      {
        resources: {
          clock: async () => {
            order.push('in');
            await new Promise((resolve) => setTimeout(resolve, 20));
            order.push('out');
            return 1;
          },
        },
      },
    );
    const [one, two] = await Promise.all([pass(host, 'one', acme), pass(host, 'two', acme)]);
    expect([one, two, order]).toEqual(['one', 'two', ['in', 'out', 'in', 'out']]);
  });

  it('is in the journal: each crossing, with its bytes, and a trace goes through it', async () => {
    const host = await makeHost({ ...echo, audit: { path: './audit.db' } });
    for (let i = 0; i < 3; i++) await pass(host, 'text', acme);
    host.checkpoint();
    const path = host.journalPath ?? '';
    const calls = [...queryEvents(path, { kinds: ['calls'] })].flatMap((event) =>
      event.kind === 'calls' ? [event] : [],
    );
    const sum = (of: 'count' | 'requestBytes' | 'replyBytes') => calls.reduce((total, call) => total + call[of], 0);
    expect(new Set(calls.map(({ edge }) => edge))).toEqual(new Set(['front -> back: say']));
    expect([sum('count'), sum('requestBytes'), sum('replyBytes')]).toEqual([3, 3 * 12, 3 * 12]);
    const names = trace(path, { tag: 'customer:acme', direction: 'forward' }).nodes.map(
      ({ compartment }) => compartment,
    );
    expect(names).toEqual(expect.arrayContaining(['front', 'back']));
  });
});
