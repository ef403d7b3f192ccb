import type { FuncType } from '../wasm/types.ts';
import type { CoreFunction } from './adapters.ts';
import type { EmitContext } from './emit-access.ts';
import { emitCheck } from './emit-check.ts';
import { emitLiftFlat } from './emit-lift.ts';
import { emitLowerFlat } from './emit-lower.ts';
import { Emitter } from './emitter.ts';
import { LIBRARY } from './library.ts';

/** A call from JavaScript into generated Wasm, whose core function can be exchanged. */
export interface EntryCall {
  readonly call: (...args: readonly unknown[]) => unknown;
  /** Null: all calls go to `otherwise`. */
  readonly bind: (core: CoreFunction | null) => void;
}

export interface EntryWays {
  /** What the checks of the arguments, or `core`, did not let pass. */
  readonly otherwise: (args: ArrayLike<unknown>) => unknown;
  /** `core` threw. */
  readonly failed: (error: unknown, args: ArrayLike<unknown>) => unknown;
}

const PLAIN: ReadonlySet<string> = new Set('bool s8 u8 s16 u16 s32 u32 s64 u64 f32 f64 char enum'.split(' '));

/** Are all values of such a function single core values, that cannot change between check and call? */
export function isPlainFunction({ params, result, async }: FuncType): boolean {
  const kinds = [...params.map(({ type }) => type.kind), ...(result === null ? [] : [result.kind])];
  return !async && kinds.every((kind) => PLAIN.has(kind));
}

type Factory = (ways: EntryWays) => EntryCall;

/**
 * So many callers have code of their own, which the engine shapes for their one target: twice as fast. Those after them share
 * code by type, which is quicker to have.
 */
const OWN = 64;
let own = 0;
const shared = new WeakMap<FuncType, Factory>();

/** Checks and lowers the arguments, lifts the result. The type is plain. */
export function makeEntryCall(type: FuncType, ways: EntryWays): EntryCall {
  if (own < OWN) return makeFactory(type, ++own)(ways);
  const make = shared.get(type) ?? makeFactory(type, 0);
  shared.set(type, make);
  return make(ways);
}

/** Functions of equal text are one to the engine: `number` makes them differ. */
function makeFactory(type: FuncType, number: number): Factory {
  const emitter = new Emitter();
  const context: EmitContext = { emitter, resources: [], encoding: 'utf8' };
  const args = type.params.map((_, i) => `a${i}`);
  const checks = type.params.map((param, i) => ` || ${emitCheck(context, param.type, args[i] as string)} !== null`);
  const lines: string[] = [];
  const core = type.params.flatMap((param, i) => emitLowerFlat(context, param.type, args[i] as string, lines));
  const lifting: string[] = [];
  const value = type.result === null ? 'undefined' : emitLiftFlat(context, type.result, ['r'], lifting);
  const source = [
    `({ otherwise, failed }) => { let core = null; return { /* ${number} */`,
    'bind(next) { core = next; },',
    `call(${args.join(', ')}) {`,
    `if (core === null || arguments.length !== ${args.length}${checks.join('')}) return otherwise(arguments);`,
    ...lines,
    'let r;',
    `try { r = core(${core.join(', ')}); } catch (error) { return failed(error, arguments); }`,
    ...lifting,
    `return ${value};`,
    '} }; }',
  ];
  return emitter.run(LIBRARY, source.join('\n')) as Factory;
}
