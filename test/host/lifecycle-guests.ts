import type { Arena, Guest } from '../arena.ts';

export const EVERY = { secrecy: ['customer:*'] };
export const acme = { label: { secrecy: ['customer:acme'] } };
export const globex = { label: { secrecy: ['customer:globex'] } };

/** Counts its calls, so that its answers tell one instance from another; traps when it is asked to; says 1 or 2. */
export function counter(version: number, more: object = {}): Guest & { readonly wat: string } {
  return {
    wit: `world guest { export count: func() -> u32; export fail: func(); export version: func() -> u32;
      export note: func(n: u32); }`,
    wat: `(module (global $n (mut i32) (i32.const 0)) (memory (export "memory") 1)
      (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
      (func (export "fail") unreachable)
      (func (export "version") (result i32) (i32.const ${version}))
      (func (export "note") (param i32) (global.set $n (local.get 0))))`,
    clearance: EVERY,
    ...more,
  };
}

/** Calls the counter for somebody else. */
const caller: Guest = {
  wit: 'world guest { import count: func() -> u32; import fail: func(); export ask: func() -> u32; export break: func(); }',
  wat: `(module (import "$root" "count" (func $count (result i32))) (import "$root" "fail" (func $fail))
    (memory (export "memory") 1)
    (func (export "ask") (result i32) (call $count))
    (func (export "break") (call $fail)))`,
  clearance: EVERY,
};

export const alone = (more: object = {}): Arena => ({ compartments: { counter: counter(1, more) } });

export const pair = (more: object = {}, ofCaller: object = {}): Arena => ({
  compartments: { counter: counter(1, more), caller: { ...caller, ...ofCaller } },
  links: [
    { from: 'caller', import: 'count', to: 'counter' },
    { from: 'caller', import: 'fail', to: 'counter' },
  ],
});

/** Tells a resource of the program what it gets, and waits for its answer. */
const teller: Guest = {
  wit: 'world guest { import tell: func(n: u32); export pass: func(n: u32); }',
  wat: `(module (import "$root" "tell" (func $tell (param i32))) (memory (export "memory") 1)
    (func (export "pass") (param i32) (call $tell (local.get 0))))`,
};

export const told = (more: object = {}): Arena => ({
  compartments: { teller: { ...teller, clearance: EVERY, resources: ['sink'], ...more } },
  links: [{ from: 'teller', import: 'tell', to: 'sink' }],
  resources: { sink: { function: true, label: { secrecy: ['customer:acme'] } } },
});
