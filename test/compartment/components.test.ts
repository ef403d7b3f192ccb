import { readFileSync } from 'node:fs';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import type { InstanceHost } from '../../src/compartment/contract.ts';
import { CofferdamError } from '../../src/error.ts';
import { planComponent } from '../../src/wasm/index.ts';
import { hostOf, NO_HOST } from './forwarder.ts';
import { makeCode } from './kinds.ts';
import { codeOf } from './support.ts';

async function load(source: string | Uint8Array) {
  const bytes = typeof source === 'string' ? await parse(source) : source;
  return makeCode({ plan: planComponent(bytes), bytes, sha256: '', limits: { messageBytes: 1 << 20 } });
}

async function start(source: string | Uint8Array, host: InstanceHost = NO_HOST) {
  const code = await load(source);
  const names = code.world.exports.map(({ id }) => id);
  const instance = code.instantiate(host);
  return (name: string, ...args: unknown[]) => instance.call(names.indexOf(name), args);
}

const MEMORY = `
  (core module $Memory
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (drop (memory.grow (i32.const 1)))
      (local.get $at)))`;

/** Two components in one: $Outer hands a string on to $Inner, each with an encoding of its own, and back. */
const translated = (outer: string, inner: string) => `(component
  (component $Inner ${MEMORY}
    (core instance $memory (instantiate $Memory))
    (core module $Main (import "m" "memory" (memory 1))
      (func (export "f") (param i32 i32) (result i32)
        (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0)))
    (core instance $main (instantiate $Main (with "m" (instance $memory))))
    (func (export "f") (param "s" string) (result string) (canon lift (core func $main "f")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc")) string-encoding=${inner})))
  (component $Outer ${MEMORY}
    (import "f" (func $f (param "s" string) (result string)))
    (core instance $memory (instantiate $Memory))
    (core func $lowered (canon lower (func $f)
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc")) string-encoding=${outer}))
    (core module $Main (import "m" "memory" (memory 1)) (import "m" "f" (func $f (param i32 i32 i32)))
      (func (export "g") (param i32 i32) (result i32) (call $f (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
    (core instance $main (instantiate $Main (with "m" (instance
      (export "memory" (memory $memory "memory")) (export "f" (func $lowered))))))
    (func (export "g") (param "s" string) (result string) (canon lift (core func $main "g")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc")) string-encoding=${outer})))
  (instance $inner (instantiate $Inner))
  (instance $outer (instantiate $Outer (with "f" (func $inner "f"))))
  (export "g" (func $outer "g")))`;

