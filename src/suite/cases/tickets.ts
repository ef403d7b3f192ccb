import { ALLOCATOR, type Guest } from '../arena.ts';
import { EVERY } from '../lab.ts';

/** Gives out tickets and keys, and takes tickets back; or hands out handles that it made up, gave up, or mistook. */
export const tickets: Guest = {
  wit: `interface booth {
      resource ticket { constructor(n: u32); value: func() -> u32; }
      resource key { constructor(); }
      spend: func(one: ticket) -> u32; compare: func(one: ticket, other: borrow<ticket>) -> u32;
      made-up: func(handle: u32) -> ticket; given-up: func() -> ticket; mistaken: func() -> ticket;
      drop-twice: func(); hoard: func(many: u32); turn-over: func(many: u32);
    }
    world guest { export booth; }`,
  wat: `(module
    (import "[export]test:guest/booth" "[resource-new]ticket" (func $new (param i32) (result i32)))
    (import "[export]test:guest/booth" "[resource-rep]ticket" (func $rep (param i32) (result i32)))
    (import "[export]test:guest/booth" "[resource-drop]ticket" (func $drop (param i32)))
    (import "[export]test:guest/booth" "[resource-new]key" (func $key (param i32) (result i32)))
    ${ALLOCATOR}
    (func (export "test:guest/booth#[constructor]ticket") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "test:guest/booth#[constructor]key") (result i32) (call $key (i32.const 1)))
    (func (export "test:guest/booth#[method]ticket.value") (param i32) (result i32) (local.get 0))
    (func (export "test:guest/booth#spend") (param i32) (result i32) (local $n i32)
      (local.set $n (call $rep (local.get 0))) (call $drop (local.get 0)) (local.get $n))
    (func (export "test:guest/booth#compare") (param i32 i32) (result i32) (local $n i32)
      (local.set $n (i32.sub (call $rep (local.get 0)) (local.get 1))) (call $drop (local.get 0)) (local.get $n))
    (func (export "test:guest/booth#made-up") (param i32) (result i32) (local.get 0))
    (func (export "test:guest/booth#given-up") (result i32) (local $h i32)
      (local.set $h (call $new (i32.const 1))) (call $drop (local.get $h)) (local.get $h))
    (func (export "test:guest/booth#mistaken") (result i32) (call $key (i32.const 1)))
    (func (export "test:guest/booth#drop-twice") (local $h i32)
      (local.set $h (call $new (i32.const 1))) (call $drop (local.get $h)) (call $drop (local.get $h)))
    (func (export "test:guest/booth#hoard") (param i32)
      (loop $more
        (drop (call $new (i32.const 1)))
        (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "test:guest/booth#turn-over") (param i32)
      (loop $more
        (call $drop (call $new (i32.const 1)))
        (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`,
  clearance: EVERY,
};

/** What the exports of compartment `tickets` with this guest are called. */
export const booth = (name: string): string => `tickets.test:guest/booth#${name}`;

/** Handles are a matter of one store, which no other thread has. */
export const WHERE_HANDLES_ARE = {
  kinds: ['inline', 'enclave'],
  why: 'no handle crosses threads or processes: a guest with resources is refused there when it is loaded',
} as const;
