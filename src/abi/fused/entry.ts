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
  readonly run: number;
  readonly deadline: number;
  readonly tick: number;
  readonly asleep: number;
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

  const isStale = () => body.i32(0).memory('i32.load', KERNEL_MEMORY, KERNEL.EPOCH).getGlobal(decided).op('i32.ne');
  const load = (address: number) => body.i32(0).memory('i32.load', memory, address);
  isStale().getGlobal(callee).memory('i32.load', KERNEL_MEMORY).op('i32.or');
  if (words !== null) {
    load(words.run).op('i32.or');
    load(words.asleep).op('i32.or');
  }
  body.rarely(() => body.call(later).op('unreachable'));
  const crossing = new CrossingCode(body, {
    ...kernel,
    caller: () => body.getGlobal(state),
    callee: () => body.getGlobal(callee),
    port: () => body.getGlobal(port),
    first,
  });
  crossing.enterFromHost(() => body.getGlobal(state));
  const number = words && emitArm(body, memory, words, ticks);
  crossing.record(fixedBytes(paramTypes(type)), type.result === null ? 0 : fixedBytes([type.result]), true);
  body.get(...params.keys()).call(target);
  const returned = results.map((result) => body.local(result));
  for (const local of returned) body.set(local);
  if (words !== null && number !== null) {
    load(words.run).get(number).op('i32.ne');
    body.when(
      () => body.call(overrun),
      () => body.i32(0).i32(0).memory('i32.store', memory, words.run),
    );
  }
  isStale().rarely(() => body.call(changed));
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

/** What is armed has a number that nothing had shortly before. Gives the local that holds it. */
function emitArm(body: FunctionBody, memory: number, words: ClockWords, ticks: number): number {
  const number = body.local('i32');
  body.i32(0).i32(0).memory('i32.load', memory, words.tick).getGlobal(ticks).op('i32.add');
  body.memory('i32.store', memory, words.deadline);
  body.i32(0).i32(0).memory('i32.load', memory, words.number).i32(words.numberMask).op('i32.and');
  body.i32(1).op('i32.add').tee(number).memory('i32.store', memory, words.number);
  body.i32(0).get(number).memory('i32.store', memory, words.run);
  return number;
}
