;; World `relay`: asks the next one, and adds one to its answer.
(module
  (import "bench:guests/step" "step" (func $next (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "bench:guests/step#step") (param i32) (result i32)
    (i32.add (call $next (local.get 0)) (i32.const 1))))
