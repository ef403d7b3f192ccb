;; Is called again while it is inside a call. `inner` tells how often: 0 unless somebody lets it.
(module
  (import "attack:guests/host" "call-back" (func $call_back))
  (global $inside (mut i32) (i32.const 0))
  (func (export "outer")
    (global.set $inside (i32.const 1))
    (call $call_back)
    (global.set $inside (i32.const 0)))
  (func (export "inner") (result i32) (global.get $inside)))
