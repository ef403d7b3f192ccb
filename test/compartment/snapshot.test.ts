import { describe, expect, it } from 'vitest';
import wabtInit from 'wabt';
import { capture, restore, type Stateful } from '../../src/compartment/snapshot.ts';
import { REWRITE_MODULE, type RewriteOptions, rewrite } from '../../src/wasm/rewrite/index.ts';

const wabt = await wabtInit();
const FEATURES = { multi_memory: true, mutable_globals: true, bulk_memory: true, reference_types: true };
const PAGE = 65_536;

function assemble(wat: string): Uint8Array {
  const module = wabt.parseWat('guest.wat', wat, FEATURES);
  return module.toBinary({}).buffer;
}

/** An instance of the rewritten module, with memories of these sizes. */
function instantiate(wat: string, options: Partial<RewriteOptions>, pages: readonly number[], imports = {}): Stateful {
  const made = rewrite(assemble(wat), { interrupt: false, fuel: false, snapshot: true, ...options });
  expect(made.whyNoSnapshot).toBeNull();
  const memories = made.memories.map(
    ({ initialPages }, i) => new WebAssembly.Memory({ initial: pages[i] ?? initialPages, maximum: 16 }),
  );
  const given = Object.fromEntries(made.memories.map(({ name }, i) => [name, memories[i]]));
  const module = new WebAssembly.Module(made.bytes as Uint8Array<ArrayBuffer>);
  const { exports } = new WebAssembly.Instance(module, { [REWRITE_MODULE]: given, ...imports } as WebAssembly.Imports);
  if (made.snapshot === null) throw new Error('no snapshot');
  return { exports, memories, names: made.snapshot };
}

const call = ({ exports }: Stateful, name: string, ...args: unknown[]) =>
  (exports[name] as (...args: unknown[]) => unknown)(...args);

/** Initialises itself by its start function; everything it has can be asked for. */
const GUEST = `(module
  (memory 1 16) (memory $other 1 16)
  (data (i32.const 8) "data")
  (global $n (mut i32) (i32.const 1)) (global $big (mut i64) (i64.const 0)) (global $x (mut f64) (f64.const 0))
  (global $f (mut funcref) (ref.null func))
  (table $t 4 funcref) (elem (table $t) (i32.const 0) func $one)
  (elem declare func $two)
  (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
  (func $start
    (global.set $n (i32.add (global.get $n) (i32.const 41))) (global.set $big (i64.const 0x1_0000_0001))
    (global.set $x (f64.const 0.5)) (global.set $f (ref.func $two))
    (drop (memory.grow (i32.const 2))) (i32.store (i32.const 131072) (i32.const 7))
    (i32.store $other (i32.const 65532) (i32.const 9))
    (table.set $t (i32.const 3) (ref.func $two)))
  (start $start)
  (func (export "n") (result i32) (global.get $n)) (func (export "big") (result i64) (global.get $big))
  (func (export "x") (result f64) (global.get $x)) (func (export "set") (param i32) (global.set $n (local.get 0)))
  (func (export "has-f") (result i32) (i32.eqz (ref.is_null (global.get $f))))
  (func (export "at") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "put") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "other") (param i32) (result i32) (i32.load $other (local.get 0)))
  (func (export "call") (param i32) (result i32) (call_indirect $t (result i32) (local.get 0)))
  (func (export "pages") (result i32) (memory.size)))`;

describe('a snapshot', () => {
  const first = instantiate(GUEST, {}, []);
  const snapshot = capture([first]);
  const fresh = () => {
    const pages = snapshot[0]?.memories.map((memory) => memory.pages) ?? [];
    const made = instantiate(GUEST, { restore: true }, pages);
    restore(snapshot, [made]);
    return made;
  };

  it('starts another instance where the first one was after its start function', () => {
    const second = fresh();
    expect(call(second, 'n')).toBe(42); // not 83: the start function did not run again
    expect([call(second, 'big'), call(second, 'x'), call(second, 'pages')]).toEqual([0x1_0000_0001n, 0.5, 3]);
    expect([call(second, 'at', 131_072), call(second, 'at', 8), call(second, 'other', 65_532)]).toEqual([
      7, 0x61_74_61_64, 9,
    ]);
    expect([call(second, 'call', 0), call(second, 'call', 3), call(second, 'has-f')]).toEqual([1, 2, 1]);
    expect(() => call(second, 'call', 1)).toThrow(WebAssembly.RuntimeError); // null, as in the first
  });

  it('gives a function of the new instance, not of the first', () => {
    const second = fresh();
    const [name = ''] = second.names.tables;
    const [table, before] = [second.exports[name] as WebAssembly.Table, first.exports[name] as WebAssembly.Table];
    expect(table.get(3)).not.toBe(before.get(3));
    expect(typeof table.get(3)).toBe('function');
  });

  it('is a copy: what an instance writes is in no other', () => {
    const [one, other] = [fresh(), fresh()];
    call(one, 'put', 131_072, 1234);
    call(one, 'set', 1234);
    call(first, 'put', 131_072, 4321);
    expect([call(other, 'at', 131_072), call(other, 'n')]).toEqual([7, 42]);
    expect(call(fresh(), 'at', 131_072)).toBe(7);
  });

  it('keeps only blocks that hold something', () => {
    const [memory] = snapshot[0]?.memories ?? [];
    const kept = memory?.runs.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect([memory?.pages, kept]).toEqual([3, 2 * 4096]);
  });

  it('holds a byte at the very end of a memory', () => {
    const wat = `(module (memory 1 16) (func $s (i32.store8 (i32.const ${PAGE - 1}) (i32.const 5))) (start $s)
      (func (export "last") (result i32) (i32.load8_u (i32.const ${PAGE - 1}))))`;
    const taken = capture([instantiate(wat, {}, [])]);
    const second = instantiate(wat, { restore: true }, [1]);
    restore(taken, [second]);
    expect(call(second, 'last')).toBe(5);
  });

  it('knows functions of one module in the table of another', () => {
    const lib = '(module (func (export "f") (result i32) (i32.const 5)) (elem declare func 0))';
    const main = `(module (import "lib" "f" (func $f (result i32))) (table $t 2 funcref)
      (func $s (table.set $t (i32.const 1) (ref.func $f))) (elem declare func $f) (start $s)
      (func (export "call") (result i32) (call_indirect $t (result i32) (i32.const 1))))`;
    const make = (restoring: boolean) => {
      const one = instantiate(lib, { restore: restoring }, []);
      return [one, instantiate(main, { restore: restoring }, [], { lib: { f: one.exports.f } })];
    };
    const taken = capture(make(false));
    const second = make(true);
    restore(taken, second);
    expect(call(second[1] as Stateful, 'call')).toBe(5);
  });
});
