;; World `small`: one page of memory, as every guest has one.
(module
  (memory (export "memory") 1)
  (data (i32.const 1024) "a small guest")
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))
