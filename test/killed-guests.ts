/** Works for a while on both sides of its import, so that the end comes anywhere; answers one more than it was given. */
export const noting = {
  wat: `(module (import "$root" "note" (func $note (param i32) (result i32)))
    (func $work (local $i i32) (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000)))))
    (func (export "run") (param i32) (result i32) (local $n i32)
      (call $work) (local.set $n (call $note (local.get 0))) (call $work) (i32.add (local.get $n) (i32.const 1))))`,
  wit: 'world guest { import note: func(n: u32) -> u32; export run: func(n: u32) -> u32; }',
};

/** Knows how often each number was noted. */
export const ledger = {
  wat: `(module (memory 1)
    (func (export "note") (param i32) (result i32)
      (i32.store8 (local.get 0) (i32.add (i32.load8_u (local.get 0)) (i32.const 1))) (local.get 0))
    (func (export "times") (param i32) (result i32) (i32.load8_u (local.get 0))))`,
  wit: 'world guest { export note: func(n: u32) -> u32; export times: func(n: u32) -> u32; }',
};
