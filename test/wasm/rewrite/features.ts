import { bytes, coreModule, leb, type Part, section, vec } from '../support/bytes.ts';
import { wat } from './support.ts';

/** A program that uses one feature, and calls of its exports, in order. */
export interface Feature {
  readonly name: string;
  readonly module: () => Uint8Array;
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  readonly imports?: () => WebAssembly.Imports;
}

const text = (name: string, source: string, calls: Feature['calls'], imports?: () => WebAssembly.Imports): Feature => ({
  name,
  module: () => wat(source),
  calls,
  ...(imports === undefined ? {} : { imports }),
});

const FIB = `(func $fib (export "fib") (param $n i32) (result i32)
  (if (result i32) (i32.lt_u (local.get $n) (i32.const 2)) (then (local.get $n))
    (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))))`;

const LOOPS = `(func (export "sum") (param $n i32) (result i64) (local $i i32) (local $j i32) (local $sum i64)
  (block $out (loop $outer
    (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
    (local.set $j (i32.const 0))
    (loop $inner
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.mul (local.get $i) (local.get $j)))))
      (local.set $j (i32.add (local.get $j) (i32.const 1)))
      (br_if $inner (i32.lt_u (local.get $j) (local.get $n))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $outer)))
  (local.get $sum))`;

export const FEATURES: readonly Feature[] = [
  text('recursion', `(module ${FIB})`, [['fib', 15]]),
  text('nested loops', `(module ${LOOPS})`, [
    ['sum', 0],
    ['sum', 30],
  ]),
  text(
    'a memory of its own, exported, with data, grown',
    `(module (memory (export "memory") 1 3) (data (i32.const 4) "abc")
      (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "size") (result i32) (memory.size)))`,
    [['at', 5], ['at', 65536], ['grow', 1], ['size'], ['at', 65536], ['grow', 5], ['at', -1]],
  ),
  text(
    'an imported memory beside its own',
    `(module (import "env" "memory" (memory $theirs 1)) (memory $mine (export "mine") 2) (data $xyz "xyz")
      (func (export "init") (memory.init $mine $xyz (i32.const 0) (i32.const 0) (i32.const 3)))
      (func (export "copy") (param i32 i32 i32)
        (memory.copy $theirs $mine (local.get 0) (local.get 1) (local.get 2)))
      (func (export "theirs") (param i32) (result i32) (i32.load $theirs (local.get 0)))
      (func (export "fill") (memory.fill $mine (i32.const 1) (i32.const 65) (i32.const 9)))
      (func (export "mine-at") (param i32) (result i32) (i32.load $mine offset=1 (local.get 0)))
      (func (export "sizes") (result i32 i32) (memory.size $theirs) (memory.size $mine)))`,
    [['copy', 8, 0, 3], ['theirs', 8], ['fill'], ['mine-at', 4], ['sizes'], ['copy', 65535, 0, 3]],
    () => ({ env: { memory: new WebAssembly.Memory({ initial: 1 }) } }),
  ),
  text(
    'memory64',
    `(module (memory i64 1 4) (data (i64.const 8) "12345678")
      (func (export "at") (param i64) (result i64) (i64.load offset=4294967296 (local.get 0)))
      (func (export "low") (param i64) (result i64) (i64.load (local.get 0)))
      (func (export "grow") (result i64) (drop (memory.grow (i64.const 2))) (memory.size)))`,
    [['low', 8n], ['at', 0n], ['grow'], ['low', 131071n]],
  ),
  text(
    'globals, of its own and imported',
    `(module (import "env" "base" (global $base i32)) (import "env" "count" (global $count (mut i64)))
      (global $own (export "own") (mut i32) (global.get $base)) (global $other i32 (i32.const 9))
      (func (export "step") (result i64)
        (global.set $own (i32.add (global.get $own) (global.get $other)))
        (global.set $count (i64.add (global.get $count) (i64.const 2)))
        (i64.add (global.get $count) (i64.extend_i32_u (global.get $own)))))`,
    [['step'], ['step']],
    () => ({ env: { base: 40, count: new WebAssembly.Global({ value: 'i64', mutable: true }, 5n) } }),
  ),
  text(
    'globals in constant expressions',
    `(module (import "env" "base" (global $base i32)) (global $double i32 (i32.add (global.get $base) (global.get $base)))
      (memory 1) (data (global.get $base) "hello") (table 20 funcref) (elem (global.get $base) $one $two)
      (func $one (result i32) (i32.const 11)) (func $two (result i32) (global.get $double))
      (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
      (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0))))`,
    [
      ['call', 3],
      ['call', 4],
      ['call', 5],
      ['at', 4],
    ],
    () => ({ env: { base: 3 } }),
  ),
  text(
    'tables and references',
    `(module (table $t (export "table") 3 8 funcref) (table $e 2 externref)
      (elem (table $t) (i32.const 0) func $a $b) (elem $later func $b $a)
      (func $a (result i32) (i32.const 1)) (func $b (result i32) (i32.const 2))
      (func (export "call") (param i32) (result i32) (call_indirect $t (result i32) (local.get 0)))
      (func (export "init") (table.init $t $later (i32.const 1) (i32.const 0) (i32.const 2)))
      (func (export "swap") (table.set $t (i32.const 0) (table.get $t (i32.const 1))))
      (func (export "grow") (result i32) (drop (table.grow $t (ref.func $a) (i32.const 2))) (table.size $t))
      (func (export "put") (param externref) (table.set $e (i32.const 1) (local.get 0)))
      (func (export "is-null") (param i32) (result i32) (ref.is_null (table.get $e (local.get 0)))))`,
    [
      ['call', 1],
      ['init'],
      ['call', 1],
      ['call', 2],
      ['swap'],
      ['call', 0],
      ['grow'],
      ['call', 4],
      ['put', 'x'],
      ['is-null', 1],
      ['is-null', 2],
    ],
  ),
  text(
    'passive segments',
    `(module (memory 1) (data $d "passive")
      (func (export "init") (param i32) (memory.init $d (i32.const 2) (i32.const 1) (local.get 0)))
      (func (export "drop") (data.drop $d))
      (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0))))`,
    [['init', 3], ['at', 3], ['drop'], ['init', 1], ['init', 0]],
  ),
  text(
    'a start function, and calls out',
    `(module (import "env" "seen" (func $seen (param i32))) (global $n (mut i32) (i32.const 0)) (memory 1)
      (func $start (global.set $n (i32.const 7)) (call $seen (i32.const 1))) (start $start)
      (func (export "n") (result i32) (call $seen (global.get $n)) (global.get $n)))`,
    [['n']],
    () => ({ env: { seen: () => undefined } }),
  ),
  text(
    'blocks with parameters and several results',
    `(module (func (export "run") (param $n i32) (result i32 i64) (local $k i64)
      (local.get $n) (i64.const 1)
      (loop $again (param i32 i64) (result i32 i64)
        (local.set $k) (local.set $n) (local.get $n) (i64.mul (local.get $k) (i64.const 3))
        (local.set $k) (i32.const 1) (i32.sub) (local.tee $n) (local.get $k)
        (br_if $again (local.get $n)))))`,
    [['run', 5]],
  ),
  text(
    'a table of branches',
    `(module (func (export "pick") (param i32) (result i32)
      (loop $l (block $c (block $b (block $a (br_table $a $b $c $l (local.get 0))) (return (i32.const 10))) (return (i32.const 20)))
        (return (i32.const 30))) (i32.const 40)))`,
    [
      ['pick', 0],
      ['pick', 1],
      ['pick', 2],
    ],
  ),
  text(
    'vectors',
    `(module (memory 1) (data (i32.const 0) "\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f\\10")
      (func (export "run") (param $n i32) (result i32) (local $v v128)
        (loop $again
          (local.set $v (i8x16.add (local.get $v) (v128.load (i32.const 0))))
          (local.set $v (i8x16.shuffle 1 0 3 2 5 4 7 6 9 8 11 10 13 12 15 14 (local.get $v) (local.get $v)))
          (local.set $v (v128.load8_lane 3 (i32.const 5) (local.get $v)))
          (local.set $v (v128.or (local.get $v) (v128.const i32x4 3 2 1 0)))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.add (i8x16.extract_lane_u 3 (local.get $v)) (i32x4.extract_lane 2 (i8x16.relaxed_swizzle (local.get $v) (local.get $v))))))`,
    [['run', 6]],
  ),
  text(
    'legacy exceptions',
    `(module (tag $t (param i32)) (tag $u)
      (func $throw (param i32) (if (local.get 0) (then (throw $t (local.get 0))) (else (throw $u))))
      (func (export "catch") (param i32) (result i32)
        (try (result i32) (do (call $throw (local.get 0)) (i32.const 0)) (catch $t) (catch_all (i32.const -1))))
      (func (export "rethrow") (param i32) (result i32)
        (try (result i32)
          (do (try (result i32) (do (call $throw (local.get 0)) (i32.const 0)) (catch $t (drop) (rethrow 0))))
          (catch $t (i32.const 100) (i32.add)) (catch $u (i32.const 7))))
      (func (export "delegate") (param i32) (result i32)
        (try $outer (result i32)
          (do (try (result i32) (do (loop $l (call $throw (local.get 0)) (br $l)) (i32.const 0)) (delegate $outer)))
          (catch $t) (catch_all (i32.const 5)))))`,
    [
      ['catch', 3],
      ['catch', 0],
      ['rethrow', 4],
      ['rethrow', 0],
      ['delegate', 8],
      ['delegate', 0],
    ],
  ),
  text(
    'tail calls',
    `(module (table 2 funcref) (elem (i32.const 0) $even $odd) (type $t (func (param i32) (result i32)))
      (func $even (export "even") (type $t)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
      (func $odd (type $t)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
          (else (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))))`,
    [
      ['even', 100001],
      ['even', 40],
    ],
  ),
  text(
    'conversions that saturate, and signs',
    `(module (func (export "sat") (param f64) (result i32) (i32.trunc_sat_f64_s (local.get 0)))
      (func (export "extend") (param i32) (result i32) (i32.extend8_s (local.get 0))))`,
    [
      ['sat', 1e20],
      ['sat', Number.NaN],
      ['extend', 255],
    ],
  ),
  text(
    'traps',
    `(module (memory 1) (table 1 funcref) (func (export "div") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
      (func (export "null") (call_indirect (i32.const 0))) (func (export "un") (unreachable)))`,
    [['div', 0], ['null'], ['un'], ['div', 1]],
  ),
  {
    name: 'exceptions by reference',
    module: exceptionsByReference,
    calls: [
      ['run', 5],
      ['run', 0],
    ],
  },
  {
    name: 'garbage-collected types',
    module: garbageCollected,
    calls: [
      ['list', 10],
      ['cast', 0],
      ['cast', 1],
      ['array', 6],
      ['apply', 4],
    ],
  },
];

