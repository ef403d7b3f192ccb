import type { Guest } from '../../src/suite/arena.ts';
import type { Lab } from '../../src/suite/lab.ts';
import { ACME, BURN, type Channel, type Line, PUBLIC, type Setting } from './channel.ts';

const EVERY = { secrecy: ['customer:*'] };

/** Works for a 1: whoever waits for the same thread, or the same host, can feel it. */
const encoder: Guest = {
  wit: 'world guest { export encode: func(spins: u32); }',
  wat: `(module (func (export "encode") (param i32) (if (i32.eqz (local.get 0)) (then (return))) ${BURN}))`,
  clearance: EVERY,
};

/** Sees the time only in whole milliseconds: begins at the edge of one, and counts its looks until the next. */
export const EDGES = `(import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func $now (result i64) (drop (call $time (i32.const 1) (i64.const 0) (i32.const 16))) (i64.load (i32.const 16)))
  (func $sync (local $from i64)
    (local.set $from (call $now))
    (loop $again (br_if $again (i64.eq (local.get $from) (call $now)))))
  (func $count (result i32) (local $from i64) (local $looks i32)
    (local.set $from (call $now))
    (loop $again
      (local.set $looks (i32.add (local.get $looks) (i32.const 1)))
      (br_if $again (i64.eq (local.get $from) (call $now))))
    (local.get $looks))`;

/** Sees nanoseconds, from a resource that the program offers against all advice. */
export const NANOSECONDS = `(import "$root" "now" (func $now (result i64)))
  (memory (export "memory") 1)
  (global $from (mut i64) (i64.const 0))
  (func $sync (global.set $from (call $now)))
  (func $count (result i32) (i32.wrap_i64 (i64.sub (call $now) (global.get $from))))`;

export const WITH_NANOSECONDS = {
  resources: { now: { function: true } },
  options: { resources: { now: () => process.hrtime.bigint() } },
};

const decoder = (time: string, wit: string, more: object): Guest => ({
  wit: `world guest { ${wit} export sync: func(); export count: func() -> u32; }`,
  wat: `(module ${time} (func (export "sync") (call $sync)) (func (export "count") (result i32) (call $count)))`,
  ...more,
});

/** The program asks one tenant's guest, then another's: how long the first took is felt by the second. */
async function open(lab: Lab, reader: Guest, effort: number, isExact = false): Promise<Line> {
  const exact = isExact
    ? { links: [{ from: 'decoder', import: 'now', to: 'now' }], resources: WITH_NANOSECONDS.resources }
    : {};
  const host = await lab.make(
    { compartments: { encoder, decoder: reader }, ...exact },
    isExact ? WITH_NANOSECONDS.options : {},
  );
  return {
    async send(bit) {
      await host.call('decoder.sync', [], PUBLIC);
      await host.call('encoder.encode', [bit * effort], ACME);
      return (await host.call<number>('decoder.count', [], PUBLIC)).value;
    },
    [Symbol.asyncDispose]: () => host.close(),
  };
}

const setting = (name: string, isMitigated: boolean, reader: Guest, efforts: number[], isExact = false): Setting => ({
  name,
  isMitigated,
  efforts,
  open: (lab, effort) => open(lab, reader, effort, isExact),
});

const exact = decoder(NANOSECONDS, 'import now: func() -> u64;', { resources: ['now'] });
export const wallClock: Channel = {
  number: 59,
  name: 'wall-clock timing',
  settings: [
    setting('nanoseconds, offered by the program', false, exact, [2_000, 20_000, 200_000], true),
    setting('`clock: coarse`', true, decoder(EDGES, '', { wasi: 'minimal' }), [50_000, 200_000, 500_000]),
    setting('`clock: virtual`', true, decoder(EDGES, '', { wasi: 'minimal', clock: 'virtual' }), [200_000]),
  ],
};
