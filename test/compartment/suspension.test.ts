import { describe, expect, it } from 'vitest';
import type { Instance, InstanceHost } from '../../src/compartment/contract.ts';
import { CofferdamError, isCofferdamError } from '../../src/error.ts';
import type { ValType } from '../../src/wasm/types.ts';
import { ALLOCATOR, func, hostOf, makeGuest } from './forwarder.ts';
import { codeOf } from './support.ts';

const string: ValType = { kind: 'string' };
const u32: ValType = { kind: 'u32' };
const [ASK, NOW] = [0, 1];

/** `greet(name)` asks its import, which may wait, and hands the answer on; `double` calls one that answers at once. */
const wat = `(module
  (import "$root" "ask" (func $ask (param i32 i32 i32)))
  (import "$root" "now" (func $now (param i32) (result i32)))
  (memory (export "memory") 1)
  ${ALLOCATOR}
  (global $posted (mut i32) (i32.const 0))
  (func (export "greet") (param i32 i32) (result i32) (call $ask (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
  (func (export "cabi_post_greet") (param i32) (global.set $posted (i32.add (global.get $posted) (i32.const 1))))
  (func (export "double") (param i32) (result i32) (call $now (local.get 0)))
  (func (export "posted") (result i32) (global.get $posted)))`;
const codes = makeGuest(wat, {
  imports: { ask: func([string], string), now: func([u32], u32) },
  exports: { greet: func([string], string), double: func([u32], u32), posted: func([], u32) },
});

async function start(answer: (text: string) => unknown, more: Partial<InstanceHost> = {}): Promise<Instance> {
  const call: InstanceHost['call'] = (index, [value]) =>
    index === ASK ? answer(value as string) : (value as number) * 2;
  return (await codes).instantiate(hostOf(call, { suspending: new Set([ASK]), ...more }));
}

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(resolve, 1, value));
const codeOfPromise = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error) => (isCofferdamError(error) ? error.code : `foreign: ${error}`),
  );

describe('an import that waits', () => {
  it('suspends the guest; its answer and post-return are as in a call that does not', async () => {
    const instance = await start((text) => later(`hello ${text} ☃`));
    expect(await instance.callSuspending(0, ['world'])).toBe('hello world ☃');
    expect(await instance.callSuspending(0, [''])).toBe('hello  ☃');
    expect(instance.call(2, [])).toBe(2);
    expect(await instance.callSuspending(1, [21])).toBe(42);
    expect(instance.call(NOW, [21])).toBe(42);
  });

  it('may answer at once, too', async () => {
    const instance = await start((text) => text.toUpperCase());
    expect(await instance.callSuspending(0, ['abc'])).toBe('ABC');
  });

  it('nobody else enters meanwhile', async () => {
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const instance = await start(() => {
      asked.resolve();
      return answer.promise;
    });
    const first = instance.callSuspending(0, ['a']);
    expect(codeOf(() => instance.call(2, []))).toBe('INSTANCE_REENTERED');
    expect(await codeOfPromise(instance.callSuspending(0, ['b']))).toBe('INSTANCE_REENTERED');
    await asked.promise;
    answer.resolve('done');
    expect(await first).toBe('done');
    expect(instance.call(2, [])).toBe(1);
  });

  it('two instances wait side by side', async () => {
    const [one, two] = [await start((text) => later(`1${text}`)), await start((text) => later(`2${text}`))];
    expect(await Promise.all([one.callSuspending(0, ['a']), two.callSuspending(0, ['b'])])).toEqual(['1a', '2b']);
  });

  it('that fails or answers wrongly, late, is the end of the instance', async () => {
    const denial = new CofferdamError('FLOW_DENIED', 'no');
    const refuse = await start(() => later(0).then(() => Promise.reject(denial)));
    await expect(refuse.callSuspending(0, ['a'])).rejects.toBe(denial);
    expect(codeOf(() => refuse.call(2, []))).toBe('INSTANCE_STOPPED');
    expect(await codeOfPromise((await start(() => later(5))).callSuspending(0, ['a']))).toBe('RESULT_TYPE');
  });

  it('a wrong argument is refused and does no harm', async () => {
    const instance = await start((text) => later(text));
    expect(await codeOfPromise(instance.callSuspending(0, [5]))).toBe('ARGUMENT_TYPE');
    expect(await instance.callSuspending(0, ['a'])).toBe('a');
  });

  it('a stop meanwhile holds', async () => {
    const instance = await start((text) => later(text));
    const call = instance.callSuspending(0, ['a']);
    instance.stop();
    expect(await codeOfPromise(call)).toBe('INSTANCE_STOPPED');
  });

  it('cannot be reached from a call that does not wait, and is not asked', async () => {
    const asked: string[] = [];
    const instance = await start((text) => void asked.push(text));
    expect(codeOf(() => instance.call(0, ['a']))).toBe('SUSPENSION_SYNC');
    expect(asked).toEqual([]);
  });

  it('cannot be reached from a start function', async () => {
    const code = await makeGuest('(module (import "$root" "ask" (func $ask)) (start $ask))', {
      imports: { ask: func([]) },
    });
    expect(codeOf(() => code.instantiate(hostOf(() => later(0), { suspending: new Set([0]) })))).toBe(
      'SUSPENSION_SYNC',
    );
  });
});
