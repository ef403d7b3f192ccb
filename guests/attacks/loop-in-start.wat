;; Never finishes being made.
(module
  (func $start (loop $forever (br $forever)))
  (start $start)
  (func (export "run")))
