import { describe, expect, it } from 'vitest';
import type { Instance } from '../../src/compartment/contract.ts';
import { CofferdamError, isCofferdamError } from '../../src/error.ts';
import type { ValType } from '../../src/wasm/types.ts';
import { ALLOCATOR, func, hostOf, makeGuest, NO_HOST } from './forwarder.ts';
import { codeOf } from './support.ts';

const u32: ValType = { kind: 'u32' };
const string: ValType = { kind: 'string' };

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return null;
}

describe('a hostile realloc', () => {
  const world = { exports: { set: func([u32]), take: func([string]), words: func([{ kind: 'list', element: u32 }]) } };
  const wat = `(module
    (memory (export "memory") 1)
    (global $answer (mut i32) (i32.const 0))
    (func (export "set") (param i32) (global.set $answer (local.get 0)))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (global.get $answer))
    (func (export "take") (param i32 i32))
    (func (export "words") (param i32 i32)))`;
  const codes = makeGuest(wat, world);

  it.each([
    ['out of memory', 65536, 1, ['x'], 'ABI_REALLOC'],
    ['out of memory for nothing', 65537, 1, [''], 'ABI_REALLOC'],
    ['minus one', 0xffff_ffff, 1, ['hello'], 'ABI_REALLOC'],
    ['half out of memory', 65533, 1, ['hello'], 'ABI_REALLOC'],
    ['misaligned', 2, 2, [[1]], 'ABI_REALLOC'],
    ['misaligned for nothing', 1, 2, [[]], 'ABI_REALLOC'],
    ['at the very end', 65531, 1, ['hello'], 'none'],
    ['the end for nothing', 65536, 1, [''], 'none'],
    ['over its own data', 0, 2, [[1, 2, 3]], 'none'],
  ])('%s', async (_, answer, index, args, code) => {
    const instance = (await codes).instantiate(NO_HOST);
    instance.call(0, [answer]);
    expect(codeOf(() => instance.call(index, args))).toBe(code);
  });
});

describe('imports where none may be called', () => {
  const wat = (where: 'realloc' | 'post') => `(module
    (import "$root" "out" (func $out))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) ${where === 'realloc' ? '(call $out)' : ''} (i32.const 64))
    (func (export "cabi_post_give") (param i32) ${where === 'post' ? '(call $out)' : ''})
    (func (export "take") (param i32 i32) (call $out))
    (func (export "give") (result i32) (call $out) (i32.const 0)))`;
  const world = { imports: { out: func([]) }, exports: { take: func([string]), give: func([], string) } };

  it.each([
    ['realloc', 0, ['x']],
    ['post', 1, []],
  ] as const)('%s', async (where, index, args) => {
    const [calls, code] = [[] as number[], await makeGuest(wat(where), world)];
    const host = hostOf((i) => calls.push(i));
    expect(codeOf(() => code.instantiate(host).call(index, args))).toBe('ABI_LEAVE');
    expect(calls).toHaveLength(where === 'post' ? 1 : 0);
    // Its twin calls the import where it may.
    expect(codeOf(() => code.instantiate(host).call(1 - index, index === 0 ? [] : ['x']))).toBe('none');
  });
});

describe('a guest that catches what its import threw', () => {
  const wat = `(module
    (import "$root" "out" (func $out (param i32)))
    (func (export "catch") (param i32) (result i32)
      (try (do (call $out (local.get 0))) (catch_all))
      (try (do (call $out (i32.const 9))) (catch_all))
      (i32.const 7)))`;
  const world = { imports: { out: func([u32]) }, exports: { catch: func([u32], u32) } };

  it('fails all the same, and reaches nothing after it', async () => {
    const [code, calls, denial] = [
      await makeGuest(wat, world),
      [] as unknown[],
      new CofferdamError('FLOW_DENIED', 'no'),
    ];
    const host = hostOf((_, [n]) => {
      calls.push(n);
      if (n === 1) throw denial;
    });
    const instance = code.instantiate(host);
    expect(instance.call(0, [0])).toBe(7);
    expect(thrownBy(() => instance.call(0, [1]))).toBe(denial);
    expect(calls).toEqual([0, 9, 1]);
    expect(codeOf(() => instance.call(0, [0]))).toBe('INSTANCE_STOPPED');
  });

  it('also when what it caught was its own fault', async () => {
    const text = `(module
      (import "$root" "out" (func $out (param i32 i32)))
      (memory (export "memory") 1)
      (func (export "catch") (result i32)
        (try (do (call $out (i32.const -1) (i32.const 5))) (catch_all)) (i32.const 7)))`;
    const code = await makeGuest(text, { imports: { out: func([string]) }, exports: { catch: func([], u32) } });
    expect(codeOf(() => code.instantiate(NO_HOST).call(0, []))).toBe('ABI_POINTER');
  });

  it('whatever was thrown comes out unchanged', async () => {
    const code = await makeGuest(wat, world);
    for (const thrown of [
      new TypeError('of the host'),
      new WebAssembly.RuntimeError('of another'),
      'text',
      undefined,
    ]) {
      const host = hostOf(() => {
        throw thrown;
      });
      expect(thrownBy(() => code.instantiate(host).call(0, [1])) ?? undefined).toBe(thrown);
    }
  });
});

