;; Traps while it is being made.
(module
  (func $start unreachable)
  (start $start)
  (func (export "run")))
