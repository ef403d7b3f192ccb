import type { Guest } from '../../src/suite/arena.ts';
import type { Lab } from '../../src/suite/lab.ts';
import { ACME, BURN, type Channel, type Line, PUBLIC, type Setting } from './channel.ts';
import { EDGES, NANOSECONDS, WITH_NANOSECONDS } from './clock.ts';

const EVERY = { secrecy: ['customer:*'] };
/** Work of one message, in turns of a loop. */
const SPINS = 5_000;

/** Posts as many messages as it is told. */
const encoder: Guest = {
  wit: 'world guest { import work: func(spins: u32); export encode: func(count: u32); }',
  wat: `(module (import "$root" "work" (func $work (param i32)))
    (func (export "encode") (param i32)
      (loop $again
        (if (i32.eqz (local.get 0)) (then (return)))
        (call $work (i32.const ${SPINS}))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br $again))))`,
  clearance: EVERY,
};
const worker: Guest = {
  wit: 'world guest { export work: func(spins: u32); export count: func() -> u32; }',
  wat: `(module (global $n (mut i32) (i32.const 0))
    (func (export "work") (param i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) ${BURN})
    (func (export "count") (result i32) (global.get $n) (global.set $n (i32.const 0))))`,
  clearance: EVERY,
  limits: { queue: 8 },
};
const LINK = { from: 'encoder', import: 'work', to: 'worker', post: true };

/** Gets a message that was posted after the encoder's, and says when. */
const watcher = (time: string, wit: string, more: object): Guest => ({
  wit: `world guest { ${wit} export sync: func(); export arrive: func(); export read: func() -> u32; }`,
  wat: `(module ${time} (global $seen (mut i32) (i32.const 0))
    (func (export "sync") (call $sync))
    (func (export "arrive") (global.set $seen (call $count)))
    (func (export "read") (result i32) (global.get $seen)))`,
  ...more,
});

async function openTimes(lab: Lab, reader: Guest, effort: number, isExact: boolean): Promise<Line> {
  const host = await lab.make(
    {
      compartments: { encoder, worker, watcher: reader },
      links: isExact ? [LINK, { from: 'watcher', import: 'now', to: 'now' }] : [LINK],
      ...(isExact ? { resources: WITH_NANOSECONDS.resources } : {}),
    },
    isExact ? WITH_NANOSECONDS.options : {},
  );
  return {
    async send(bit) {
      await host.call('watcher.sync', [], PUBLIC);
      await host.call('encoder.encode', [bit * effort], ACME);
      await host.post('watcher.arrive', [], PUBLIC);
      await host.drained();
      return (await host.call<number>('watcher.read', [], PUBLIC)).value;
    },
    [Symbol.asyncDispose]: () => host.close(),
  };
}

/** Does a message of the decoder find its place, when the encoder has filled the queue of the same receiver? */
async function openPlaces(lab: Lab): Promise<Line> {
  const host = await lab.make({ compartments: { encoder, worker }, links: [LINK] });
  return {
    async send(bit) {
      await host.call('encoder.encode', [bit * 8], ACME);
      await host.post('worker.work', [1], PUBLIC);
      await host.drained();
      return (await host.call<number>('worker.count', [], PUBLIC)).value;
    },
    [Symbol.asyncDispose]: () => host.close(),
  };
}

const times = (name: string, isMitigated: boolean, reader: Guest, isExact = false): Setting => ({
  name,
  isMitigated,
  efforts: [2, 8],
  open: (lab, effort) => openTimes(lab, reader, effort, isExact),
});

export const queueTiming: Channel = {
  number: 61,
  name: 'queue timing',
  settings: [
    times(
      'nanoseconds, offered by the program',
      false,
      watcher(NANOSECONDS, 'import now: func() -> u64;', { resources: ['now'] }),
      true,
    ),
    times('`clock: coarse`', true, watcher(EDGES, '', { wasi: 'minimal' })),
    times('`clock: virtual`', true, watcher(EDGES, '', { wasi: 'minimal', clock: 'virtual' })),
    { name: 'places in a queue, which are per label', isMitigated: true, efforts: [1], open: openPlaces },
  ],
};
