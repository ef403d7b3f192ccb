;; Takes all the table entries it can get, a hundred at a time. Gives back how many it has.
(module
  (table $t 1 funcref)
  (func (export "grow") (result i32)
    (loop $more
      (br_if $more (i32.ne (table.grow $t (ref.null func) (i32.const 100)) (i32.const -1))))
    (table.size $t)))
