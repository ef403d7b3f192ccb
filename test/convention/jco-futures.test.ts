import { describe, expect, it } from 'vitest';
import { Source } from '../../src/compartment/source.ts';
import { codeOf, failure, hostOf, sleep } from './jco-support.ts';

/** Hands on what its import gives: a stream and the future of how it ended, as WASI 0.3 reads files. */
const opener = (async: string) => `(component
  (type $end (result (error string)))
  (type $bytes (stream u8)) (type $ending (future $end))
  (type $opened (tuple $bytes $ending))
  (import "open" (func $open ${async} (param "key" u32) (result $opened)))
  (core module $Memory (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $open (canon lower (func $open) (memory $mem) (realloc $realloc)))
  (core func $return (canon task.return (result $opened) (memory $mem)))
  (core module $M
    (import "" "memory" (memory 1))
    (import "" "open" (func $open (param i32 i32)))
    (import "" "return" (func $return (param i32 i32)))
    (func (export "reopen") (param i32) (result i32)
      (call $open (local.get 0) (i32.const 16))
      (call $return (i32.load (i32.const 16)) (i32.load (i32.const 20)))
      (i32.const 0))
    (func (export "resume") (param i32 i32 i32) (result i32) unreachable))
  (core instance $m (instantiate $M (with "" (instance
    (export "memory" (memory $mem)) (export "open" (func $open)) (export "return" (func $return))))))
  (func (export "reopen") async (param "key" u32) (result $opened) (canon lift
    (core func $m "reopen") async (callback (core func $m "resume")) (memory $mem))))`;

/** Gives what a future holds, by reading it; and a future that it writes. */
const READER = `(component
  (type $later (future u32)) (type $held (tuple u32 $later))
  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $mem))
  (core func $read (canon future.read $later async (memory $mem)))
  (core func $write (canon future.write $later async (memory $mem)))
  (core func $new (canon future.new $later))
  (core func $drop-reader (canon future.drop-readable $later))
  (core func $drop-writer (canon future.drop-writable $later))
  (core func $join (canon waitable.join))
  (core func $set-new (canon waitable-set.new))
  (core func $return (canon task.return (result u32)))
  (core func $return-held (canon task.return (result $held) (memory $mem)))
  (core module $M
    (import "" "memory" (memory 1))
    (import "" "read" (func $read (param i32 i32) (result i32)))
    (import "" "write" (func $write (param i32 i32) (result i32)))
    (import "" "new" (func $new (result i64)))
    (import "" "drop-reader" (func $drop-reader (param i32)))
    (import "" "drop-writer" (func $drop-writer (param i32)))
    (import "" "join" (func $join (param i32 i32)))
    (import "" "set-new" (func $set-new (result i32)))
    (import "" "return" (func $return (param i32)))
    (import "" "return-held" (func $return-held (param i32 i32)))
    (global $set (mut i32) (i32.const 0))
    (func $wait (param $end i32) (result i32)
      (global.set $set (call $set-new))
      (call $join (local.get $end) (global.get $set))
      (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
    (func $finish (param $reader i32) (result i32)
      (call $join (local.get $reader) (i32.const 0))
      (call $drop-reader (local.get $reader))
      (call $return (i32.load (i32.const 16)))
      (i32.const 0))
    (func (export "take") (param $reader i32) (result i32)
      (if (i32.eq (call $read (local.get $reader) (i32.const 16)) (i32.const -1))
        (then (return (call $wait (local.get $reader)))))
      (call $finish (local.get $reader)))
    (func (export "taken") (param i32 i32 i32) (result i32) (call $finish (local.get 1)))
    (func $end (param $writer i32) (result i32)
      (call $join (local.get $writer) (i32.const 0))
      (call $drop-writer (local.get $writer))
      (i32.const 0))
    (func (export "give") (param $value i32) (result i32)
      (local $ends i64) (local $writer i32)
      (local.set $ends (call $new))
      (local.set $writer (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (i32.store (i32.const 32) (local.get $value))
      (call $return-held (local.get $value) (i32.wrap_i64 (local.get $ends)))
      (if (i32.eq (call $write (local.get $writer) (i32.const 32)) (i32.const -1))
        (then (return (call $wait (local.get $writer)))))
      (call $end (local.get $writer)))
    (func (export "given") (param i32 i32 i32) (result i32)
      (if (i32.eq (i32.load (i32.const 32)) (i32.const 13)) (then unreachable))
      (call $end (local.get 1))))
  (core instance $m (instantiate $M (with "" (instance
    (export "memory" (memory $mem)) (export "read" (func $read)) (export "write" (func $write)) (export "new" (func $new))
    (export "drop-reader" (func $drop-reader)) (export "drop-writer" (func $drop-writer)) (export "join" (func $join))
    (export "set-new" (func $set-new)) (export "return" (func $return)) (export "return-held" (func $return-held))))))
  (func (export "take") async (param "later" $later) (result u32) (canon lift
    (core func $m "take") async (callback (core func $m "taken")) (memory $mem)))
  (func (export "give") async (param "value" u32) (result $held) (canon lift
    (core func $m "give") async (callback (core func $m "given")) (memory $mem))))`;

