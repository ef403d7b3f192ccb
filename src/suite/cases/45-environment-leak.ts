import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { EVERY, nobody } from '../lab.ts';

const WASI = 'wasi_snapshot_preview1';
/** Looks at all that a program is born with, and counts what it finds. */
const nosy = {
  wit: `world guest { export environment: func() -> u32; export arguments: func() -> u32; export stdin: func() -> u32;
    export descriptors: func() -> u32; export clock: func(which: u32) -> u64; export cpu-clock: func(which: u32) -> u32;
    export print: func() -> u32; export random: func() -> u64; }`,
  wat: `(module
    (import "${WASI}" "environ_sizes_get" (func $environment (param i32 i32) (result i32)))
    (import "${WASI}" "args_sizes_get" (func $arguments (param i32 i32) (result i32)))
    (import "${WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "${WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "${WASI}" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
    (import "${WASI}" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
    (import "${WASI}" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "${WASI}" "random_get" (func $random (param i32 i32) (result i32)))
    ${ALLOCATOR} (data (i32.const 512) "seen")
    (func $sum (result i32) (i32.add (i32.load (i32.const 16)) (i32.load (i32.const 20))))
    (func (export "environment") (result i32) (drop (call $environment (i32.const 16) (i32.const 20))) (call $sum))
    (func (export "arguments") (result i32) (drop (call $arguments (i32.const 16) (i32.const 20))) (call $sum))
    (func (export "stdin") (result i32)
      (i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (i32.const 256)) (i32.store (i32.const 24) (i32.const 0))
      (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24))) (i32.load (i32.const 24)))
    (func (export "descriptors") (result i32) (local $fd i32) (local $found i32)
      (local.set $fd (i32.const 3))
      (loop $next
        (local.set $found (i32.add (local.get $found) (i32.eqz (call $stat (local.get $fd) (i32.const 64)))))
        (local.set $found (i32.add (local.get $found) (i32.eqz (call $prestat (local.get $fd) (i32.const 64)))))
        (br_if $next (i32.lt_u (local.tee $fd (i32.add (local.get $fd) (i32.const 1))) (i32.const 1024))))
      (local.get $found))
    (func (export "clock") (param i32) (result i64)
      (drop (call $time (local.get 0) (i64.const 1) (i32.const 64))) (i64.load (i32.const 64)))
    (func (export "cpu-clock") (param i32) (result i32) (call $time (local.get 0) (i64.const 1) (i32.const 64)))
    (func (export "print") (result i32)
      (i32.store (i32.const 16) (i32.const 512)) (i32.store (i32.const 20) (i32.const 4))
      (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
    (func (export "random") (result i64) (drop (call $random (i32.const 64) (i32.const 8))) (i64.load (i32.const 64))))`,
  clearance: EVERY,
  wasi: 'minimal',
};
const arena: Arena = { compartments: { nosy } };
const EINVAL = 28;

export default defineCase({
  number: 45,
  name: 'environment-leak',
  group: 'System services',
  title: 'environment, arguments, standard input, descriptors and clocks tell of the host',
  async attack({ make }) {
    process.env.COFFERDAM_SUITE_SECRET = 'Zebra-4111-1111';
    try {
      const host = await make(arena);
      for (const name of ['environment', 'arguments', 'stdin', 'descriptors']) {
        expect((await host.call(`nosy.${name}`, [], nobody)).value, name).toBe(0);
      }
      // Clocks are coarse, and those of CPU time are not there: they would tell what others do.
      for (const which of [0, 1]) {
        const times = [];
        for (let i = 0; i < 5; i++) times.push((await host.call<bigint>('nosy.clock', [which], nobody)).value);
        expect(times.filter((time) => time % 1_000_000n !== 0n)).toEqual([]);
      }
      for (const which of [2, 3]) expect((await host.call('nosy.cpu-clock', [which], nobody)).value).toBe(EINVAL);
    } finally {
      delete process.env.COFFERDAM_SUITE_SECRET;
    }
  },
  async twin({ make, enclave }) {
    const host = await make(arena);
    const printed: string[] = [];
    host.on('output', ({ bytes }) => void printed.push(Buffer.from(bytes).toString()));
    expect((await host.call('nosy.print', [], nobody)).value).toBe(0);
    expect(printed).toEqual(enclave ? [] : ['seen']); // of an enclave the host sees nothing
    const { value } = await host.call<bigint>('nosy.clock', [0], nobody);
    expect(Math.abs(Number(value / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    const random = async () => (await host.call('nosy.random', [], nobody)).value;
    expect(new Set([await random(), await random(), await random()]).size).toBe(3);
  },
});
