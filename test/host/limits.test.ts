import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Host, HostOptions } from '../../src/index.ts';
import { ALLOCATOR, type Arena, assemble, codeOf, type Guest, makeFolder, makeHost } from '../arena.ts';

/** Each limit of a manifest, of each kind, exactly at it and one past it. Time has no exact end: see ../broker/time-limits.test.ts. */

const KINDS = ['inline', 'worker', 'process'];

const EVERY = { secrecy: ['customer:*'] };
const nobody = { label: {} };
const at = (customer: string) => ({ label: { secrecy: [`customer:${customer}`] } });
const one = (guest: Guest, more: object = {}): Arena => ({ compartments: { guest }, ...more });
/** Hosts whose compartments are all of one kind. */
const hostsOf =
  (kind: string) =>
  ({ compartments, ...arena }: Arena, options: HostOptions = {}): Promise<Host> => {
    const ofKind = Object.entries(compartments).map(([name, guest]) => [name, { kind, ...guest }]);
    return makeHost({ ...arena, compartments: Object.fromEntries(ofKind) }, options);
  };

const grower = (pages: number, limit: string): Guest => ({
  wit: 'world guest { export grow: func(pages: u32) -> s32; }',
  wat: `(module (memory (export "memory") ${pages}) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
  limits: { memory: limit },
  clearance: EVERY,
});
const table = (entries: number): Guest => ({
  wit: 'world guest { export size: func() -> u32; }',
  wat: `(module (memory (export "memory") 1) (table ${entries} funcref)
    (func (export "size") (result i32) (i32.const ${entries})))`,
  limits: { table: 10 },
});
const reader: Guest = {
  wit: 'world guest { export length: func(text: string) -> u32; }',
  wat: `(module ${ALLOCATOR} (func (export "length") (param i32 i32) (result i32) (local.get 1)))`,
  limits: { message: '1KiB' },
};
const printer: Guest = {
  wit: 'world guest { export print: func(bytes: u32); }',
  wat: `(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "print") (param i32) (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (local.get 0))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))`,
  limits: { output: '1KiB' },
  wasi: 'minimal',
};
const link = (own: boolean): Guest => ({
  wit: `world guest { ${own ? '' : 'import next: func();'} export go: func(); }`,
  wat: own
    ? `(module (memory (export "memory") 1) (func (export "go")))`
    : `(module (import "$root" "next" (func $next)) (memory (export "memory") 1) (func (export "go") (call $next)))`,
});

describe.each(KINDS)('a limit of kind %s, at it and past it', (kind) => {
  const make = hostsOf(kind);
  const run = (arena: Arena, target: string, ...args: unknown[]) =>
    codeOf(async () => (await make(arena)).call(target, args, nobody));

  it('memory of an instance', async () => {
    const host = await make(one(grower(2, '256KiB')));
    expect((await host.call('guest.grow', [2], nobody)).value).toBe(2);
    expect((await host.call('guest.grow', [1], nobody)).value).toBe(-1);
    expect(await codeOf(() => make(one(grower(4, '256KiB'))))).toBe(undefined);
    expect(await codeOf(() => make(one(grower(5, '256KiB'))))).toBe('LIMIT_MEMORY_INITIAL');
  });

  it('memory of all instances: what they may have, whatever they have taken', async () => {
    const host = await make(one(grower(1, '1MiB'), { limits: { memory: '2MiB' } }));
    await host.call('guest.grow', [0], at('a'));
    await host.call('guest.grow', [15], at('b'));
    await expect(host.call('guest.grow', [0], at('c'))).rejects.toMatchObject({
      code: 'LIMIT_HOST_MEMORY',
      details: { takenBytes: 2 ** 21, limit: 2 ** 21 },
    });
    await host.call('guest.grow', [0], at('a')); // those that live go on
    const less = await make(one(grower(1, '1MiB'), { limits: { memory: 2 ** 21 - 1 } }));
    await less.call('guest.grow', [0], at('a'));
    expect(await codeOf(() => less.call('guest.grow', [0], at('b')))).toBe('LIMIT_HOST_MEMORY');
  });

  it('table entries', async () => {
    expect(await run(one(table(10)), 'guest.size')).toBe(undefined);
    expect(await run(one(table(11)), 'guest.size')).toBe('LIMIT_TABLE_INITIAL');
  });

  it('instances of a compartment, and of all', async () => {
    for (const arena of [
      one({ ...grower(1, '1MiB'), limits: { instances: 2 } }),
      one(grower(1, '1MiB'), { limits: { instances: 2 } }),
    ]) {
      const host = await make(arena);
      await host.call('guest.grow', [0], at('a'));
      await host.call('guest.grow', [0], at('b'));
      expect(await codeOf(() => host.call('guest.grow', [0], at('c')))).toBe('LIMIT_INSTANCES');
    }
  });

  it.runIf(kind !== 'inline')('threads and processes', async () => {
    const host = await make(one(grower(1, '1MiB'), { limits: { workers: 2 } }));
    await host.call('guest.grow', [0], at('a'));
    await host.call('guest.grow', [0], at('b'));
    await expect(host.call('guest.grow', [0], at('c'))).rejects.toMatchObject({
      code: 'LIMIT_INSTANCES',
      details: { limit: 2, key: 'limits.workers' },
    });
  });

  it('time, of a call and of what runs in it', async () => {
    for (const [limits, code] of [
      [{ deadline: '1s' }, 'LIMIT_DEADLINE'],
      [{ deadline: 'none', cpu: '1s' }, 'LIMIT_CPU'],
    ] as const) {
      const host = await make(one({ ...adder(), limits }));
      expect((await host.call('guest.sum', [1_000], nobody)).value).toBe(500_500);
      const start = performance.now();
      // Four thousand million rounds, some seconds at least.
      expect(await codeOf(() => host.call('guest.sum', [0], nobody))).toBe(code);
      expect(performance.now() - start).toBeGreaterThan(999);
      expect((await host.call('guest.sum', [1_000], nobody)).value).toBe(500_500);
    }
  });

  it('bytes of a message', async () => {
    // The text and its two words.
    const host = await make(one(reader));
    const most = await largest(
      async (bytes) => (await codeOf(() => host.call('guest.length', ['x'.repeat(bytes)], nobody))) === undefined,
    );
    expect(most).toBeLessThanOrEqual(1024);
    expect(most).toBeGreaterThanOrEqual(1024 - 8);
    expect(await codeOf(() => host.call('guest.length', ['x'.repeat(most + 1)], nobody))).toBe('LIMIT_MESSAGE');
  });

  it('posts that wait', async () => {
    const host = await make(one({ ...link(true), limits: { queue: 3 } }));
    for (let i = 0; i < 3; i++) await host.post('guest.go', [], nobody);
    expect(await codeOf(() => host.post('guest.go', [], nobody))).toBe('LIMIT_QUEUE');
    await host.drained();
    expect(await codeOf(() => host.post('guest.go', [], nobody))).toBe(undefined);
  });

  it('nested calls', async () => {
    const chain = (callDepth: number): Arena => ({
      compartments: { first: link(false), second: link(false), third: link(true) },
      links: [
        { from: 'first', import: 'next', to: 'second', export: 'go' },
        { from: 'second', import: 'next', to: 'third', export: 'go' },
      ],
      limits: { callDepth },
    });
    expect(await run(chain(3), 'first.go')).toBe(undefined);
    expect(await run(chain(2), 'first.go')).toBe('LIMIT_CALL_DEPTH');
  });

  it('output of a call', async () => {
    const host = await make(one(printer));
    for (let i = 0; i < 2; i++) expect(await codeOf(() => host.call('guest.print', [1024], nobody))).toBe(undefined);
    expect(await codeOf(() => host.call('guest.print', [1025], nobody))).toBe('LIMIT_OUTPUT');
  });

  it('calls that wait', async () => {
    const asked: (() => void)[] = [];
    const next = () => new Promise<void>((resolve) => asked.push(resolve));
    const answer = async () => {
      while (asked.length === 0) await sleep(1);
      asked.shift()?.();
    };
    const arena = {
      ...one({ ...link(false), resources: ['next'] }),
      resources: { next: { function: true } },
      links: [{ from: 'guest', import: 'next', to: 'next' }],
      limits: { waiting: 1 },
    };
    const host = await make(arena, { resources: { next } });
    const calls = [host.call('guest.go', [], nobody), host.call('guest.go', [], nobody)];
    expect(await codeOf(() => host.call('guest.go', [], nobody))).toBe('LIMIT_WAITING');
    await answer();
    await calls[0];
    await answer();
    await calls[1];
  });
});

/** Adds up to `n`, after it has grown a little when it is made. */
const adder = (fuel?: number): Guest => ({
  wit: 'world guest { export sum: func(n: u32) -> u32; }',
  wat: `(module (memory (export "memory") 1) (global $made (mut i32) (i32.const 0))
    (func $make (loop $again (global.set $made (i32.add (global.get $made) (i32.const 1)))
      (br_if $again (i32.lt_u (global.get $made) (i32.const 10)))))
    (start $make)
    (func (export "sum") (param $n i32) (result i32) (local $sum i32)
      (loop $again (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))`,
  limits: fuel === undefined ? {} : { fuel },
});

describe('fuel', () => {
  it('is counted alike in each call, each instance, each host and each process', async () => {
    const used = new Set<number | undefined>();
    for (let i = 0; i < 2; i++) {
      const host = await makeHost(one(adder(1_000_000)));
      for (let call = 0; call < 3; call++) used.add((await host.call('guest.sum', [1_000], nobody)).fuel);
    }
    const folder = makeFolder();
    writeFileSync(join(folder, 'guest.wasm'), assemble(adder().wat ?? ''));
    used.add(
      Number(
        (await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', inAnother(folder)]))
          .stdout,
      ),
    );
    expect(used.size).toBe(1);
    const [fuel = 0] = used;
    expect(fuel).toBeGreaterThan(1_000);
    expect(fuel).toBeLessThan(20_000);
  });

  it.each(KINDS)('that is exactly enough is enough, and one less is not: %s', async (kind) => {
    const make = hostsOf(kind);
    const { fuel = 0 } = await (await make(one(adder(1_000_000)))).call('guest.sum', [1_000], nobody);
    const host = await make(one(adder(fuel)));
    for (let i = 0; i < 2; i++) {
      const reply = await host.call('guest.sum', [1_000], nobody);
      expect(reply).toMatchObject({ value: 500_500, fuel });
    }
    const short = await make(one(adder(fuel - 1)));
    await expect(short.call('guest.sum', [1_000], nobody)).rejects.toMatchObject({
      code: 'LIMIT_FUEL',
      details: { compartment: 'guest', limit: fuel - 1 },
    });
    expect((await short.call('guest.sum', [999], nobody)).value).toBe(499_500);
  });

  it.each(KINDS)('bounds prepared calls and what an instance does when it is made: %s', async (kind) => {
    const make = hostsOf(kind);
    const host = await make(one(adder(500)));
    const prepared = host.prepare<number>('guest.sum', nobody);
    expect(prepared.call(10)).toBe(55);
    expect(() => prepared.call(100_000)).toThrow(expect.objectContaining({ code: 'LIMIT_FUEL' }));
    expect(prepared.call(10)).toBe(55);
    expect(await codeOf(async () => (await make(one(adder(20)))).call('guest.sum', [1], nobody))).toBe('LIMIT_FUEL');
  });

  it('is not counted where there is no limit', async () => {
    expect(await (await makeHost(one(adder()))).call('guest.sum', [10], nobody)).not.toHaveProperty('fuel');
  });

  it('of a callee is its own: the caller pays for what it does itself', async () => {
    const caller = (fuel: number): Guest => ({
      wit: 'world guest { import sum: func(n: u32) -> u32; export ask: func(n: u32) -> u32; }',
      wat: `(module (import "$root" "sum" (func $sum (param i32) (result i32))) (memory (export "memory") 1)
        (func (export "ask") (param i32) (result i32) (call $sum (local.get 0))))`,
      limits: { fuel },
    });
    for (const limits of [{}, { fuel: 10_000 }]) {
      const links = [{ from: 'caller', import: 'sum', to: 'guest' }];
      const host = await makeHost({ compartments: { caller: caller(100), guest: { ...adder(), limits } }, links });
      const few = await host.call('caller.ask', [1], nobody);
      expect((await host.call('caller.ask', [500], nobody)).fuel).toBe(few.fuel);
      const tooMuch = await codeOf(() => host.call('caller.ask', [5_000], nobody));
      expect(tooMuch).toBe('fuel' in limits ? 'LIMIT_FUEL' : undefined);
    }
  });
});

function inAnother(folder: string): string {
  const guest = { ...adder(1_000_000), wat: undefined, wasm: './guest.wasm', abi: 'core' };
  const manifest = {
    version: 1,
    compartments: { guest: { ...guest, wit: { text: `package test:guest;\n${guest.wit}`, world: 'guest' } } },
  };
  return `
    import { createHost } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
    const host = await createHost(${JSON.stringify(manifest)}, { baseDir: ${JSON.stringify(folder)} });
    console.log((await host.call('guest.sum', [1000], { label: {} })).fuel);
    await host.close();`;
}

/** The largest number that fits, which lies below 10,000. */
async function largest(fits: (bytes: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, 10_000];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
