import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import dprint from '../../examples/support-desk/adapters/dprint-markdown.ts';
import { type Adapter, defineAdapter, type GuestAccess, makeAdapterCode } from '../../src/convention/adapter.ts';
import { CofferdamError } from '../../src/error.ts';
import type { World, WorldFunction } from '../../src/wasm/types.ts';
import { assemble, codeOf, func, makeTestHost, makeWorld } from '../compartment/support.ts';

const SEND = func('a:b/out#send', ['string'], 'u32');
const limits = { messageBytes: 1000 };

/** One page of memory, `add`, `wide`, and a core import that `ask` calls. */
const GUEST = `(module
  (import "env" "hook" (func $hook (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello")
  (data (i32.const 32) "a\\ffb")
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "wide") (result i64) (i64.const -1))
  (func (export "trap") (unreachable))
  (func (export "ask") (param i32) (result i32) (call $hook (local.get 0))))`;

async function instantiate(adapter: Adapter, exports: WorldFunction[], host = makeTestHost(), text = GUEST) {
  const module = new WebAssembly.Module(await assemble(text));
  return makeAdapterCode({
    modules: [{ name: null, module }],
    world: makeWorld(exports, [SEND]),
    sha256: 'x',
    limits,
    adapter,
  }).instantiate(host);
}

/** A guest whose one export `run` does this; `hook` answers the core import. */
async function run(
  body: (guest: GuestAccess) => unknown,
  { result = null as string | null, hook = (_guest: GuestAccess, n: number): number => n, host = makeTestHost() } = {},
) {
  const adapter = defineAdapter({ imports: { 'env.hook': hook }, exports: { run: body } });
  const instance = await instantiate(adapter, [func('run', [], result)], host);
  return Object.assign(() => instance.call(0, []), { instance });
}

describe('an adapter', () => {
  it('reaches functions and memory of its guest', async () => {
    const call = await run(
      (guest) => {
        guest.write(100, Uint8Array.of(104, 105));
        return `${guest.call('add', 2, 3)} ${guest.callWide('wide')} ${guest.readText(16, 5)} ${guest.readText(100, 2)}`;
      },
      { result: 'string' },
    );
    expect(call()).toBe('5 -1 hello hi');
    expect(call.instance.memoryBytes()).toBe(65536);
  });

  it('serves core imports, and may use the guest meanwhile', async () => {
    const call = await run((guest) => guest.call('ask', 20), {
      result: 'u32',
      hook: (guest, n) => guest.call('add', n, 1),
    });
    expect(call()).toBe(21);
  });

  it('gets copies, that a guest cannot change later', async () => {
    const call = await run(
      (guest) => {
        const bytes = guest.read(16, 1);
        guest.write(16, Uint8Array.of(0));
        return bytes[0];
      },
      { result: 'u8' },
    );
    expect(call()).toBe(104);
  });

  it('keeps its state per instance', async () => {
    const adapter = defineAdapter<{ seen: string[] }>({
      start: () => ({ seen: [] }),
      imports: { 'env.hook': () => 0 },
      exports: { 'a:b/c#note': (guest, text: string) => [...guest.state.seen, guest.state.seen.push(text) && text] },
    });
    const module = new WebAssembly.Module(await assemble(GUEST));
    const world = makeWorld([func('a:b/c#note', ['string'], 'list<string>')]);
    const code = makeAdapterCode({ modules: [{ name: null, module }], world, sha256: 'x', limits, adapter });
    const [one, other] = [code.instantiate(makeTestHost()), code.instantiate(makeTestHost())];
    one.call(0, ['a']);
    expect(one.call(0, ['b'])).toEqual(['a', 'b']);
    expect(other.call(0, ['c'])).toEqual(['c']);
  });

  it('calls imports of the world', async () => {
    const host = makeTestHost((index, args) => (index === 0 ? String(args[0]).length : -1));
    const call = await run((guest) => guest.callImport('a:b/out#send', 'four'), { result: 'u32', host });
    expect(call()).toBe(4);
  });
});

describe('memory that its guest does not have', () => {
  it.each([
    ['the last byte', (guest: GuestAccess) => guest.read(65535, 1), 'none'],
    ['nothing at the end', (guest: GuestAccess) => guest.read(65536, 0), 'none'],
    ['one past the end', (guest: GuestAccess) => guest.read(65535, 2), 'ADAPTER_FAILED'],
    ['a negative pointer', (guest: GuestAccess) => guest.read(-1, 2), 'ADAPTER_FAILED'],
    ['a negative length', (guest: GuestAccess) => guest.read(0, -1), 'ADAPTER_FAILED'],
    ['half a byte', (guest: GuestAccess) => guest.read(0, 0.5), 'ADAPTER_FAILED'],
    ['no number', (guest: GuestAccess) => guest.read(0, Number.NaN), 'ADAPTER_FAILED'],
    ['a write past the end', (guest: GuestAccess) => guest.write(65535, new Uint8Array(2)), 'ADAPTER_FAILED'],
    ['text that is none', (guest: GuestAccess) => guest.readText(32, 3), 'ADAPTER_FAILED'],
  ])('%s', async (_what, body, expected) => {
    const call = await run(body);
    expect(codeOf(call)).toBe(expected);
    expect(codeOf(call)).toBe(expected === 'none' ? 'none' : 'INSTANCE_STOPPED');
  });
});