const END = { done: true, value: undefined } as const;

/** A source of these values, one after the other. */
function sourceOf(...values: readonly unknown[]): Source {
  const left = [...values];
  return new Source(
    async () => (left.length === 0 ? END : { done: false, value: left.shift() }),
    () => {},
  );
}

describe('a future', () => {
  it.each(['', 'async'])('stands beside a stream, and a guest hands both on (import: %s)', async (async) => {
    const code = await codeOf(opener(async));
    const host = hostOf((_, [key]) => [
      sourceOf(Uint8Array.of(1, 2), Uint8Array.of(3)),
      sourceOf(key === 0 ? { tag: 'ok', val: undefined } : { tag: 'err', val: 'torn' }),
    ]);
    for (const [key, ending] of [
      [0, { tag: 'ok', val: undefined }],
      [1, { tag: 'err', val: 'torn' }],
    ] as const) {
      const [bytes, end] = (await code.instantiate(host).callSuspending(0, [key])) as [Source, Source];
      const all: number[] = [];
      for await (const chunk of bytes) all.push(...(chunk as Uint8Array));
      expect(all).toEqual([1, 2, 3]);
      expect(await end.next()).toEqual({ done: false, value: ending });
    }
  });

  it('is read by a guest, when it is there', async () => {
    const instance = (await codeOf(READER)).instantiate(hostOf(() => null));
    expect(await instance.callSuspending(0, [sourceOf(7)])).toBe(7);
    let resolve = (_: number) => {};
    const value = new Promise<number>((done) => {
      resolve = done;
    });
    const call = instance.callSuspending(0, [
      new Source(
        async () => ({ done: false, value: await value }),
        () => {},
      ),
    ]);
    setTimeout(() => resolve(8), 20);
    expect(await call).toBe(8);
  });

  it('that is never written, of the wrong type or fails, ends the guest that reads it', async () => {
    const code = await codeOf(READER);
    const read = (source: Source) => failure(() => code.instantiate(hostOf(() => null)).callSuspending(0, [source]));
    expect(await read(sourceOf())).toBe('RESULT_TYPE');
    expect(await read(sourceOf('text'))).toBe('RESULT_TYPE');
    expect(
      await read(
        new Source(
          () => Promise.reject(new Error('no')),
          () => {},
        ),
      ),
    ).toBe('foreign: Error: no');
  });

  it('is written by a guest after its call', async () => {
    const instance = (await codeOf(READER)).instantiate(hostOf(() => null));
    const [value, later] = (await instance.callSuspending(1, [9])) as [number, Source];
    expect([value, await later.next(), await later.next()]).toEqual([9, { done: false, value: 9 }, END]);
  });

  it('of a guest that traps after its call has its value, and the host learns of the trap', async () => {
    const ended: unknown[] = [];
    const host = { ...hostOf(() => null), ended: (error: unknown) => ended.push(error) };
    const instance = (await codeOf(READER)).instantiate(host);
    const [, later] = (await instance.callSuspending(1, [13])) as [number, Source];
    expect((await later.next()).value).toBe(13);
    while (ended.length === 0) await sleep(5);
    expect(ended).toMatchObject([{ code: 'GUEST_TRAP' }]);
    expect(await failure(() => instance.callSuspending(1, [9]))).toBe('GUEST_TRAP');
  });
});