describe('components within a component', () => {
  const encodings = ['utf8', 'utf16', 'latin1+utf16'];
  it.each(
    encodings.flatMap((outer) => encodings.map((inner) => [outer, inner] as const)),
  )('strings from %s to %s', async (outer, inner) => {
    const call = await start(translated(outer, inner));
    for (const text of ['', 'plain', 'ünï', 'wïde ☃ \u{1F600}', 'x'.repeat(70_000)]) expect(call('g', text)).toBe(text);
  });

  it('handles are of one scope: what the other one numbers is unknown', async () => {
    const call = await start(`(component
      (component $Maker
        (core module $Dtor (global $count (mut i32) (i32.const 0))
          (func (export "dtor") (param i32) (global.set $count (i32.add (global.get $count) (local.get 0))))
          (func (export "dropped") (result i32) (global.get $count)))
        (core instance $d (instantiate $Dtor))
        (type $R' (resource (rep i32) (dtor (core func $d "dtor"))))
        (export $R "r" (type $R'))
        (core func $new (canon resource.new $R'))
        (core module $Main (import "" "new" (func $new (param i32) (result i32)))
          (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
          (func (export "value") (param i32) (result i32) (local.get 0)))
        (core instance $main (instantiate $Main (with "" (instance (export "new" (func $new))))))
        (func (export "make") (param "n" u32) (result (own $R)) (canon lift (core func $main "make")))
        (func (export "value") (param "r" (borrow $R)) (result u32) (canon lift (core func $main "value")))
        (func (export "dropped") (result u32) (canon lift (core func $d "dropped"))))
      (component $User
        (import "maker" (instance $maker
          (export "r" (type $R (sub resource)))
          (export "make" (func (param "n" u32) (result (own $R))))
          (export "value" (func (param "r" (borrow $R)) (result u32)))))
        (alias export $maker "r" (type $R))
        (core func $make (canon lower (func $maker "make")))
        (core func $value (canon lower (func $maker "value")))
        (core func $drop (canon resource.drop $R))
        (core module $Main
          (import "" "make" (func $make (param i32) (result i32)))
          (import "" "value" (func $value (param i32) (result i32)))
          (import "" "drop" (func $drop (param i32)))
          (func (export "use") (param i32) (result i32) (local $h i32) (local $v i32)
            (local.set $h (call $make (local.get 0))) (local.set $v (call $value (local.get $h))) (call $drop (local.get $h)) (local.get $v))
          (func (export "forge") (param i32) (result i32) (call $value (local.get 0))))
        (core instance $main (instantiate $Main (with "" (instance
          (export "make" (func $make)) (export "value" (func $value)) (export "drop" (func $drop))))))
        (func (export "use") (param "n" u32) (result u32) (canon lift (core func $main "use")))
        (func (export "forge") (param "n" u32) (result u32) (canon lift (core func $main "forge"))))
      (instance $maker (instantiate $Maker))
      (instance $user (instantiate $User (with "maker" (instance $maker))))
      (export "use" (func $user "use"))
      (export "forge" (func $user "forge"))
      (export "dropped" (func $maker "dropped")))`);
    expect(call('use', 7)).toBe(7);
    expect(call('use', 5)).toBe(5);
    expect(call('dropped')).toBe(12);
    expect(codeOf(() => call('forge', 1))).toBe('ABI_HANDLE');
  });

  it('a sibling may not be entered twice', async () => {
    // host -> $A.run -> $B.ping -> $A.back
    const text = `(component
      (import "out" (func $out))
      (component $B
        (import "back" (func $back))
        (core func $back' (canon lower (func $back)))
        (core module $M (import "" "back" (func $back)) (func (export "ping") (call $back)))
        (core instance $m (instantiate $M (with "" (instance (export "back" (func $back'))))))
        (func (export "ping") (canon lift (core func $m "ping"))))
      (core func $out' (canon lower (func $out)))
      (core module $Table (table (export "t") 1 funcref) (type $f (func))
        (func (export "call") (call_indirect (type $f) (i32.const 0))))
      (core instance $table (instantiate $Table))
      (core module $M (import "" "call" (func $call)) (func (export "run") (call $call)) (func (export "back")))
      (core instance $m (instantiate $M (with "" (instance (export "call" (func $table "call"))))))
      (func $back (canon lift (core func $m "back")))
      (func $run (canon lift (core func $m "run")))
      (instance $b (instantiate $B (with "back" (func $back))))
      (core func $ping' (canon lower (func $b "ping")))
      (core module $Fix (import "" "t" (table 1 funcref)) (import "" "ping" (func $ping)) (elem (i32.const 0) $ping))
      (core instance (instantiate $Fix (with "" (instance (export "t" (table $table "t")) (export "ping" (func $ping'))))))
      (export "run" (func $run))
      (export "ping" (func $b "ping")))`;
    expect(codeOf(await start(text).then((call) => () => call('ping')))).toBe('none');
    expect(codeOf(await start(text).then((call) => () => call('run')))).toBe('INSTANCE_REENTERED');
  });

  it('what one of them catches stops the others, too', async () => {
    const text = `(component
      (import "out" (func $out))
      (component $Inner
        (import "out" (func $out))
        (core func $out' (canon lower (func $out)))
        (core module $M (import "" "out" (func $out))
          (func (export "f") (block $caught (try_table (catch_all $caught) (call $out)))))
        (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
        (func (export "f") (canon lift (core func $m "f"))))
      (instance $inner (instantiate $Inner (with "out" (func $out))))
      (core func $f' (canon lower (func $inner "f")))
      (core func $out' (canon lower (func $out)))
      (core module $M (import "" "f" (func $f)) (import "" "out" (func $out))
        (func (export "g") (block $caught (try_table (catch_all $caught) (call $f))) (call $out)))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $f')) (export "out" (func $out'))))))
      (func (export "g") (canon lift (core func $m "g"))))`;
    let calls = 0;
    const denied = hostOf(() => {
      calls++;
      throw new CofferdamError('FLOW_DENIED', 'no');
    });
    expect(codeOf(await start(text, denied).then((call) => () => call('g')))).toBe('FLOW_DENIED');
    expect(calls).toBe(1);
    expect(codeOf(await start(text).then((call) => () => call('g')))).toBe('none');
  });

  it('an import that waits suspends all of them', async () => {
    const text = `(component
      (import "wait" (func $wait (param "n" u32) (result u32)))
      (component $Inner
        (import "wait" (func $wait (param "n" u32) (result u32)))
        (core func $wait' (canon lower (func $wait)))
        (core module $M (import "" "wait" (func $wait (param i32) (result i32)))
          (func (export "f") (param i32) (result i32) (i32.add (call $wait (local.get 0)) (i32.const 1))))
        (core instance $m (instantiate $M (with "" (instance (export "wait" (func $wait'))))))
        (func (export "f") (param "n" u32) (result u32) (canon lift (core func $m "f"))))
      (instance $inner (instantiate $Inner (with "wait" (func $wait))))
      (core func $f' (canon lower (func $inner "f")))
      (core module $M (import "" "f" (func $f (param i32) (result i32)))
        (func (export "g") (param i32) (result i32) (i32.mul (call $f (local.get 0)) (i32.const 10))))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
      (func (export "g") (param "n" u32) (result u32) (canon lift (core func $m "g"))))`;
    const code = await load(text);
    const host = hostOf((_, [n]) => Promise.resolve((n as number) + 100), { suspending: new Set([0]) });
    const instance = code.instantiate(host);
    expect(await instance.callSuspending(0, [1])).toBe(1020);
    expect(await instance.callSuspending(0, [2])).toBe(1030);
    expect(codeOf(() => instance.call(0, [1]))).toBe('SUSPENSION_SYNC');
  });
});

