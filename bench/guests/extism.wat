;; A plugin for Extism, whose functions take and give bytes through its host: one that does nothing, one that gives back
;; its input, whose length is a multiple of eight.
(module
  (import "extism:host/env" "input_load_u64" (func $input (param i64) (result i64)))
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "noop") (result i32)
    (i32.const 0))
  (func (export "echo") (result i32)
    (local $at i64) (local $length i64) (local $i i64)
    (local.set $at (call $alloc (local.tee $length (call $length))))
    (loop $copy
      (call $store (i64.add (local.get $at) (local.get $i)) (call $input (local.get $i)))
      (br_if $copy (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 8))) (local.get $length))))
    (call $output (local.get $at) (local.get $length))
    (i32.const 0)))
