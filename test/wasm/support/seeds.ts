import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/** The component that wit-component makes of a world, with functions that trap. */
export async function componentOfWit(witSource: string, world: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ witSource, world, dummy: true }), []);
}

export const RESOURCES_WIT = `
package test:kit@1.2.3;
interface types {
  resource conn {
    constructor(url: string);
    send: func(bytes: list<u8>) -> result<u32, fault>;
    open: static func() -> conn;
  }
  variant fault { closed, other(string) }
  record point { x: f32, y: f64 }
  flags modes { read, write, run }
  enum side { left, right }
  locate: func(c: borrow<conn>, p: point) -> tuple<point, modes, side>;
}
interface user {
  use types.{conn, point};
  take: func(c: conn, at: option<point>) -> list<point>;
}
world kit {
  import types;
  import log: func(line: string);
  import extra: interface { ping: func(c: char) -> bool; }
  export types;
  export user;
  export run: func(a: option<u8>, b: result, c: result<_, string>) -> list<string>;
}`;

export const ASYNC_WIT = `
package test:waits;
interface feed { next: async func() -> option<string>; }
world waits {
  import feed;
  export run: async func(input: stream<u8>) -> future<string>;
}`;

/** A component that links two of its own, with a resource between them. */
export const NESTED_WAT = `
(component
  (type $Point (record (field "x" u32) (field "y" u32)))
  (core module $Shared (func (export "f") (param i32) (result i32) (local.get 0)))
  (component $Maker
    (type $R (resource (rep i32)))
    (core func $new (canon resource.new $R))
    (core func $rep (canon resource.rep $R))
    (core func $drop (canon resource.drop $R))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "get") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    (export $R' "thing" (type $R))
    (func (export "[constructor]thing") (param "n" u32) (result (own $R')) (canon lift (core func $m "make")))
    (func (export "[method]thing.get") (param "self" (borrow $R')) (result u32) (canon lift (core func $m "get"))))
  (component $User
    (import "maker" (instance $maker
      (export "thing" (type $T (sub resource)))
      (export "[constructor]thing" (func (param "n" u32) (result (own $T))))
      (export "[method]thing.get" (func (param "self" (borrow $T)) (result u32)))))
    (alias outer 1 $Point (type $P))
    (alias outer 1 $Shared (core module $S))
    (alias export $maker "thing" (type $T))
    (core instance $s (instantiate $S))
    (core func $make (canon lower (func $maker "[constructor]thing")))
    (core func $get (canon lower (func $maker "[method]thing.get")))
    (core func $drop (canon resource.drop $T))
    (core module $M
      (import "maker" "make" (func $make (param i32) (result i32)))
      (import "maker" "get" (func $get (param i32) (result i32)))
      (import "maker" "drop" (func $drop (param i32)))
      (import "shared" "f" (func $f (param i32) (result i32)))
      (func (export "run") (param i32 i32) (result i32)
        (call $f (call $get (call $make (local.get 0))))))
    (core instance $m (instantiate $M
      (with "maker" (instance (export "make" (func $make)) (export "get" (func $get)) (export "drop" (func $drop))))
      (with "shared" (instance $s))))
    (export $P' "point" (type $P))
    (func (export "run") (param "p" $P') (result u32) (canon lift (core func $m "run"))))
  (instance $maker (instantiate $Maker))
  (instance $user (instantiate $User (with "maker" (instance $maker))))
  (export "api" (instance $user)))`;

/** Every kind of type, instance types, component types and core module types. */
export const TYPES_WAT = `
(component
  (type $rec (record (field "a" u8) (field "b" string) (field "c" f64)))
  (import "rec" (type $rec' (eq $rec)))
  (type $var (variant (case "none") (case "one" $rec') (case "two" (list u64))))
  (import "var" (type $var' (eq $var)))
  (type $en (enum "a" "b" "c-D"))
  (import "en" (type $en' (eq $en)))
  (type $fl (flags "x" "y" "z"))
  (import "fl" (type $fl' (eq $fl)))
  (import "res" (type $res (sub resource)))
  (type $all (tuple bool s8 u8 s16 u16 s32 u32 s64 u64 f32 f64 char string (option $rec') (result $var' (error $en')) (list $fl')))
  (import "f" (func (param "all" $all) (param "r" (borrow $res)) (result (own $res))))
  (type $iface (instance
    (export "res" (type $r (sub resource)))
    (alias outer 1 $rec' (type $outer))
    (export "rec" (type $named (eq $outer)))
    (export "[constructor]res" (func (param "x" $named) (result (own $r))))
    (export "[method]res.m" (func (param "self" (borrow $r)) (result (result string (error u32)))))
    (export "[static]res.s" (func (param "list" (list $named))))))
  (import "test:pkg/iface@0.1.0" (instance $i (type $iface)))
  (alias export $i "res" (type $ires))
  (import "g" (func (param "x" (own $ires))))
  (core type $mod (module
    (type $t (func (param i32 i64) (result f32)))
    (import "env" "f" (func (type $t)))
    (import "env" "m" (memory 1 2))
    (import "env" "t" (table 1 funcref))
    (import "env" "g" (global (mut i64)))
    (export "h" (func (type $t)))))
  (type $comp (component
    (import "a" (func (param "x" u32)))
    (import "m" (core module (type $mod)))
    (export "b" (instance (export "c" (func (result string))))))))`;

