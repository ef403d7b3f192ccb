;; World `caller`. Results lie in a bump arena that begins after 192 KiB and is emptied before each call.
;; 32: where a result is put, or its address and length. 1024: the string. 65536: the list.
(module
  (import "bench:guests/ops" "add" (func $add (param i32 i32) (result i32)))
  (import "bench:guests/ops" "echo" (func $echo (param i32 i32 i32)))
  (import "bench:guests/ops" "bytes" (func $bytes (param i32 i32 i32)))
  (import "bench:guests/ops" "place" (func $place (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 8)
  (data (i32.const 1024) "hello, 0000 wrld")
  ;; Four lines of an order, each: where its SKU lies, 8 bytes, how many, cents. Then the SKUs, the card and the note.
  (data (i32.const 2048) "\4c\04\00\00\08\00\00\00\01\00\00\00\e3\03\00\00")
  (data (i32.const 2064) "\54\04\00\00\08\00\00\00\02\00\00\00\e4\03\00\00")
  (data (i32.const 2080) "\5c\04\00\00\08\00\00\00\03\00\00\00\e5\03\00\00")
  (data (i32.const 2096) "\64\04\00\00\08\00\00\00\04\00\00\00\e6\03\00\00")
  (data (i32.const 1100) "SKU-0001SKU-0002SKU-0003SKU-0004")
  (data (i32.const 1140) "4242-4242-4242-4242")
  (data (i32.const 1160) "leave it at the door, please")
  (global $top (mut i32) (i32.const 196608))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top
      (i32.and (i32.add (i32.add (global.get $top) (local.get 3)) (i32.const 15)) (i32.const -16)))
    (local.get $at))
  (func (export "run-add") (param $n i32) (result i32)
    (local $sum i32)
    (block $done
      (br_if $done (i32.eqz (local.get $n)))
      (loop $next
        (local.set $sum (call $add (local.get $sum) (local.get $n)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (local.get $sum))
  ;; Four ASCII letters that depend on n, in the middle of the string: no result can be an earlier one.
  (func $stamp (param $n i32)
    (i32.store (i32.const 1031) (i32.or (i32.const 0x40404040) (i32.and (local.get $n) (i32.const 0x0f0f0f0f)))))
  (func (export "run-echo") (param $n i32) (result i32)
    (local $right i32)
    (local $p i32)
    (block $done
      (br_if $done (i32.eqz (local.get $n)))
      (loop $next
        (call $stamp (local.get $n))
        (global.set $top (i32.const 196608))
        (call $echo (i32.const 1024) (i32.const 16) (i32.const 32))
        (local.set $p (i32.load (i32.const 32)))
        (local.set $right
          (i32.add (local.get $right)
            (i32.and
              (i32.eq (i32.load (i32.const 36)) (i32.const 16))
              (i32.and
                (i64.eq (i64.load (local.get $p)) (i64.load (i32.const 1024)))
                (i64.eq (i64.load offset=8 (local.get $p)) (i64.load (i32.const 1032)))))))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (local.get $right))
  (func (export "run-bytes") (param $n i32) (result i32)
    (local $right i32)
    (local $p i32)
    (block $done
      (br_if $done (i32.eqz (local.get $n)))
      (loop $next
        (i32.store (i32.const 65536) (local.get $n))
        (i32.store (i32.const 131068) (local.get $n))
        (global.set $top (i32.const 196608))
        (call $bytes (i32.const 65536) (i32.const 65536) (i32.const 32))
        (local.set $p (i32.load (i32.const 32)))
        (local.set $right
          (i32.add (local.get $right)
            (i32.and
              (i32.eq (i32.load (i32.const 36)) (i32.const 65536))
              (i32.and
                (i32.eq (i32.load (local.get $p)) (local.get $n))
                (i32.eq (i32.load offset=65532 (local.get $p)) (local.get $n))))))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (local.get $right))
  ;; The number of the order differs each time, and with it the first SKU and the number of pieces in the last line.
  (func (export "run-place") (param $n i32) (result i32)
    (local $right i32)
    (local $p i32)
    (block $done
      (br_if $done (i32.eqz (local.get $n)))
      (loop $next
        (i32.store (i32.const 1104) (i32.or (i32.const 0x40404040) (i32.and (local.get $n) (i32.const 0x0f0f0f0f))))
        (i32.store (i32.const 2104) (local.get $n))
        (global.set $top (i32.const 196608))
        (call $place
          (local.get $n) (i32.const 2048) (i32.const 4)
          (i32.const 1) (i32.const 1140) (i32.const 19)
          (i32.const 1) (i32.const 1160) (i32.const 28)
          (i32.const 32))
        (local.set $p (i32.load (i32.const 40)))
        (local.set $right
          (i32.add (local.get $right)
            (i32.and
              (i32.and
                (i32.eqz (i32.load8_u (i32.const 32)))
                (i32.eq (i32.load (i32.const 36)) (local.get $n)))
              (i32.and
                (i32.eq (i32.load offset=56 (local.get $p)) (local.get $n))
                (i32.and
                  (i64.eq (i64.load (i32.load (local.get $p))) (i64.load (i32.const 1100)))
                  (i64.eq (i64.load (i32.load (i32.const 64))) (i64.load (i32.const 1160))))))))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (local.get $right)))
