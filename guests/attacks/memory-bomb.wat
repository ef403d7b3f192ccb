;; Takes all the memory it can get and touches every page. Gives back how many pages it has.
(module
  (memory (export "memory") 1)
  (func (export "grow") (result i32)
    (loop $more
      (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (i32.const 1))
      (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (memory.size)))
