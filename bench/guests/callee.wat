;; World `callee`. Arguments lie in a bump arena that begins after 64 KiB; post-return empties it.
(module
  (memory (export "memory") 8)
  (global $top (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top
      (i32.and (i32.add (i32.add (global.get $top) (local.get 3)) (i32.const 15)) (i32.const -16)))
    (local.get $at))
  (func (export "bench:guests/ops#add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  ;; The result is the argument itself: where it lies, and its length.
  (func $same (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (i32.const 16))
  (func $empty (param i32)
    (global.set $top (i32.const 65536)))
  (export "bench:guests/ops#echo" (func $same))
  (export "bench:guests/ops#bytes" (func $same))
  (export "cabi_post_bench:guests/ops#echo" (func $empty))
  (export "cabi_post_bench:guests/ops#bytes" (func $empty)))
