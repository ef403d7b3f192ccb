;; A plugin for Extism, whose functions take and give bytes through its host: one that does nothing, one that gives back
;; its input of 16 bytes.
(module
  (import "extism:host/env" "input_load_u64" (func $input (param i64) (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "noop") (result i32)
    (i32.const 0))
  (func (export "echo") (result i32)
    (local $at i64)
    (local.set $at (call $alloc (i64.const 16)))
    (call $store (local.get $at) (call $input (i64.const 0)))
    (call $store (i64.add (local.get $at) (i64.const 8)) (call $input (i64.const 8)))
    (call $output (local.get $at) (i64.const 16))
    (i32.const 0)))