describe('traps', () => {
  const wat = `(module
    (import "$root" "out" (func $out))
    (memory (export "memory") 1)
    (table 1 funcref)
    (func $deep (export "recurse") (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
    (func $out-deep (export "recurse-out") (param i32) (result i32) (call $out) (i32.add (call $out-deep (local.get 0)) (i32.const 1)))
    (func (export "unreachable") (param i32) (result i32) (unreachable))
    (func (export "load") (param i32) (result i32) (i32.load (i32.const -4)))
    (func (export "divide") (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 0)))
    (func (export "indirect") (param i32) (result i32) (call_indirect (result i32) (i32.const 0)))
    (func (export "fine") (param i32) (result i32) (local.get 0)))`;
  const exports = Object.fromEntries(
    ['recurse', 'recurse-out', 'unreachable', 'load', 'divide', 'indirect', 'fine'].map((name) => [
      name,
      func([u32], u32),
    ]),
  );
  const codes = makeGuest(wat, { imports: { out: func([]) }, exports });

  it.each(
    Object.keys(exports)
      .slice(0, -1)
      .map((name, i) => [name, i] as const),
  )('%s is GUEST_TRAP', async (_, index) => {
    const instance = (await codes).instantiate(hostOf(() => undefined));
    expect(instance.call(6, [1])).toBe(1);
    const error = thrownBy(() => instance.call(index, [0]));
    expect(isCofferdamError(error, 'GUEST_TRAP') && typeof error.details.reason).toBe('string');
    expect(codeOf(() => instance.call(6, [1]))).toBe('INSTANCE_STOPPED');
    expect(codeOf(() => instance.call(6, ['x']))).toBe('INSTANCE_STOPPED');
  });

  it('in the start function, and an exception of the guest', async () => {
    const start = await makeGuest('(module (func $s unreachable) (start $s))', {});
    expect(codeOf(() => start.instantiate(NO_HOST))).toBe('GUEST_TRAP');
    const initialize = await makeGuest('(module (func (export "_initialize") unreachable))', {});
    expect(codeOf(() => initialize.instantiate(NO_HOST))).toBe('GUEST_TRAP');
    const throws = await makeGuest('(module (tag $t) (func (export "f") (throw $t)))', { exports: { f: func([]) } });
    expect(codeOf(() => throws.instantiate(NO_HOST).call(0, []))).toBe('GUEST_TRAP');
  });
});

describe('entering twice', () => {
  const wat = `(module (import "$root" "out" (func $out)) (func (export "f") (call $out)) (func (export "g")))`;
  const world = { imports: { out: func([]) }, exports: { f: func([]), g: func([]) } };

  it('is refused from within an import; whoever lets that through traps the guest', async () => {
    const code = await makeGuest(wat, world);
    let instance: Instance | null = null;
    const seen: string[] = [];
    instance = code.instantiate(hostOf(() => void seen.push(codeOf(() => instance?.call(1, [])))));
    instance.call(0, []);
    expect(seen).toEqual(['INSTANCE_REENTERED']);
    expect(codeOf(() => instance?.call(1, []))).toBe('none');
    let other: Instance | null = null;
    other = code.instantiate(hostOf(() => other?.call(1, [])));
    expect(codeOf(() => other?.call(0, []))).toBe('INSTANCE_REENTERED');
    expect(codeOf(() => other?.call(1, []))).toBe('INSTANCE_STOPPED');
  });

  it('a stop from within holds', async () => {
    let instance: Instance | null = null;
    instance = (await makeGuest(wat, world)).instantiate(hostOf(() => instance?.stop()));
    expect(codeOf(() => instance?.call(0, []))).toBe('INSTANCE_STOPPED');
    expect(codeOf(() => instance?.call(1, []))).toBe('INSTANCE_STOPPED');
    expect(instance.memoryBytes()).toBe(0);
  });

  it('a start function cannot be entered', async () => {
    const start = `(module (import "$root" "out" (func $out)) (func (export "f")) (start $out))`;
    const code = await makeGuest(start, { imports: { out: func([]) }, exports: { f: func([]) } });
    const seen: unknown[] = [];
    code.instantiate(hostOf((index) => void seen.push(index)));
    expect(seen).toEqual([0]);
  });
});

describe('what a guest may not have', () => {
  it('WASI without a grant is an error that names it', async () => {
    const wat = '(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))))';
    const code = await makeGuest(wat, {});
    expect(codeOf(() => code.instantiate(NO_HOST))).toBe('WASI_NOT_GRANTED');
    const granted = await makeGuest(wat, {}, { wasi: () => ({ sched_yield: () => 0 }) });
    expect(codeOf(() => granted.instantiate(NO_HOST))).toBe('none');
  });

  it('an exit through WASI that the guest catches ends it all the same', async () => {
    const wat = `(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "f") (result i32) (try (do (call $exit (i32.const 3))) (catch_all)) (i32.const 7)))`;
    const wasi = () => ({
      proc_exit: () => {
        throw new CofferdamError('GUEST_EXIT', 'bye');
      },
    });
    const code = await makeGuest(wat, { exports: { f: func([], u32) } }, { wasi });
    expect(codeOf(() => code.instantiate(NO_HOST).call(0, []))).toBe('GUEST_EXIT');
  });

  it('an answer of the wrong type is RESULT_TYPE, and the guest sees none of it', async () => {
    const wat = `(module (import "$root" "ask" (func $ask (param i32))) (memory (export "memory") 1) ${ALLOCATOR}
      (func (export "f") (result i32) (call $ask (i32.const 0)) (i32.const 0)))`;
    const code = await makeGuest(wat, { imports: { ask: func([], string) }, exports: { f: func([], string) } });
    // A string counts for its bytes and the 8 of its pointer and length.
    const fits = 'x'.repeat(2 ** 20 - 8);
    for (const [answer, outcome] of [
      [7, 'RESULT_TYPE'],
      ['\ud800', 'RESULT_TYPE'],
      ['ok', 'none'],
      [fits, 'none'],
      [`${fits}x`, 'LIMIT_MESSAGE'],
    ]) {
      expect(codeOf(() => code.instantiate(hostOf(() => answer)).call(0, []))).toBe(outcome);
    }
  });
});
