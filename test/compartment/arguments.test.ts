import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCofferdamError } from '../../src/error.ts';
import type { ValType } from '../../src/wasm/types.ts';
import { ALLOCATOR, forwarder, func, hostOf, makeGuest, NO_HOST } from './forwarder.ts';
import { codeOf } from './support.ts';

const type = (kind: 'u8' | 'u32' | 's8' | 'u64' | 's64' | 'f32' | 'bool' | 'char' | 'string'): ValType => ({ kind });
const list = (element: ValType): ValType => ({ kind: 'list', element });
const item: ValType = {
  kind: 'record',
  fields: [
    { name: 'item-count', type: type('u32') },
    { name: 'tag', type: type('string') },
  ],
};

/** A guest that counts how often anything of it runs. */
async function makeCounting(param: ValType) {
  const flat = { string: 2, list: 2 } as Record<string, number>;
  const params = Array.from({ length: flat[param.kind] ?? 1 }, () => 'i32').join(' ');
  const wat = `(module (memory (export "memory") 1) (global $ran (mut i32) (i32.const 0))
    (func $count (global.set $ran (i32.add (global.get $ran) (i32.const 1))))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $count) (i32.const 64))
    (func (export "take") (param ${params}) (call $count))
    (func (export "ran") (result i32) (global.get $ran)))`;
  return (await makeGuest(wat, { exports: { take: func([param]), ran: func([], type('u32')) } })).instantiate(NO_HOST);
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isCofferdamError(error, 'ARGUMENT_TYPE')) return error.message;
    throw error;
  }
  return 'accepted';
}

async function identity(param: ValType) {
  const both = func([param], param);
  const code = await makeGuest(forwarder(both), { imports: { g: both }, exports: { f: both } });
  return code.instantiate(hostOf((_, [value]) => value));
}

/** Plain to look at, until it is read. */
const throwing = (): object =>
  Object.defineProperty({ tag: '' }, 'itemCount', {
    get: () => {
      throw new Error('mine');
    },
  });

describe('a value that throws when it is read', () => {
  it("as an argument is the caller's fault, and the instance is as good as before", async () => {
    const instance = await makeCounting(list(item));
    expect(refusal(() => instance.call(0, [[throwing()]]))).toContain('threw when it was read');
    expect(instance.call(1, [])).toBe(0);
    await expect(instance.callSuspending(0, [[throwing()]])).rejects.toMatchObject({ code: 'ARGUMENT_TYPE' });
    expect(instance.call(1, [])).toBe(0);
  });

  it('as a result is the fault of the import', async () => {
    const both = func([list(item)], list(item));
    const code = await makeGuest(forwarder(both), { imports: { g: both }, exports: { f: both } });
    const instance = code.instantiate(hostOf(() => [throwing()]));
    expect(codeOf(() => instance.call(0, [[]]))).toBe('RESULT_TYPE');
  });
});

