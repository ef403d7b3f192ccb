import type { FunctionBody } from '../../wasm/function-body.ts';
import { ModuleWriter } from '../../wasm/module-writer.ts';
import type { FuncType } from '../../wasm/types.ts';
import { flattenFunction } from '../layout.ts';
import { CrossingCode, importKernel, KERNEL_MEMORY } from './crossing-code.ts';
import { emitFlat } from './flat-values.ts';
import { KERNEL } from './kernel.ts';
import { fixedBytes, paramTypes } from './signature.ts';
import { REPLY, Translator } from './translator.ts';

/** Where a limit in time is armed: byte addresses in the memory that rewritten guests look at. */
export interface ClockWords {
  /** The tick at which it must stop is the word after it. */
  readonly run: number;
  /** Whether the clock stands still is the word after it. */
  readonly tick: number;
  readonly number: number;
  /** What of a number is counted on from. */
  readonly numberMask: number;
}

type Import = 'later' | 'first' | 'changed' | 'overrun';

/**
 * The module by which the host calls one export of one instance: epoch, state cell, limit in time, record, call, result.
 * Calls `later`, which throws, before anything has happened if this call is not an ordinary one: the epoch is not the one in
 * `decided`, somebody is inside the callee or runs around this call, the watchdog sleeps. `changed` and `overrun` are called
 * after the callee if the epoch, or what is armed, is no longer what it was. The type is scalar; its arguments are in order.
 */
export function makeEntry(type: FuncType, words: ClockWords | null): Uint8Array {
  const module = new ModuleWriter();
  const kernel = importKernel(module);
  const memory = words === null ? 0 : module.importSharedMemory('t', 'memory');
  const importHook = (name: Import) => module.importFunction('k', name, { params: [], results: [] });
  const [later, first, changed, overrun] = [
    importHook('later'),
    importHook('first'),
    importHook('changed'),
    importHook('overrun'),
  ];
  const { params, results } = flattenFunction(type);
  const target = module.importFunction('b', 'call', { params, results });
  const importCell = (name: string) => module.importGlobal('k', name, 'i32');
  const [callee, port, ticks] = [importCell('callee'), importCell('port'), importCell('ticks')];
  const [decided, state] = [module.global(-1), module.global(0)];
  module.export('decided', 'global', decided);
  module.export('state', 'global', state);
  const { index, body } = module.define({ params, results });
  module.export('call', 'function', index);

  const clock = words && { memory, words, ticks, now: body.local('i64'), number: body.local('i32') };
  const crossing = new CrossingCode(body, {
    ...kernel,
    caller: () => body.getGlobal(state),
    callee: () => body.getGlobal(callee),
    port: () => body.getGlobal(port),
    first,
  });
  const changes = () => body.i32(0).memory('i32.load', KERNEL_MEMORY, KERNEL.EPOCH).getGlobal(decided).op('i32.xor');
  changes().getGlobal(callee).memory('i32.load', KERNEL_MEMORY).op('i32.or');
  if (clock !== null) emitObstacles(body, clock);
  body.rarely(() => body.call(later).op('unreachable'));
  crossing.enterFromHost(() => body.getGlobal(state));
  if (clock !== null) emitArm(body, clock);
  crossing.record(fixedBytes(paramTypes(type)), type.result === null ? 0 : fixedBytes([type.result]), true);
  body.get(...params.keys()).call(target);
  const returned = results.map((result) => body.local(result));
  for (const local of returned) body.set(local);
  if (clock !== null) {
    body.i32(0).memory('i32.load', memory, clock.words.run).get(clock.number).op('i32.ne');
    body.rarely(
      () => body.call(overrun),
      () => body.i32(0).i32(0).memory('i32.store', memory, clock.words.run),
    );
  }
  changes().rarely(() => body.call(changed));
  crossing.assertUntouched();
  if (type.result !== null) {
    const parts = { module, fault: kernel.fault, callee, message: null };
    emitFlat(new Translator(parts, { ...REPLY, from: 0, to: 0, realloc: null }), body, type.result, returned);
    crossing.fixedReply();
  }
  crossing.exit();
  body.get(...returned);
  return module.finish();
}

interface Clock {
  readonly memory: number;
  readonly words: ClockWords;
  /** Global: so much time the call has. */
  readonly ticks: number;
  /** Locals: the tick with what follows it, and the number of what is armed. */
  readonly now: number;
  readonly number: number;
}

/** Adds to an i32 on the stack: something runs already, or the clock stands still. */
function emitObstacles(body: FunctionBody, { memory, words, now }: Clock): void {
  body.i32(0).memory('i32.load', memory, words.run).op('i32.or');
  body.i32(0).memory('i64.load', memory, words.tick).tee(now).i64(32n).op('i64.rotl', 'i32.wrap_i64', 'i32.or');
}

/** What is armed has a number that nothing had shortly before, and is written together with its tick. */
function emitArm(body: FunctionBody, { memory, words, ticks, now, number }: Clock): void {
  body.i32(0).i32(0).memory('i32.load', memory, words.number).i32(words.numberMask).op('i32.and');
  body.i32(1).op('i32.add').tee(number).memory('i32.store', memory, words.number);
  body.i32(0).get(now).op('i32.wrap_i64').getGlobal(ticks).op('i32.add', 'i64.extend_i32_u').i64(32n).op('i64.shl');
  body.get(number).op('i64.extend_i32_u', 'i64.or').memory('i64.store', memory, words.run);
}
