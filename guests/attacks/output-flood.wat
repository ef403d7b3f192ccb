;; Writes to stdout for as long as it is let: 64 KiB at a time, through 1024 vectors.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "run")
    (local $i i32)
    (loop $vector
      (i32.store (i32.mul (local.get $i) (i32.const 8)) (i32.const 65536))
      (i32.store offset=4 (i32.mul (local.get $i) (i32.const 8)) (i32.const 64))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $vector (i32.lt_u (local.get $i) (i32.const 1024))))
    (loop $forever
      (br_if $forever
        (i32.eqz (call $write (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const 8192)))))))
