import { describe, expect, it } from 'vitest';
import type { ResourceType, ValType } from '../../src/wasm/types.ts';
import { func, hostOf, makeGuest, NO_HOST } from './forwarder.ts';
import { codeOf } from './support.ts';

const u32: ValType = { kind: 'u32' };
const own = (resource: number): ValType => ({ kind: 'own', resource });
const borrow = (resource: number): ValType => ({ kind: 'borrow', resource });
type Disposable = { [Symbol.dispose](): void };

describe('a resource that the guest implements', () => {
  const resources: ResourceType[] = [
    { name: 'big-counter', interface: null, side: 'export' },
    { name: 'other', interface: null, side: 'export' },
  ];
  const wat = `(module
    (import "[export]$root" "[resource-new]big-counter" (func $new (param i32) (result i32)))
    (import "[export]$root" "[resource-rep]big-counter" (func $rep (param i32) (result i32)))
    (import "[export]$root" "[resource-drop]big-counter" (func $drop (param i32)))
    (import "[export]$root" "[resource-new]other" (func $other (param i32) (result i32)))
    (import "$root" "show" (func $show (param i32)))
    (import "$root" "lend" (func $lend (param i32)))
    (global $dropped (mut i32) (i32.const 0))
    (func (export "[constructor]big-counter") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "[method]big-counter.value") (param i32) (result i32) (local.get 0))
    (func (export "take") (param i32) (result i32) (local $r i32)
      (local.set $r (call $rep (local.get 0))) (call $drop (local.get 0)) (local.get $r))
    (func (export "dropped") (result i32) (global.get $dropped))
    (func (export "[dtor]big-counter") (param i32) (global.set $dropped (i32.add (global.get $dropped) (local.get 0))))
    (func (export "forge-own") (param i32) (result i32) (local.get 0))
    (func (export "make-other") (result i32) (call $other (i32.const 1)))
    (func (export "both") (param i32 i32))
    (func (export "give") (param i32) (call $show (call $new (local.get 0))))
    (func (export "lend-out") (param i32) (result i32) (local $h i32)
      (local.set $h (call $new (local.get 0))) (call $lend (local.get $h)) (call $drop (local.get $h)) (i32.const 1)))`;
  const exports = {
    '[constructor]big-counter': func([u32], own(0)),
    '[method]big-counter.value': func([borrow(0)], u32),
    take: func([own(0)], u32),
    dropped: func([], u32),
    'forge-own': func([u32], own(0)),
    'make-other': func([], own(1)),
    both: func([own(0), borrow(0)]),
    give: func([u32]),
    'lend-out': func([u32], u32),
  };
  const imports = { show: func([own(0)]), lend: func([borrow(0)]) };
  const names = Object.keys(exports);
  const codes = makeGuest(wat, { exports, imports, resources });
  const start = async (host = NO_HOST) => {
    const instance = (await codes).instantiate(host);
    return (name: string, ...args: unknown[]) => instance.call(names.indexOf(name), args);
  };

  it('is an object with a class of its own, methods are calls', async () => {
    const call = await start();
    const counter = call('[constructor]big-counter', 41) as Disposable;
    expect(counter.constructor.name).toBe('BigCounter');
    expect(call('[method]big-counter.value', counter)).toBe(41);
    expect(Object.keys(counter)).toEqual([]);
  });

  it('its destructor runs when it is disposed, once', async () => {
    const call = await start();
    const counter = call('[constructor]big-counter', 5) as Disposable;
    counter[Symbol.dispose]();
    counter[Symbol.dispose]();
    expect(call('dropped')).toBe(5);
    expect(codeOf(() => call('[method]big-counter.value', counter))).toBe('ARGUMENT_TYPE');
  });

  it('given away it is gone', async () => {
    const call = await start();
    const counter = call('[constructor]big-counter', 6) as Disposable;
    expect(call('take', counter)).toBe(6);
    expect(call('dropped')).toBe(6);
    expect(codeOf(() => call('take', counter))).toBe('ARGUMENT_TYPE');
    counter[Symbol.dispose]();
    expect(call('dropped')).toBe(6);
  });

  it('what is forged, foreign, of another type or given twice is refused before the guest runs', async () => {
    const [call, elsewhere] = [await start(), await start()];
    const counter = call('[constructor]big-counter', 1) as object;
    const foreign = elsewhere('[constructor]big-counter', 1);
    const forged = Object.create(Object.getPrototypeOf(counter));
    for (const wrong of [foreign, forged, call('make-other'), {}, 1, null, undefined, { ...counter }]) {
      expect(codeOf(() => call('[method]big-counter.value', wrong))).toBe('ARGUMENT_TYPE');
    }
    expect(codeOf(() => call('both', counter, counter))).toBe('ARGUMENT_TYPE');
    expect(codeOf(() => call('both', counter, call('[constructor]big-counter', 2)))).toBe('none');
  });

  it('handles that the guest makes up trap', async () => {
    for (const handle of [0, 1, 7, 0xffff_ffff]) {
      const call = await start();
      expect(codeOf(() => call('forge-own', handle))).toBe('ABI_HANDLE');
    }
  });

  it('its import receives an object, too; a lent one is good for the call only', async () => {
    const seen: Disposable[] = [];
    const disposals: string[] = [];
    const call = await start(
      hostOf((index, [object]) => {
        seen.push(object as Disposable);
        if (index === 1) disposals.push(codeOf(() => (object as Disposable)[Symbol.dispose]()));
      }),
    );
    call('give', 8);
    expect(call('[method]big-counter.value', seen[0])).toBe(8);
    call('lend-out', 9);
    expect(disposals).toEqual(['RESOURCE_LENT']);
    expect(codeOf(() => call('[method]big-counter.value', seen[1]))).toBe('ARGUMENT_TYPE');
    expect(call('dropped')).toBe(9);
  });

  it('cannot be disposed while a call is inside', async () => {
    const codesSeen: string[] = [];
    let kept: Disposable | null = null;
    const call = await start(
      hostOf(() => {
        if (kept !== null) codesSeen.push(codeOf(() => kept?.[Symbol.dispose]()));
      }),
    );
    kept = call('[constructor]big-counter', 3) as Disposable;
    call('give', 1);
    expect(codesSeen).toEqual(['INSTANCE_REENTERED']);
  });
});

