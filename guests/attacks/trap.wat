;; Traps.
(module
  (func (export "run") unreachable))