describe('an adapter that fails', () => {
  it.each([
    ['throws', () => JSON.parse('{'), null],
    ['gives another type', () => 5, 'string'],
    ['gives too little', () => undefined, 'string'],
    ['gives a promise', async () => {}, null],
    ['calls what is not there', (guest: GuestAccess) => guest.call('nothing'), null],
    ['calls the memory', (guest: GuestAccess) => guest.call('memory'), null],
    ['mistakes an i64', (guest: GuestAccess) => guest.call('wide'), null],
    ['calls no import', (guest: GuestAccess) => guest.callImport('other'), null],
    ['passes an import another type', (guest: GuestAccess) => guest.callImport('send', 5), null],
  ])('since it %s', async (_how, body, result) => {
    expect(codeOf(await run(body, { result }))).toBe('ADAPTER_FAILED');
  });

  it('since its result is larger than a message', async () => {
    expect(codeOf(await run(() => 'x'.repeat(1000), { result: 'string' }))).toBe('none');
    expect(codeOf(await run(() => 'x'.repeat(1001), { result: 'string' }))).toBe('LIMIT_MESSAGE');
  });

  it('since it keeps its guest for later', async () => {
    let kept: GuestAccess | null = null;
    const call = await run((guest) => {
      kept = guest;
    });
    call();
    expect(codeOf(() => kept?.read(0, 1))).toBe('ADAPTER_FAILED');
    expect(codeOf(() => kept?.call('add', 1, 2))).toBe('ADAPTER_FAILED');
  });

  it('cannot hide a trap of its guest', async () => {
    const call = await run((guest) => {
      try {
        guest.call('trap');
      } catch {
        // as a careless adapter would
      }
    });
    expect(codeOf(call)).toBe('GUEST_TRAP');
    expect(codeOf(call)).toBe('INSTANCE_STOPPED');
  });

  it('cannot hide what an import threw', async () => {
    const denied = new CofferdamError('FLOW_DENIED', 'no');
    const host = makeTestHost(() => {
      throw denied;
    });
    const call = await run(
      (guest) => {
        try {
          guest.callImport('send', 'x');
        } catch {}
        return 'fine';
      },
      { result: 'string', host },
    );
    expect(call).toThrow(denied);
  });

  it('holds nothing that leads out of its bounds', async () => {
    const call = await run((guest) => Reflect.ownKeys(guest).map(String), { result: 'list<string>' });
    expect(call()).toEqual([]);
  });

  it('meets a guest that traps where it is made', async () => {
    const adapter = defineAdapter({ exports: {} });
    const text = '(module (func $s unreachable) (start $s))';
    await expect(instantiate(adapter, [], makeTestHost(), text)).rejects.toMatchObject({ code: 'GUEST_TRAP' });
  });
});

describe('an adapter that does not fit', () => {
  const hook = { 'env.hook': () => 0 };
  const inherited = Object.create(hook) as typeof hook;
  const cases: [string, unknown, string][] = [
    ['lacks an export', { imports: hook, exports: {} }, 'ADAPTER_INVALID'],
    ['has one too many', { imports: hook, exports: { run: () => 0, more: () => 0 } }, 'ADAPTER_INVALID'],
    ['has no function', { imports: hook, exports: { run: 5 } }, 'ADAPTER_INVALID'],
    ['is none', null, 'ADAPTER_INVALID'],
    ['lacks an import', { exports: { run: () => 0 } }, 'WASM_IMPORT_UNKNOWN'],
    ['inherits an import', { imports: inherited, exports: { run: () => 0 } }, 'WASM_IMPORT_UNKNOWN'],
    ['fits', { imports: hook, exports: { run: () => undefined } }, 'none'],
  ];
  it.each(cases)('since it %s', async (_how, adapter, expected) => {
    const module = new WebAssembly.Module(await assemble(GUEST));
    const world = makeWorld([func('run')]);
    expect(
      codeOf(() =>
        makeAdapterCode({ modules: [{ name: null, module }], world, sha256: 'x', limits, adapter: adapter as Adapter }),
      ),
    ).toBe(expected);
  });

  it('since its world has handles', async () => {
    const module = new WebAssembly.Module(await assemble('(module)'));
    const type = { params: [{ name: 'a', type: { kind: 'own', resource: 0 } }], result: null, async: false } as const;
    const world: World = { imports: [], exports: [{ ...func('run'), type }], resources: [] };
    const adapter = defineAdapter({ exports: { run: () => 0 } });
    expect(
      codeOf(() => makeAdapterCode({ modules: [{ name: null, module }], world, sha256: 'x', limits, adapter })),
    ).toBe('ABI_UNSUPPORTED');
  });
});

describe('the adapter of a real dprint plugin', () => {
  const bytes = readFileSync(new URL('../../node_modules/@dprint/markdown/plugin.wasm', import.meta.url));
  const module = new WebAssembly.Module(bytes);
  const world = makeWorld([func('format', ['string'], 'result<string, string>')]);
  const start = (messageBytes = 1 << 20) =>
    makeAdapterCode({
      modules: [{ name: null, module }],
      world,
      sha256: 'x',
      limits: { messageBytes },
      adapter: dprint,
    }).instantiate(makeTestHost());

  it.each([
    ['#   Title\ntext\n*  one\n*  two\n', '# Title\n\ntext\n\n- one\n- two\n'],
    ['fine\n', 'fine\n'],
    ['größe   🦀\n', 'größe 🦀\n'],
    ['```json\n{"a":1}\n```\n', '```json\n{"a":1}\n```\n'],
  ])('formats %j', (text, formatted) => {
    expect(start().call(0, [text])).toEqual({ tag: 'ok', val: formatted });
  });

  it('again and again in one instance', () => {
    const instance = start();
    for (let i = 0; i < 20; i++) expect(instance.call(0, [`* ${i}\n`])).toEqual({ tag: 'ok', val: `- ${i}\n` });
  });
});
