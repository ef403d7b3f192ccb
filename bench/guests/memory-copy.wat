;; What 64 KiB there and back cost at the least: one memory.copy each way between two memories.
(module
  (memory $a 8)
  (memory $b 8)
  (func (export "run") (param $n i32) (result i32)
    (local $right i32)
    (block $done
      (br_if $done (i32.eqz (local.get $n)))
      (loop $next
        (i32.store $a (i32.const 65536) (local.get $n))
        (i32.store $a (i32.const 131068) (local.get $n))
        (memory.copy $b $a (i32.const 65536) (i32.const 65536) (i32.const 65536))
        (memory.copy $a $b (i32.const 196608) (i32.const 65536) (i32.const 65536))
        (local.set $right
          (i32.add (local.get $right)
            (i32.and
              (i32.eq (i32.load $a (i32.const 196608)) (local.get $n))
              (i32.eq (i32.load $a (i32.const 262140)) (local.get $n)))))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (local.get $right)))
