import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isScalar, whyNotFusable } from '../../../src/abi/fused/index.ts';
import { sizerOf } from '../../../src/abi/index.ts';
import type { FuncType, ValType } from '../../../src/wasm/types.ts';
import { func } from '../../compartment/forwarder.ts';
import { typeOfDepth, valuesOf } from '../arbitrary.ts';
import { type Core, flatTypes, Reference } from '../reference.ts';
import { Encoder } from './encoder.ts';
import { PORT, Scene, STATE } from './scene.ts';

interface Case {
  readonly type: FuncType;
  readonly args: readonly unknown[];
  readonly answer: unknown;
  readonly junk: number;
  readonly postReturn: boolean;
}

/** Numbers that look random. */
function junkFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
}

/** Arguments go through, are read by the independent reference, and the answer comes back the same way. */
function cross({ type, args, answer, junk, postReturn }: Case, repeat: number): void {
  const types = type.params.map((param) => param.type);
  const tuple: ValType = { kind: 'tuple', elements: types };
  const isIndirect = types.flatMap(flatTypes).length > 16;
  const resultFlat = type.result === null ? [] : flatTypes(type.result);
  const seen: unknown[] = [];
  let returned: Core | undefined;
  const scene = new Scene(
    type,
    (...flat) => {
      deepStrictEqual(scene.cells, [STATE, STATE]);
      const reference = new Reference(scene.callee.memory.buffer, 'utf8');
      seen.push(
        isIndirect ? reference.load(tuple, (flat[0] as number) >>> 0) : types.map((t) => reference.liftFlat(t, flat)),
      );
      if (type.result === null) return undefined;
      const encoder = new Encoder(scene.callee, junkFrom(junk + 1));
      if (resultFlat.length <= 1) returned = encoder.lowerFlat(type.result, answer)[0];
      else {
        returned = encoder.room(type.result);
        encoder.store(type.result, answer, returned);
      }
      return returned;
    },
    { postReturn: postReturn && !isScalar(type) },
  );
  for (let i = 0; i < repeat; i++) {
    const encoder = new Encoder(scene.caller, junkFrom(junk));
    const flat = args.flatMap((arg, j) => (isIndirect ? [] : encoder.lowerFlat(types[j] as ValType, arg)));
    if (isIndirect) {
      flat.push(encoder.room(tuple));
      encoder.store(tuple, args, flat[0] as number);
    }
    const out = type.result !== null && resultFlat.length > 1 ? encoder.room(type.result) : null;
    const result = scene.call(...(out === null ? flat : [...flat, out]));
    deepStrictEqual(seen.pop(), args);
    if (type.result === null) continue;
    const reference = new Reference(scene.caller.memory.buffer, 'utf8');
    const value = out === null ? reference.liftFlat(type.result, [result as Core]) : reference.load(type.result, out);
    deepStrictEqual(value, answer);
  }
  deepStrictEqual(scene.cells, [STATE, 0]);
  const [sizer, count] = [sizerOf(type), repeat];
  deepStrictEqual(scene.ring(), [
    {
      port: PORT,
      isReply: false,
      count,
      requestBytes: count * sizer.params(args),
      replyBytes: type.result === null ? 0 : count * sizer.result(answer),
    },
  ]);
  if (postReturn && !isScalar(type)) {
    const asCore = (core: Core | undefined) =>
      typeof core === 'bigint' ? BigInt.asIntN(64, core) : resultFlat[0]?.startsWith('f') ? core : Number(core) | 0;
    expect(asCore(scene.posted.at(-1))).toEqual(asCore(returned));
    expect(scene.posted).toHaveLength(repeat);
  }
}

/** CI takes more. */
const runs = Number(process.env.FUSED_RUNS ?? 1000);

const functions = (depth: number) =>
  fc
    .tuple(fc.array(typeOfDepth(depth), { maxLength: 4 }), fc.option(typeOfDepth(depth), { freq: 6 }))
    .map(([params, result]) => func(params, result))
    .filter((type) => whyNotFusable(type) === null);

const casesOf = (type: FuncType): fc.Arbitrary<Case> =>
  fc.record({
    type: fc.constant(type),
    args: fc.tuple(...type.params.map((param) => valuesOf(param.type))),
    answer: type.result === null ? fc.constant(undefined) : valuesOf(type.result),
    junk: fc.nat(),
    postReturn: fc.boolean(),
  });

describe('values cross as they are', () => {
  it.each([
    ['scalar functions', functions(1).filter(isScalar)],
    ['functions of any type', functions(3)],
  ] as const)(
    '%s',
    (_, types) => {
      fc.assert(
        fc.property(types.chain(casesOf), (one) => cross(one, 2)),
        { numRuns: runs },
      );
    },
    30_000 + 10 * runs,
  );
});