describe('arguments are checked before anything of the guest runs', () => {
  const items = list(item);
  it.each<[string, ValType, unknown, string]>([
    ['a number in a string', type('string'), 5, 'args[0]: expected string, got 5'],
    ['a lone surrogate', type('string'), 'a\ud800', 'args[0]: expected well-formed Unicode'],
    [
      'deep inside',
      items,
      [
        { itemCount: 1, tag: '' },
        { itemCount: -1, tag: '' },
      ],
      'args[0][1].itemCount: expected u32, got -1',
    ],
    ['after what fits', items, [{ itemCount: 1, tag: 7 }], 'args[0][0].tag: expected string, got 7'],
    ['a missing field', items, [{ tag: '' }], 'args[0][0].itemCount: expected u32, got undefined'],
    ['no list', items, { length: 1 }, 'args[0]: expected list, got an object'],
    ['a hole', items, new Array(2), 'args[0][0]: expected record, got undefined'],
    ['the wrong typed array', list(type('u32')), new Uint8Array(4), 'args[0]: expected list, got an object'],
    ['a long text', list(type('u32')), ['x'.repeat(99)], 'args[0][0]: expected u32, got a string of 99 characters'],
  ])('%s', async (_, param, value, message) => {
    const instance = await makeCounting(param);
    expect(refusal(() => instance.call(0, [value]))).toContain(message);
    expect(instance.call(1, [])).toBe(0);
    expect(codeOf(() => instance.call(0, []))).toBe('ARGUMENT_TYPE');
    expect(codeOf(() => instance.call(0, [value, value]))).toBe('ARGUMENT_TYPE');
    expect(codeOf(() => instance.call(7, []))).toBe('ARGUMENT_TYPE');
    expect(instance.call(1, [])).toBe(0);
  });

  it('a message that is too large is refused there, too, and the instance lives', async () => {
    const instance = await makeCounting(list(type('u8')));
    expect(codeOf(() => instance.call(0, [new Uint8Array(2 ** 20 + 1)]))).toBe('LIMIT_MESSAGE');
    expect(instance.call(1, [])).toBe(0);
    expect(codeOf(() => instance.call(0, [new Uint8Array(100)]))).toBe('none');
  });

  it.each<[ValType, unknown[], unknown[]]>([
    [type('u8'), [0, 255], [-1, 256, 1.5, '1', 1n, true, null, undefined, Number.NaN]],
    [type('s8'), [-128, 127], [-129, 128]],
    [type('u32'), [0, 2 ** 32 - 1], [2 ** 32, -1]],
    [type('u64'), [0n, 2n ** 64n - 1n], [-1n, 2n ** 64n, 1]],
    [type('s64'), [-(2n ** 63n), 2n ** 63n - 1n], [2n ** 63n, 1]],
    [type('f32'), [0.5, Number.NaN, -0, Number.POSITIVE_INFINITY], ['1', 1n, undefined]],
    [type('bool'), [true, false], [0, 1, 'true', undefined]],
    [type('char'), ['a', '\u{1F600}', '\0'], ['', 'ab', '\ud800', 'a\u{1F600}', 97]],
    [{ kind: 'enum', names: ['a-b', 'c'] }, ['a-b', 'c'], ['aB', 'd', 0, undefined, 'constructor']],
    [{ kind: 'flags', names: ['a-b', 'c'] }, [{ aB: true, c: false }], [{ aB: 1 }, 3, 'aB']],
    [{ kind: 'option', some: type('u8') }, [5, undefined], [256, { tag: 'some', val: 5 }]],
    [
      { kind: 'option', some: { kind: 'option', some: type('u8') } },
      [{ tag: 'none' }, { tag: 'some', val: 5 }, { tag: 'some', val: undefined }],
      [5, undefined, { tag: 'x' }],
    ],
    [
      { kind: 'result', ok: type('u8'), err: null },
      [
        { tag: 'ok', val: 1 },
        { tag: 'err', val: undefined },
      ],
      [1, { tag: 'ok' }, { tag: 'Ok', val: 1 }],
    ],
    [
      {
        kind: 'variant',
        cases: [
          { name: 'a-b', type: null },
          { name: 'c', type: type('u8') },
        ],
      },
      [{ tag: 'a-b' }, { tag: 'c', val: 1 }],
      ['a-b', { tag: 'c', val: 'x' }, { tag: '__proto__' }, {}, null],
    ],
    [
      { kind: 'tuple', elements: [type('u8'), type('bool')] },
      [[1, true]],
      [[1], [1, true, 0], [true, 1], { 0: 1, 1: true }],
    ],
    [{ kind: 'list', element: type('u8'), length: 2 }, [new Uint8Array(2)], [new Uint8Array(3), [1]]],
  ])('%j', async (param, good, wrong) => {
    const instance = await identity(param);
    for (const value of good) expect(instance.call(0, [value])).toEqual(value);
    for (const value of wrong)
      expect([value, codeOf(() => instance.call(0, [value]))]).toEqual([value, 'ARGUMENT_TYPE']);
  });

  it('an integer has no minus zero', async () => {
    expect((await identity(type('u8'))).call(0, [-0])).toBe(0);
    expect((await identity(type('f32'))).call(0, [-0])).toBe(-0);
  });

  it('takes arrays of numbers for typed arrays, null for none, and flags left out', async () => {
    expect((await identity(list(type('u8')))).call(0, [[1, 2]])).toEqual(Uint8Array.of(1, 2));
    expect((await identity({ kind: 'option', some: type('u8') })).call(0, [null])).toBe(undefined);
    for (const none of [undefined, null, {}]) {
      expect((await identity({ kind: 'flags', names: ['a'] })).call(0, [none])).toEqual({ a: false });
    }
    expect((await identity({ kind: 'flags', names: ['a', 'b'] })).call(0, [{ b: true }])).toEqual({
      a: false,
      b: true,
    });
  });
});