describe('a component nobody here wrote', () => {
  const bytes = readFileSync('node_modules/@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm');
  const options = { entities: undefined, contextWindowSize: 1, skipCustomDetect: false, skipCustomRedact: false };
  const EMAIL = { tag: 'email' };

  it('finds personal data, with callbacks', async () => {
    const calls: unknown[] = [];
    const host = hostOf((index, args) => {
      calls.push([index, ...args]);
      if (index === 0)
        return (args[0] as string[]).map((token) => (token === 'secret' ? { tag: 'custom', val: 'word' } : undefined));
      return (args[0] as { tag: string }).tag === 'custom' ? '***' : undefined;
    });
    const call = await start(bytes, host);
    expect(call('redact', 'a secret of me@example.com', options)).toEqual([
      { original: 'secret', redacted: '***', start: 2, end: 8, identifiedType: { tag: 'custom', val: 'word' } },
      {
        original: 'me@example.com',
        redacted: expect.stringContaining('Redacted email'),
        start: 12,
        end: 26,
        identifiedType: EMAIL,
      },
    ]);
    expect(calls.length).toBeGreaterThan(2);
    expect(call('redact', 'nothing here', { ...options, skipCustomDetect: true })).toEqual([]);
  });

  it('answers of the wrong shape end it, the next instance is as new', async () => {
    const code = await load(bytes);
    const first = code.instantiate(hostOf(() => 'no list'));
    expect(codeOf(() => first.call(0, ['some text', options]))).toBe('RESULT_TYPE');
    const second = code.instantiate(hostOf((_, [tokens]) => (tokens as string[]).map(() => undefined)));
    expect(second.call(0, ['x@y.zz', { ...options, skipCustomRedact: true }])).toMatchObject([
      { identifiedType: EMAIL },
    ]);
    expect(second.memoryBytes()).toBeGreaterThan(2 ** 20);
  });
});