const I32 = 0x7f;
const functions = (...bodies: Part[]): Uint8Array =>
  section(10, vec(bodies.map((body) => [leb(bytes(body).length), body])));

/** try_table, catch, catch_all_ref, throw_ref. */
function exceptionsByReference(): Uint8Array {
  return coreModule(
    section(
      1,
      vec([
        [0x60, vec([I32]), vec([I32])],
        [0x60, vec([I32]), vec([])],
      ]),
    ),
    section(3, vec([1, 0])),
    section(13, vec([[0, 1]])),
    section(7, vec([['run', 0, 1]])),
    functions(
      // throw the tag if the parameter is not 0
      [0, 0x20, 0, 0x04, 0x40, 0x20, 0, 0x08, 0, 0x0b, 0x0b],
      [
        0,
        [0x02, I32], // block (result i32)
        [0x02, 0x69], // block (result exnref)
        [0x1f, 0x40, 1, 3, 0], // try_table (catch_all_ref 0)
        [0x03, 0x40, 0x20, 0, 0x10, 0, 0x0b], // loop, local.get 0, call 0, end
        0x0b,
        [0x41, 11, 0x0f], // i32.const 11, return
        0x0b,
        // Thrown once more, and caught by its tag.
        [0x1f, 0x40, 1, 0, 0, 1], // try_table with an exnref below it: (catch 0 -> block with i32)
        0x0b,
        0x1a,
        [0x1f, 0x40, 1, 0, 0, 0, 0x20, 0, 0x10, 0, 0x0b],
        [0x41, 12],
        0x0b,
        0x0b,
      ],
    ),
  );
}

