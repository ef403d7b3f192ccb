import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeOf, codeOfBytes, failure, hostOf, sleep } from './jco-support.ts';

const guest = (name: string) => readFileSync(new URL(`../../guests/${name}/${name}.wasm`, import.meta.url));
const quote = (_index: number, [text]: readonly unknown[]) => `<${text}>`;
const quoteLater = async (index: number, args: readonly unknown[]) => {
  await sleep(5);
  return quote(index, args);
};
const indexOf = (code: { world: { exports: readonly { id: string }[] } }, id: string) =>
  code.world.exports.findIndex((each) => each.id === id);

describe('an async component', () => {
  it('has the types that it carries, and says that it is async', async () => {
    const code = await codeOfBytes(guest('relay'));
    expect(code.isAsync).toBe(true);
    expect(code.world.imports.map(({ id, type }) => [id, type.async])).toEqual([['test:wait/slow#lookup', true]]);
    expect(code.world.exports.map(({ id, type }) => [id, type.async])).toEqual([
      ['test:wait/slow#lookup', true],
      ['relay', true],
    ]);
  });

  it.each([
    ['at once', quote],
    ['later', quoteLater],
  ])('awaits an import that answers %s', async (_, call) => {
    const code = await codeOfBytes(guest('relay'));
    const instance = code.instantiate(hostOf(call));
    for (const text of ['', 'a', 'grüß dich 🌍', '\uFEFFmark']) {
      expect(await instance.callSuspending(indexOf(code, 'relay'), [text])).toBe(`<${text}>`);
    }
    expect(await instance.callSuspending(indexOf(code, 'test:wait/slow#lookup'), ['x'])).toBe('<x>');
    expect(instance.memoryBytes()).toBe(65_536);
  });

  it('has two subtasks under way at once', async () => {
    const code = await codeOfBytes(guest('both'));
    const asked: unknown[] = [];
    const answers: ((text: string) => void)[] = [];
    const call = (_index: number, [text]: readonly unknown[]) => {
      asked.push(text);
      return new Promise((resolve) => answers.push(resolve));
    };
    const reply = code.instantiate(hostOf(call)).callSuspending(0, ['one', 'other']);
    while (asked.length < 2) await sleep(5);
    expect(asked).toEqual(['one', 'other']);
    answers[1]?.('second');
    answers[0]?.('first');
    expect(await reply).toEqual(['first', 'second']);
  });

  it('keeps the results of its functions as answers', async () => {
    const code = await codeOf(RESULTS);
    const host = hostOf(async (_, [n]) => {
      await sleep(1);
      return Number(n) > 5 ? { tag: 'err', val: 'too many' } : { tag: 'ok', val: `${n} it is` };
    });
    for (const name of ['by-callback', 'by-blocking', 'not-async']) {
      const instance = code.instantiate(host);
      expect(await instance.callSuspending(indexOf(code, name), [3])).toEqual({ tag: 'ok', val: '3 it is' });
      expect(await instance.callSuspending(indexOf(code, name), [7])).toEqual({ tag: 'err', val: 'too many' });
      expect(await instance.callSuspending(indexOf(code, name), [5])).toEqual({ tag: 'ok', val: '5 it is' });
    }
  });

  it('may be made of components that call one another', async () => {
    const code = await codeOf(NESTED);
    const instance = code.instantiate(hostOf(() => sleep(5).then(() => 20)));
    expect(await instance.callSuspending(0, [3])).toBe(26);
    expect(await instance.callSuspending(0, [4])).toBe(28);
  });

  it('lets one call in at a time, and only such as can wait', async () => {
    const code = await codeOfBytes(guest('relay'));
    const instance = code.instantiate(hostOf(quoteLater));
    expect(await failure(() => instance.call(1, ['a']))).toBe('SUSPENSION_SYNC');
    const first = instance.callSuspending(1, ['a']);
    expect(await failure(() => instance.callSuspending(1, ['b']))).toBe('INSTANCE_REENTERED');
    expect(await first).toBe('<a>');
    expect(await instance.callSuspending(1, ['c'])).toBe('<c>');
  });

  it('is given values of its types and sizes only, and nothing of it runs otherwise', async () => {
    const code = await codeOfBytes(guest('relay'));
    const instance = code.instantiate(hostOf((_, [text]) => (text === 'wrong' ? 5 : text)));
    expect(await failure(() => instance.callSuspending(1, [5]))).toBe('ARGUMENT_TYPE');
    expect(await failure(() => instance.callSuspending(1, []))).toBe('ARGUMENT_TYPE');
    expect(await failure(() => instance.callSuspending(1, ['x'.repeat(4097)]))).toBe('LIMIT_MESSAGE');
    expect(await instance.callSuspending(1, ['x'.repeat(4096)])).toHaveLength(4096);
    expect(await failure(() => instance.callSuspending(1, ['wrong']))).toBe('RESULT_TYPE');
    expect(await failure(() => instance.callSuspending(1, ['a']))).toBe('INSTANCE_STOPPED');
  });

  it('fails as its import failed, once all that it began is over', async () => {
    const code = await codeOfBytes(guest('both'));
    const thrown = new Error('no');
    let isOver = false;
    const call = async (_index: number, [text]: readonly unknown[]) => {
      if (text === 'bad') throw thrown;
      await sleep(30);
      isOver = true;
      return '';
    };
    const instance = code.instantiate(hostOf(call));
    await expect(instance.callSuspending(0, ['slow', 'bad'])).rejects.toBe(thrown);
    expect(isOver).toBe(true);
    expect(await failure(() => instance.callSuspending(0, ['a', 'b']))).toBe('INSTANCE_STOPPED');
  });

  it('ends when it is stopped, whatever it waits for', async () => {
    const code = await codeOfBytes(guest('relay'));
    const answers: (() => void)[] = [];
    const instance = code.instantiate(hostOf(() => new Promise((resolve) => answers.push(() => resolve('late')))));
    const call = failure(() => instance.callSuspending(1, ['a']));
    while (answers.length === 0) await sleep(5);
    instance.stop();
    expect(instance.memoryBytes()).toBe(0);
    answers[0]?.();
    expect(await call).toBe('INSTANCE_STOPPED');
    expect(await failure(() => instance.callSuspending(1, ['a']))).toBe('INSTANCE_STOPPED');
  });
});

