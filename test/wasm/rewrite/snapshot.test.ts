import { describe, expect, it } from 'vitest';
import type { Rewritten } from '../../../src/wasm/rewrite/index.ts';
import { bytes, coreModule, leb, section, vec } from '../support/bytes.ts';
import { type Guest, rewritten, run, wat } from './support.ts';

/** Counts its starts in memory, changes a global, a table and memory when it is set up. */
const PROGRAM = wat(`(module
  (memory (export "memory") 1 4) (data (i32.const 0) "first") (data (i32.const 100) "x")
  (global $count (mut i64) (i64.const 1)) (global $pick (mut funcref) (ref.func $one)) (global $fixed i32 (i32.const 5))
  (table $t 4 8 funcref) (elem (table $t) (i32.const 0) func $one $two)
  (start $begin)
  (func $begin (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1))))
  (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
  (func (export "setup")
    (global.set $count (i64.const 42)) (global.set $pick (ref.func $two))
    (table.set $t (i32.const 3) (ref.func $two)) (table.set $t (i32.const 0) (ref.null func))
    (drop (memory.grow (i32.const 1))) (i32.store (i32.const 70000) (i32.const 7)) (i32.store8 (i32.const 0) (i32.const 70)))
  (func (export "state") (result i32 i64 i32 i32 i32 i32)
    (i32.load (i32.const 16)) (global.get $count) (i32.load (i32.const 70000)) (i32.load8_u (i32.const 0))
    (i32.load8_u (i32.const 100)) (memory.size))
  (func (export "call") (param i32) (result i32) (call_indirect $t (result i32) (local.get 0))))`);

const table = (guest: Guest, name: string) => guest.exports[name] as WebAssembly.Table;
const global = (guest: Guest, name: string) => guest.exports[name] as WebAssembly.Global;

/** The state of one guest put into another, by what the module says of itself alone. */
function transfer(from: Guest, to: Guest, { snapshot }: Rewritten): void {
  if (snapshot === null) throw new Error('nothing is exported for a snapshot');
  const functions = (guest: Guest) => {
    const found = snapshot.functions === null ? null : table(guest, snapshot.functions);
    return found === null ? [] : Array.from({ length: found.length }, (_, i) => found.get(i));
  };
  const [theirs, ours] = [functions(from), functions(to)];
  const moved = (value: unknown) => {
    if (typeof value !== 'function') return value;
    const index = theirs.indexOf(value);
    if (index < 0) throw new Error('a function that is not known');
    return ours[index];
  };
  for (const [i, memory] of from.memories.entries()) {
    const target = to.memories[i] as WebAssembly.Memory;
    target.grow((memory.buffer.byteLength - target.buffer.byteLength) / 65_536);
    new Uint8Array(target.buffer).set(new Uint8Array(memory.buffer));
  }
  for (const name of snapshot.globals) global(to, name).value = moved(global(from, name).value);
  for (const name of snapshot.tables) {
    for (let i = 0; i < table(from, name).length; i++) table(to, name).set(i, moved(table(from, name).get(i)));
  }
}

describe('a snapshot', () => {
  it.each([
    { fuel: false },
    { fuel: 'own' },
    { fuel: 'shared' },
  ] as const)('holds all that a guest has done, with fuel: $fuel', ({ fuel }) => {
    const module = rewritten(PROGRAM, { snapshot: true, fuel });
    expect(module.whyNoSnapshot).toBe(null);
    const guest = run(module);
    guest.call('setup');
    expect(guest.call('state')).toEqual([1, 42n, 7, 70, 120, 2]);

    const empty = rewritten(PROGRAM, { snapshot: true, fuel, restore: true });
    const copy = run(empty);
    // Neither the start function nor the data segments have done anything.
    expect(new Uint8Array((copy.memories[0] as WebAssembly.Memory).buffer).every((byte) => byte === 0)).toBe(true);
    transfer(guest, copy, empty);
    expect(copy.call('state')).toEqual([1, 42n, 7, 70, 120, 2]);
    expect([1, 3].map((i) => copy.call('call', i))).toEqual([2, 2]);
    expect(() => copy.call('call', 0)).toThrow(WebAssembly.RuntimeError);
    expect((global(copy, 'cofferdam:global:1').value as () => number)()).toBe(2);
  });

  it('shares nothing with the guest that it was taken from', () => {
    const module = rewritten(PROGRAM, { snapshot: true });
    const [guest, copy] = [run(module), run(module)];
    transfer(guest, copy, module);
    guest.call('setup');
    expect(() => copy.call('state')).toThrow(WebAssembly.RuntimeError);
    expect(global(copy, 'cofferdam:global:0').value).toBe(1n);
    expect(copy.call('call', 0)).toBe(1);
  });

  it('exports mutable globals and tables of its own, and nothing more', () => {
    expect(rewritten(PROGRAM, { snapshot: true }).snapshot).toEqual({
      globals: ['cofferdam:global:0', 'cofferdam:global:1'],
      tables: ['cofferdam:table:0'],
      functions: 'cofferdam:functions',
    });
    const nothing = wat('(module (import "e" "g" (global (mut i32))) (import "e" "t" (table 1 funcref)))');
    expect(rewritten(nothing, { snapshot: true }).snapshot).toEqual({ globals: [], tables: [], functions: null });
    expect(rewritten(nothing).snapshot).toBe(null);
  });

  const struct = [0x50, vec([]), 0x5f, vec([[0x7f, 1]])];
  it.each([
    ['a host reference in a global', wat('(module (global (mut externref) (ref.null extern)))'), /^global 0 /],
    ['a vector in a global', wat('(module (global (mut v128) (v128.const i32x4 0 0 0 0)))'), /^global 0 /],
    ['host references in a table', wat('(module (table 1 funcref) (table 1 externref))'), /^table 1 /],
    ['segments that are dropped', wat('(module (memory 1) (data $d "x") (func (data.drop $d)))'), /segments/],
    [
      'a struct that even a constant global leads to',
      coreModule(section(1, vec([struct])), section(6, vec([[0x64, 0, 0, 0xfb, 1, 0, 0x0b]]))),
      /^global 0 /,
    ],
  ])('cannot be taken with %s, which is told', (_, module, why) => {
    expect(WebAssembly.validate(module as Uint8Array<ArrayBuffer>)).toBe(true);
    expect(rewritten(module).whyNoSnapshot).toMatch(why);
  });

  it.each([
    ['a constant host reference', wat('(module (import "e" "g" (global externref)))')],
    ['a vector that stays', wat('(module (global v128 (v128.const i32x4 0 0 0 0)))')],
    ['typed references to functions', typedTable()],
  ])('can be taken with %s', (_, module) => {
    expect(rewritten(module).whyNoSnapshot).toBe(null);
  });
});

/** A table of `(ref null $type)`. */
function typedTable(): Uint8Array {
  const body = bytes(0, 0x0b);
  return coreModule(
    section(1, vec([[0x60, vec([]), vec([])]])),
    section(3, vec([0])),
    section(4, vec([[0x63, 0, 0, 1]])),
    section(10, vec([[leb(body.length), body]])),
  );
}