/** A list of structs, casts, an array, i31, and a call of a reference. */
function garbageCollected(): Uint8Array {
  const LIST = 0;
  const BYTES = 1;
  const UNARY = 2;
  const list = [0x63, LIST];
  return coreModule(
    section(
      1,
      vec([
        [
          0x4e,
          vec([
            [
              0x50,
              vec([]),
              0x5f,
              vec([
                [I32, 1],
                [list, 1],
              ]),
            ],
          ]),
        ], // rec (struct i32 (ref null 0))
        [0x5e, 0x78, 1], // array of i8
        [0x60, vec([I32]), vec([I32])],
      ]),
    ),
    section(3, vec([UNARY, UNARY, UNARY, UNARY, UNARY])),
    section(6, vec([[0x64, UNARY, 0, 0xd2, 4, 0x0b]])), // (global (ref 2) ref.func 4)
    section(
      7,
      vec([
        ['list', 0, 0],
        ['cast', 0, 1],
        ['array', 0, 2],
        ['apply', 0, 3],
      ]),
    ),
    functions(
      // Builds a list of n items, adds them up.
      [
        [2, 1, list, 1, I32],
        [0x03, 0x40], // loop
        [0x20, 0, 0x20, 1, 0xfb, 0, LIST, 0x21, 1], // struct.new n, rest
        [0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b], // br_if n = n - 1
        [0x03, I32], // loop (result i32)
        [0x20, 2, 0x20, 1, 0xfb, 2, LIST, 0, 0x6a, 0x21, 2], // sum += head
        [0x20, 1, 0xfb, 2, LIST, 1, 0x22, 1, 0xd1, 0x45, 0x0d, 0], // rest, is it null?
        [0x20, 2, 0x0b],
        0x0b,
      ],
      // br_on_cast: i31 or struct.
      [
        0,
        [0x02, 0x64, 0x6c], // block (result (ref i31))
        [0x02, 0x6e], // block (result anyref)
        [0x20, 0, 0x04, 0x6e, 0x41, 21, 0xfb, 28, 0x05, 0x41, 1, 0xd0, LIST, 0xfb, 0, LIST, 0x0b],
        [0xfb, 24, 1, 1, 0x6e, 0x6c], // br_on_cast 1 anyref (ref i31)
        0x0b,
        [0xfb, 23, LIST, 0xd4, 0xfb, 2, LIST, 0, 0x0f], // ref.cast (ref null list), as non null, get, return
        0x0b,
        [0xfb, 29, 0x0b],
      ],
      // array.new, set, get, len
      [
        [1, 1, 0x64, BYTES],
        [0x41, 7, 0x20, 0, 0xfb, 6, BYTES, 0x21, 1],
        [0x20, 1, 0x41, 2, 0x41, 99, 0xfb, 14, BYTES],
        [0x20, 1, 0x41, 2, 0xfb, 13, BYTES, 0x20, 1, 0xfb, 15, 0x6a, 0x0b],
      ],
      // call_ref, in a loop
      [0, [0x03, I32, 0x20, 0, 0x23, 0, 0x14, UNARY, 0x22, 0, 0x41, 50, 0x48, 0x0d, 0, 0x20, 0, 0x0b, 0x0b]],
      [0, 0x20, 0, 0x41, 3, 0x6c, 0x0b],
    ),
  );
}