/** The same function three ways: a callback, blocking in an async function, and a function that is not async at all. */
const RESULTS = `(component
  (type $answer (result string (error string)))
  (import "later" (func $later async (param "n" u32) (result $answer)))
  (import "now" (func $now (param "n" u32) (result $answer)))
  (core module $Memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $later (canon lower (func $later) (memory $mem) (realloc $realloc)))
  (core func $now (canon lower (func $now) (memory $mem) (realloc $realloc)))
  (core func $return (canon task.return (result $answer) (memory $mem)))
  (core module $M
    (import "" "later" (func $later (param i32 i32)))
    (import "" "now" (func $now (param i32 i32)))
    (import "" "return" (func $return (param i32 i32 i32)))
    (import "" "memory" (memory 1))
    (func (export "callback") (param i32) (result i32)
      (call $later (local.get 0) (i32.const 16))
      (call $return (i32.load (i32.const 16)) (i32.load (i32.const 20)) (i32.load (i32.const 24)))
      (i32.const 0))
    (func (export "resume") (param i32 i32 i32) (result i32) unreachable)
    (func (export "block") (param i32) (result i32) (call $later (local.get 0) (i32.const 16)) (i32.const 16))
    (func (export "plain") (param i32) (result i32) (call $now (local.get 0) (i32.const 16)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance
    (export "later" (func $later)) (export "now" (func $now))
    (export "return" (func $return)) (export "memory" (memory $mem))))))
  (func (export "by-callback") async (param "n" u32) (result $answer) (canon lift
    (core func $m "callback") async (callback (core func $m "resume")) (memory $mem) (realloc $realloc)))
  (func (export "by-blocking") async (param "n" u32) (result $answer) (canon lift
    (core func $m "block") (memory $mem) (realloc $realloc)))
  (func (export "not-async") (param "n" u32) (result $answer) (canon lift
    (core func $m "plain") (memory $mem) (realloc $realloc))))`;

/** Twice its argument, by an inner component, and what the host says. */
const NESTED = `(component
  (import "ask" (func $ask async (result u32)))
  (component $Inner
    (core module $M (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))
    (core instance $m (instantiate $M))
    (func (export "twice") (param "n" u32) (result u32) (canon lift (core func $m "twice"))))
  (component $Outer
    (import "ask" (func $ask async (result u32)))
    (import "twice" (func $twice (param "n" u32) (result u32)))
    (core func $ask (canon lower (func $ask)))
    (core func $twice (canon lower (func $twice)))
    (core module $M
      (import "" "ask" (func $ask (result i32)))
      (import "" "twice" (func $twice (param i32) (result i32)))
      (func (export "run") (param i32) (result i32) (i32.add (call $ask) (call $twice (local.get 0)))))
    (core instance $m (instantiate $M (with "" (instance (export "ask" (func $ask)) (export "twice" (func $twice))))))
    (func (export "run") async (param "n" u32) (result u32) (canon lift (core func $m "run"))))
  (instance $inner (instantiate $Inner))
  (instance $outer (instantiate $Outer (with "ask" (func $ask)) (with "twice" (func $inner "twice"))))
  (func (export "run") (alias export $outer "run")))`;
