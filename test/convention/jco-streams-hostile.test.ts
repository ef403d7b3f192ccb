import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { Source } from '../../src/compartment/source.ts';
import { createHost } from '../../src/index.ts';
import { makeFolder } from '../arena.ts';
import { codeOf, failure, hostOf, sleep } from './jco-support.ts';

/** `go` gives a stream, after which the core module's own `write` and `resume` do as they like. */
function writer(write: string, resume = 'unreachable'): string {
  return `(component
    (type $bytes (stream u8))
    (core module $Memory (memory (export "memory") 1))
    (core instance $memory (instantiate $Memory))
    (alias core export $memory "memory" (core memory $mem))
    (core func $new (canon stream.new $bytes))
    (core func $write (canon stream.write $bytes async (memory $mem)))
    (core func $drop (canon stream.drop-writable $bytes))
    (core func $join (canon waitable.join))
    (core func $set-new (canon waitable-set.new))
    (core func $return (canon task.return (result $bytes)))
    (core module $M
      (import "" "memory" (memory 1))
      (import "" "new" (func $new (result i64)))
      (import "" "write" (func $write (param i32 i32 i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (import "" "join" (func $join (param i32 i32)))
      (import "" "set-new" (func $set-new (result i32)))
      (import "" "return" (func $return (param i32)))
      (global $writer (mut i32) (i32.const 0))
      (global $count (mut i32) (i32.const 0))
      (func $wait (result i32) (local $set i32)
        (local.set $set (call $set-new))
        (call $join (global.get $writer) (local.get $set))
        (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
      (func (export "go") (result i32) (local $ends i64)
        (local.set $ends (call $new))
        (global.set $writer (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        (call $return (i32.wrap_i64 (local.get $ends)))
        ${write})
      (func (export "resume") (param i32 i32 i32) (result i32) ${resume}))
    (core instance $m (instantiate $M (with "" (instance
      (export "memory" (memory $mem)) (export "new" (func $new)) (export "write" (func $write)) (export "drop" (func $drop))
      (export "join" (func $join)) (export "set-new" (func $set-new)) (export "return" (func $return))))))
    (func (export "go") async (result $bytes) (canon lift
      (core func $m "go") async (callback (core func $m "resume")) (memory $mem))))`;
}

const WRITE = (count: number) => `(call $write (global.get $writer) (i32.const 0) (i32.const ${count}))`;

async function streamOf(wat: string) {
  const ended: unknown[] = [];
  const host = { ...hostOf(() => null), ended: (error: unknown) => ended.push(error) };
  const instance = (await codeOf(wat)).instantiate(host);
  return { instance, ended, stream: (await instance.callSuspending(0, [])) as Source };
}

describe('a writer that', () => {
  it('writes a million times nothing says nothing, and the heap does not keep it', async () => {
    const many = `
      (loop $again
        (drop ${WRITE(0)})
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (br_if $again (i32.lt_u (global.get $count) (i32.const 1000000))))
      (call $drop (global.get $writer)) (i32.const 0)`;
    // It writes once there is a reader, to whom each of them is over at once.
    const { stream } = await streamOf(writer(`(drop ${WRITE(1)}) (call $wait)`, many));
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    expect(await stream.next()).toMatchObject({ done: false });
    const step = await failure(() => stream.next());
    expect(['none', 'GUEST_TRAP']).toContain(step);
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1_048_576);
  }, 60_000);

  it('never closes leaves its reader waiting, until one of them is stopped', async () => {
    const { instance, stream } = await streamOf(writer('(i32.const 0)'));
    const read = failure(() => stream.next());
    expect(await Promise.race([read, sleep(50)])).toBeUndefined();
    instance.stop();
    expect(await read).toBe('INSTANCE_STOPPED');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('traps with its stream open ends the reading with its trap, and is gone', async () => {
    const { instance, ended, stream } = await streamOf(writer(`(drop ${WRITE(1)}) (call $wait)`));
    const one = await stream.next();
    expect(one.value).toEqual(Uint8Array.of(0));
    expect(await failure(() => stream.next())).toBe('GUEST_TRAP');
    expect(ended).toMatchObject([{ code: 'GUEST_TRAP' }]);
    expect(await failure(() => instance.callSuspending(0, []))).toBe('GUEST_TRAP');
  });

  it('traps after its call is not started again where its manifest says so', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'writer.wasm'), await parse(writer(`(drop ${WRITE(1)}) (call $wait)`)));
    const make = (restart: string) =>
      createHost({ version: 1, compartments: { writer: { wasm: './writer.wasm', restart } } }, { baseDir: folder });
    for (const [restart, then] of [
      ['fail', 'COMPARTMENT_FAILED'],
      ['restart', 'none'],
    ] as const) {
      await using host = await make(restart);
      const { value } = await host.call<AsyncIterable<Uint8Array>>('writer.go', [], { label: {} });
      const iterator = value[Symbol.asyncIterator]();
      await iterator.next();
      expect(await failure(() => iterator.next())).toBe('GUEST_TRAP');
      expect(await failure(() => host.call('writer.go', [], { label: {} }))).toBe(then);
    }
  });

  it('writes more than a message may hold is read in parts that fit', async () => {
    const { stream } = await streamOf(
      writer(`(drop ${WRITE(50_000)}) (call $wait)`, '(call $drop (global.get $writer)) (i32.const 0)'),
    );
    const { value } = await stream.next();
    expect((value as Uint8Array).length).toBe(4096);
  });

  it('gives streams without end has trapped', async () => {
    const instance = (await codeOf(writer('(i32.const 0)'))).instantiate(hostOf(() => null));
    const held: unknown[] = [];
    const codes = [];
    for (let i = 0; i < 260; i++) {
      codes.push(await failure(async () => held.push(await instance.callSuspending(0, []))));
    }
    expect(codes.indexOf('GUEST_TRAP')).toBe(256);
    expect(codes.at(-1)).toBe('INSTANCE_STOPPED');
  });
});

/** Lowers `give` without async, and its stream is all that it returns. */
const DIRECT = (async: string) => `(component
  (type $bytes (stream u8))
  (import "give" (func $give ${async} (result $bytes)))
  (core func $give (canon lower (func $give)))
  (core func $return (canon task.return (result $bytes)))
  (core module $M
    (import "" "give" (func $give (result i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "go") (result i32) (call $return (call $give)) (i32.const 0))
    (func (export "resume") (param i32 i32 i32) (result i32) unreachable))
  (core instance $m (instantiate $M (with "" (instance
    (export "give" (func $give)) (export "return" (func $return))))))
  (func (export "go") async (result $bytes) (canon lift
    (core func $m "go") async (callback (core func $m "resume")))))`;

describe('a stream that is all that an import gives, to a guest that calls it without async', () => {
  it('is handed on', async () => {
    const instance = (await codeOf(DIRECT(''))).instantiate(
      hostOf(
        () =>
          new Source(
            async () => ({ done: false, value: Uint8Array.of(5) }),
            () => {},
          ),
      ),
    );
    const stream = (await instance.callSuspending(0, [])) as Source;
    expect((await stream.next()).value).toEqual(Uint8Array.of(5));
    await stream.return();
  });

  it('is refused where the import is async, since jco gives no handle', async () => {
    expect(await failure(() => codeOf(DIRECT('async')))).toBe('LOAD_ASYNC_REFUSED');
  });
});
