import { describe, expect, it } from 'vitest';
import type { RewriteOptions } from '../../../src/wasm/rewrite/index.ts';
import { type Guest, rewritten, run, wat } from './support.ts';

/** As much as runs use in these tests, and more. */
const FULL = 1_000_000n;

const value = (guest: Guest) => guest.fuel?.value as bigint;

function used(source: string, name: string, args: unknown[], fuel: RewriteOptions['fuel'] = 'own'): bigint {
  const guest = run(rewritten(wat(source), { fuel }), {}, FULL);
  guest.call(name, ...args);
  return FULL - value(guest);
}

const STRAIGHT = '(module (func (export "run") (result i32) (i32.add (i32.const 1) (i32.const 2))))';
/** 9 instructions in the loop, 3 outside it: block, loop, and the last local.get. */
const LOOP = `(module (func (export "run") (param $n i32) (result i32) (local $i i32)
  (block $out (loop $again
    (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $again)))
  (local.get $i)))`;
const LOOP_COST = 9n;

describe('fuel', () => {
  it('is the number of instructions of a straight function', () => {
    expect(used(STRAIGHT, 'run', [])).toBe(3n);
  });

  it('is taken at the function and at each turn of a loop', () => {
    expect(used(LOOP, 'run', [0])).toBe(3n + LOOP_COST);
    expect(used(LOOP, 'run', [10])).toBe(3n + 11n * LOOP_COST);
  });

  it('counts both arms of a branch', () => {
    const source = `(module (func (export "run") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 2))))))`;
    expect(used(source, 'run', [0])).toBe(6n);
    expect(used(source, 'run', [1])).toBe(6n);
  });

  it('is taken for the functions that are called, also in loops', () => {
    const source = `(module (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export "run") (param $n i32) (loop $again
        (local.set $n (i32.sub (call $f (local.get $n)) (i32.const 2)))
        (loop $inner (br_if $inner (i32.const 0)))
        (br_if $again (local.get $n)))))`;
    // The function 1; each turn 8 and the loop in it 2, and the callee 3.
    expect(used(source, 'run', [4])).toBe(1n + 4n * (8n + 2n + 3n));
  });

  it.each(['own', 'shared'] as const)('that is %s ends where it would fall below zero', (fuel) => {
    const module = rewritten(wat(LOOP), { fuel });
    const enough = 3n + 11n * LOOP_COST;
    const guest = run(module, {}, enough);
    expect(guest.call('run', 10)).toBe(10);
    expect(value(guest)).toBe(0n);
    const short = run(module, {}, enough - 1n);
    expect(() => short.call('run', 10)).toThrow(WebAssembly.RuntimeError);
    expect(value(short)).toBe(-1n);
  });

  it('is the same whether there are checks of interruption or not', () => {
    const run1 = run(rewritten(wat(LOOP), { fuel: 'own', interrupt: false }), {}, FULL);
    run1.call('run', 7);
    expect(FULL - value(run1)).toBe(used(LOOP, 'run', [7]));
    expect(used(LOOP, 'run', [7], 'shared')).toBe(used(LOOP, 'run', [7]));
  });

  it('is taken in full from modules that share it', () => {
    const callee = rewritten(wat(LOOP), { fuel: 'shared' });
    const caller = rewritten(
      wat(`(module (import "callee" "run" (func $run (param i32) (result i32)))
        (func (export "go") (param i32) (result i32) (call $run (local.get 0))))`),
      { fuel: 'shared' },
    );
    const first = run(callee, {}, FULL);
    const guest = run(caller, { callee: { run: first.exports.run as () => number } }, FULL, first.fuel);
    expect(guest.call('go', 10)).toBe(10);
    expect(FULL - value(guest)).toBe(2n + 3n + 11n * LOOP_COST);
  });

  it('cannot be reached by the guest', () => {
    const module = rewritten(wat(LOOP), { fuel: 'own' });
    const names = WebAssembly.Module.exports(new WebAssembly.Module(module.bytes as Uint8Array<ArrayBuffer>));
    expect(names.map(({ name }) => name)).toEqual(['run', 'cofferdam:fuel']);
  });

  it('leaves a trap of the interruption apart: the fuel is not negative then', () => {
    const guest = run(rewritten(wat(LOOP), { fuel: 'own' }), {}, FULL);
    guest.interrupt(-1);
    expect(() => guest.call('run', 1)).toThrow(WebAssembly.RuntimeError);
    expect(value(guest)).toBeGreaterThan(0n);
  });
});