/** Lifts and lowers with all options. */
export const CANON_WAT = `
(component
  (import "log" (func $log (param "line" string) (result (list u32))))
  (import "wide" (func $wide (param "a" (tuple u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64))
    (result (tuple f32 f64))))
  (core module $Libc
    (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $libc (instantiate $Libc))
  (alias core export $libc "mem" (core memory $mem))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $log8 (canon lower (func $log) (memory $mem) (realloc $realloc)))
  (core func $log16 (canon lower (func $log) string-encoding=utf16 (memory $mem) (realloc $realloc)))
  (core func $wide1 (canon lower (func $wide) (memory $mem)))
  (core module $M
    (import "log" "a" (func (param i32 i32 i32)))
    (import "log" "b" (func (param i32 i32 i32)))
    (import "log" "c" (func (param i32 i32)))
    (func (export "text") (param i32 i32) (result i32) unreachable)
    (func (export "text-post") (param i32))
    (func (export "num") (param i32 i64 f32 f64) (result i64) unreachable)
    (func (export "many") (param i32)))
  (core instance $m (instantiate $M (with "log" (instance
    (export "a" (func $log8)) (export "b" (func $log16)) (export "c" (func $wide1))))))
  (func (export "text") (param "in" string) (result string)
    (canon lift (core func $m "text") string-encoding=latin1+utf16 (memory $mem) (realloc $realloc)
      (post-return (core func $m "text-post"))))
  (func (export "num") (param "a" s8) (param "b" u64) (param "c" f32) (param "d" f64) (result s64)
    (canon lift (core func $m "num")))
  (func (export "many") (param "all" (tuple u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8))
    (canon lift (core func $m "many") (memory $mem) (realloc $realloc))))`;

/** Core modules that share everything that core modules can share. */
export const MODULES_WAT = `
(component
  (core module $A
    (type $sig (func (param i32) (result i64)))
    (tag (export "tag") (param i32))
    (table (export "table") 2 8 funcref)
    (memory (export "memory") 1 4)
    (global (export "global") (mut i32) (i32.const 7))
    (global (export "const") f64 (f64.const 1.5))
    (func $f (export "f") (type $sig) (i64.const 1))
    (elem (i32.const 0) $f)
    (data (i32.const 0) "hello"))
  (core instance $a (instantiate $A))
  (core module $B
    (import "a" "tag" (tag (param i32)))
    (import "a" "table" (table 1 funcref))
    (import "a" "memory" (memory 1 8))
    (import "a" "global" (global (mut i32)))
    (import "b" "const" (global f64))
    (import "b" "f" (func (param i32) (result i64)))
    (func $start)
    (start $start)
    (func (export "g") (result i32) (i32.const 3)))
  (core instance $b (instantiate $B
    (with "a" (instance $a))
    (with "b" (instance (export "const" (global $a "const")) (export "f" (func $a "f"))))))
  (func (export "g") (result u32) (canon lift (core func $b "g"))))`;

export function redactComponent(): Uint8Array {
  const file = '@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm';
  return readFileSync(new URL(`../../../node_modules/${file}`, import.meta.url));
}

export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Components of every shape, small but for one real one. */
export async function makeSeeds(): Promise<Seed[]> {
  return [
    { name: 'redact', bytes: redactComponent() },
    { name: 'resources', bytes: await componentOfWit(RESOURCES_WIT, 'kit') },
    { name: 'async', bytes: await componentOfWit(ASYNC_WIT, 'waits') },
    { name: 'nested', bytes: await parse(NESTED_WAT) },
    { name: 'types', bytes: await parse(TYPES_WAT) },
    { name: 'canon', bytes: await parse(CANON_WAT) },
    { name: 'modules', bytes: await parse(MODULES_WAT) },
  ];
}