describe('a resource that somebody else implements', () => {
  const resources: ResourceType[] = [{ name: 'conn', interface: null, side: 'import' }];
  const wat = `(module
    (import "$root" "[resource-drop]conn" (func $drop (param i32)))
    (import "$root" "open" (func $open (result i32)))
    (import "$root" "send" (func $send (param i32)))
    (import "$root" "close" (func $close (param i32)))
    (global $kept (mut i32) (i32.const 0))
    (func (export "run") (local $h i32)
      (local.set $h (call $open)) (call $send (local.get $h)) (call $send (local.get $h)) (call $drop (local.get $h)))
    (func (export "run-and-close") (call $close (call $open)))
    (func (export "close-twice") (local $h i32)
      (local.set $h (call $open)) (call $close (local.get $h)) (call $close (local.get $h)))
    (func (export "borrow-well") (param i32) (call $send (local.get 0)) (call $drop (local.get 0)))
    (func (export "borrow-and-keep") (param i32) (global.set $kept (local.get 0)))
    (func (export "give-borrowed-away") (param i32) (call $close (local.get 0)))
    (func (export "own-and-return") (param i32) (result i32) (local.get 0))
    (func (export "hoard") (loop $more (drop (call $open)) (br $more))))`;
  const exports = {
    run: func([]),
    'run-and-close': func([]),
    'close-twice': func([]),
    'borrow-well': func([borrow(0)]),
    'borrow-and-keep': func([borrow(0)]),
    'give-borrowed-away': func([borrow(0)]),
    'own-and-return': func([own(0)], own(0)),
    hoard: func([]),
  };
  const imports = { open: func([], own(0)), send: func([borrow(0)]), close: func([own(0)]) };
  const names = Object.keys(exports);
  const codes = makeGuest(wat, { exports, imports, resources });
  const conn = { send: 'a host object' };

  async function run(name: string, ...args: unknown[]) {
    const log: unknown[] = [];
    const host = hostOf(
      (index, values) => {
        log.push(Object.keys(imports)[index], ...values);
        return index === 0 ? conn : undefined;
      },
      { drop: (resource, value) => log.push('drop', resource, value) },
    );
    const instance = (await codes).instantiate(host);
    const code = codeOf(() => log.push('result', instance.call(names.indexOf(name), args)));
    return { code, log };
  }

  it('is handed back as the very object', async () => {
    const { code, log } = await run('run');
    expect(code).toBe('none');
    expect(log).toEqual(['open', 'send', conn, 'send', conn, 'drop', 0, conn, 'result', undefined]);
    expect(log[2]).toBe(conn);
    expect((await run('own-and-return', conn)).log).toEqual(['result', conn]);
    expect((await run('run-and-close')).log).toEqual(['open', 'close', conn, 'result', undefined]);
  });

  it('is told of no drop where the host does not ask', async () => {
    const instance = (await codes).instantiate(hostOf((index) => (index === 0 ? conn : undefined)));
    expect(codeOf(() => instance.call(0, []))).toBe('none');
  });

  it('borrowed handles must be dropped by the end of the call', async () => {
    expect((await run('borrow-well', conn)).code).toBe('none');
    expect((await run('borrow-and-keep', conn)).code).toBe('ABI_BORROW');
    expect((await run('give-borrowed-away', conn)).code).toBe('ABI_HANDLE');
    expect((await run('close-twice')).code).toBe('ABI_HANDLE');
  });

  it('takes objects only, and handles are limited in number', async () => {
    expect((await run('borrow-well', 5)).code).toBe('ARGUMENT_TYPE');
    expect((await run('own-and-return', null)).code).toBe('ARGUMENT_TYPE');
    expect((await run('hoard')).code).toBe('LIMIT_HANDLES');
  });
});