describe('names are data', () => {
  const HOSTILE = [
    '__proto__',
    'constructor',
    'to-string',
    'has-own-property',
    '"];process.exit(1)//',
    '`$' + '{1}`',
    '\\',
    '\n',
    '\u2028',
    ' ',
    '',
  ];

  it.each(HOSTILE)('a field, flag, case and enum named %j', async (name) => {
    const key = name
      .replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
      .replace(/^"\];.*/, (text) => text.toLowerCase());
    const own = (value: unknown) =>
      Object.defineProperty({}, key, { value, enumerable: true, configurable: true, writable: true });
    const record = await identity({
      kind: 'record',
      fields: [
        { name, type: type('u32') },
        { name: 'z', type: type('string') },
      ],
    });
    const given = Object.assign(own(5), { z: 'text' });
    const lifted = record.call(0, [given]) as object;
    expect(Object.getOwnPropertyDescriptor(lifted, key)?.value).toBe(5);
    expect(Object.getPrototypeOf(lifted)).toBe(Object.prototype);
    expect(codeOf(() => record.call(0, [{ z: 'text' }]))).toBe('ARGUMENT_TYPE');
    const flags = await identity({ kind: 'flags', names: [name, 'z'] });
    expect(Object.getOwnPropertyDescriptor(flags.call(0, [own(true)]), key)?.value).toBe(true);
    expect(Object.getOwnPropertyDescriptor(flags.call(0, [{}]), key)?.value).toBe(false);
    const cases = await identity({
      kind: 'variant',
      cases: [
        { name: 'z', type: null },
        { name, type: type('u32') },
      ],
    });
    expect(cases.call(0, [{ tag: name, val: 3 }])).toEqual({ tag: name, val: 3 });
    expect((await identity({ kind: 'enum', names: ['z', name] })).call(0, [name])).toBe(name);
    expect(Object.prototype).not.toHaveProperty('z');
  });

  it('also those of functions and parameters', async () => {
    const wat = (name: string) => `(module (memory (export "memory") 1) ${ALLOCATOR}
      (func (export ${JSON.stringify(name)}) (param i32) (result i32) (local.get 0)))`;
    for (const name of ['__proto__', 'constructor', 'a`b']) {
      const code = await makeGuest(wat(name), {
        exports: Object.defineProperty({}, name, { value: func([type('u32')], type('u32')), enumerable: true }),
      });
      expect(code.instantiate(NO_HOST).call(0, [4])).toBe(4);
      expect(refusal(() => code.instantiate(NO_HOST).call(0, ['x']))).toContain(`${name}: args[0]`);
    }
  });

  it('two that coincide are refused', async () => {
    const twice: ValType = {
      kind: 'record',
      fields: [
        { name: 'a-b', type: type('u8') },
        { name: 'A-b', type: type('u8') },
      ],
    };
    const outcome = await makeGuest(forwarder(func([twice])), {
      imports: { g: func([twice]) },
      exports: { f: func([twice]) },
    }).then(
      () => 'none',
      (error) => error.code,
    );
    expect(outcome).toBe('ABI_UNSUPPORTED');
  });
});

describe('NaN', () => {
  it('has one bit pattern, whatever the guest or the host gives', async () => {
    const f64: ValType = { kind: 'f64' };
    const lists = list(f64);
    const wat = `(module (memory (export "memory") 1) ${ALLOCATOR}
      (func (export "scalar") (param i64) (result f64) (f64.reinterpret_i64 (local.get 0)))
      (func (export "listed") (param i64) (result i32)
        (i64.store (i32.const 16) (local.get 0)) (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 1)) (i32.const 0))
      (func (export "bits") (param f64) (result i64) (i64.reinterpret_f64 (local.get 0)))
      (func (export "list-bits") (param i32 i32) (result i64) (i64.load (local.get 0))))`;
    const u64 = type('u64');
    const exports = {
      scalar: func([u64], f64),
      listed: func([u64], lists),
      bits: func([f64], u64),
      'list-bits': func([lists], u64),
    };
    const instance = (await makeGuest(wat, { exports })).instantiate(NO_HOST);
    const canonical = 0x7ff8_0000_0000_0000n;
    const payload = fc.bigInt({ min: 0x7ff0_0000_0000_0001n, max: 0x7fff_ffff_ffff_ffffn });
    fc.assert(
      fc.property(payload, fc.boolean(), (bits, isNegative) => {
        const pattern = isNegative ? bits | (1n << 63n) : bits;
        const given = new Float64Array(new BigUint64Array([pattern]).buffer);
        const scalar = Float64Array.of(instance.call(0, [pattern]) as number);
        expect(new BigUint64Array(scalar.buffer)[0]).toBe(canonical);
        expect(new BigUint64Array((instance.call(1, [pattern]) as Float64Array).buffer)[0]).toBe(canonical);
        expect(instance.call(2, [given[0]])).toBe(canonical);
        expect(instance.call(3, [given])).toBe(canonical);
      }),
    );
  });
});
