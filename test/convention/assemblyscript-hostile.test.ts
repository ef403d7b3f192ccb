import { describe, expect, it } from 'vitest';
import { makeAssemblyScriptCode } from '../../src/convention/assemblyscript.ts';
import { CofferdamError } from '../../src/error.ts';
import { inspectModule } from '../../src/wasm/module.ts';
import type { World } from '../../src/wasm/types.ts';
import { assemble, codeOf, func, makeTestHost, makeWorld } from '../compartment/support.ts';

/** A guest with a runtime of its own making: its `get` gives a pointer to whatever `data` put into its one page. */
const guest = (pointer: number, data = '', { allocate = '(i32.const 1024)', more = '' } = {}) => `(module
  (memory (export "memory") 1)
  (global (export "__rtti_base") i32 (i32.const 512))
  (func (export "__new") (param i32 i32) (result i32) ${allocate})
  (func (export "__pin") (param i32) (result i32) (local.get 0))
  (func (export "__unpin") (param i32))
  (func (export "get") (result i32) (i32.const ${pointer}))
  (func (export "take") (param i32))
  ;; classes: 0 object, 1 buffer, 2 string, 3 Uint8Array, 4 Array<string>, 5 static array of f64
  ${at(512, 6, 0, 0, 0, 0x41, 0x4102, 0x1204)}
  ${data}
  ${more})`;

/** A data segment of little-endian words. */
function at(address: number, ...words: number[]): string {
  const bytes = Buffer.from(Uint32Array.from(words).buffer).toString('hex').replace(/../g, '\\$&');
  return `(data (i32.const ${address}) "${bytes}")`;
}

/** An object with this class and size at 1024. */
const object = (classId: number, size: number, ...words: number[]) => at(1016, classId, size, ...words);

async function load(text: string, world: World, messageBytes = 1 << 16) {
  const bytes = await assemble(text);
  const module = new WebAssembly.Module(bytes);
  return makeAssemblyScriptCode({ module, info: inspectModule(bytes), world, sha256: 'x', limits: { messageBytes } });
}

async function get(type: string, text: string, messageBytes?: number): Promise<unknown> {
  const code = await load(text, makeWorld([func('get', [], type)]), messageBytes);
  const instance = code.instantiate(makeTestHost());
  try {
    return instance.call(0, []);
  } catch (error) {
    return error instanceof CofferdamError ? error.code : error;
  }
}

const END = 65536;

describe('strings that lie', () => {
  it.each([
    ['is honest', 1024, object(2, 4, 0x00690068), 'hi'],
    ['is honest and empty at the last byte of memory', END, at(END - 8, 2, 0), ''],
    ['is null', 0, '', 'ABI_POINTER'],
    ['lies in what would be the header of the first object', 19, '', 'ABI_POINTER'],
    ['lies past the end', END + 1, '', 'ABI_POINTER'],
    ['has a negative pointer', -2, '', 'ABI_POINTER'],
    ['reaches one byte past the end', END - 3, at(END - 11, 2, 4), 'ABI_POINTER'],
    ['claims 4 GB', 1024, object(2, -1), 'ABI_POINTER'],
    ['claims an odd number of bytes', 1024, object(2, 3), 'ABI_POINTER'],
    ['is of another class', 1024, object(1, 4), 'ABI_POINTER'],
    ['holds half a character', 1024, object(2, 2, 0xdc00), 'ABI_UTF16'],
  ])('that %s', async (_how, pointer, data, expected) => {
    expect(await get('string', guest(pointer, data))).toBe(expected);
  });

  it('that fill the limit pass, and one character more does not', async () => {
    expect(await get('string', guest(1024, object(2, 8)), 8)).toBe('\0\0\0\0');
    expect(await get('string', guest(1024, object(2, 10)), 8)).toBe('LIMIT_MESSAGE');
  });
});

describe('lists that lie', () => {
  it.each([
    ['is honest', 'list<u8>', object(3, 12, 2048, 2048, 2), Uint8Array.of(0, 0)],
    ['is honest and static', 'list<f64>', object(5, 8, 0, 0x3ff00000), Float64Array.of(1)],
    ['is a bare buffer', 'list<u8>', object(1, 2, 0x0201), Uint8Array.of(1, 2)],
    ['is of a class that is none', 'list<u8>', object(6, 12, 2048, 2048, 2), 'ABI_POINTER'],
    ['is of a class far away', 'list<u8>', object(0x7fffffff, 12, 2048, 2048, 2), 'ABI_POINTER'],
    ['is no list', 'list<u8>', object(2, 12, 2048, 2048, 2), 'ABI_POINTER'],
    ['has items of another size', 'list<u16>', object(3, 12, 2048, 2048, 2), 'ABI_POINTER'],
    ['has items of another sign', 'list<s8>', object(3, 12, 2048, 2048, 2), 'ABI_POINTER'],
    ['has floats for integers', 'list<u64>', object(5, 8), 'ABI_POINTER'],
    ['is cut', 'list<u8>', object(3, 11, 2048, 2048, 2), 'ABI_POINTER'],
    ['has items past the end', 'list<u8>', object(3, 12, 0, END - 1, 2), 'ABI_POINTER'],
    ['has 4 billion items', 'list<u8>', object(3, 12, 0, 0, -1), 'ABI_POINTER'],
    ['has a length whose bytes overflow', 'list<string>', object(4, 16, 0, 0, 0, 0x40000001), 'ABI_POINTER'],
    ['ends within an item', 'list<f64>', object(5, 9), 'ABI_LENGTH'],
    ['holds a null string', 'list<string>', object(4, 16, 2048, 2048, 4, 1), 'ABI_POINTER'],
  ])('that %s', async (_how, type, data, expected) => {
    expect(await get(type, guest(1024, data))).toEqual(expected);
  });

  it('of one string many times over are charged each time', async () => {
    // 8,000 pointers to one string of 16 KiB: 128 MiB from a guest of one page
    const pointers = Array.from({ length: 8000 }, () => 40008);
    const data = `${object(4, 16, 2048, 2048, 4, 8000)}${at(2048, ...pointers)}${at(40000, 2, 16384)}`;
    expect(await get('list<string>', guest(1024, data), 1 << 20)).toBe('LIMIT_MESSAGE');
  });

  it('whose table of classes lies outside are refused', async () => {
    const text = guest(1024, object(3, 12, 2048, 2048, 2)).replace('(i32.const 512))', '(i32.const -4))');
    expect(await get('list<u8>', text)).toBe('ABI_POINTER');
  });
});

describe('allocators that lie', () => {
  it.each([
    ['gives null', '(i32.const 0)', 'ABI_REALLOC'],
    ['gives less than it should', `(i32.const ${END - 3})`, 'ABI_REALLOC'],
    ['gives memory that wraps around', '(i32.const -2)', 'ABI_REALLOC'],
    ['never comes back but by a trap', '(unreachable)', 'GUEST_TRAP'],
    ['gives what is there', `(i32.const ${END - 4})`, 'none'],
  ])('one that %s', async (_how, allocate, expected) => {
    const code = await load(guest(0, '', { allocate }), makeWorld([func('take', ['string'])]));
    const instance = code.instantiate(makeTestHost());
    expect(codeOf(() => instance.call(0, ['hi']))).toBe(expected);
  });
});

describe('a guest that catches what its import throws', () => {
  const catching = `(module
    (import "a:b/c" "send" (func $send))
    (global $caught (mut i32) (i32.const 0))
    (func (export "run") (result i32)
      (try (do (call $send)) (catch_all (global.set $caught (i32.const 1))))
      (global.get $caught))
    (func (export "again") (result i32)
      (try (do (call $send)) (catch_all))
      (try (do (call $send)) (catch_all))
      (i32.const 0)))`;
  const world = makeWorld([func('run', [], 'u32'), func('again', [], 'u32')], [func('a:b/c#send')]);

  it('does not live to tell', async () => {
    const code = await load(catching, world);
    const denied = new CofferdamError('FLOW_DENIED', 'no');
    let calls = 0;
    const host = makeTestHost(() => {
      calls++;
      throw denied;
    });
    expect(() => code.instantiate(host).call(0, [])).toThrow(denied);
    expect(() => code.instantiate(host).call(1, [])).toThrow(denied);
    expect(calls).toBe(2); // the second call of `again` never reached the host
  });

  it('goes on where nothing is thrown', async () => {
    const code = await load(catching, world);
    expect(code.instantiate(makeTestHost(() => undefined)).call(0, [])).toBe(0);
  });
});

describe('a guest that misuses the engine', () => {
  it.each([
    ['recurses without end', '(func $get (export "get") (result i32) (call $get))', 'GUEST_TRAP'],
    ['divides by zero', '(func (export "get") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))', 'GUEST_TRAP'],
    ['throws', '(tag $t) (func (export "get") (result i32) (throw $t))', 'GUEST_TRAP'],
    ['does nothing wrong', '(func (export "get") (result i32) (i32.const 7))', 7],
  ])('one that %s', async (_how, body, expected) => {
    expect(await get('u32', `(module ${body})`)).toBe(expected);
  });

  it('fails where it is made', async () => {
    const world = makeWorld([func('run')], [func('a:b/c#send', ['string'])]);
    const trap = await load(
      '(module (func $s unreachable) (start $s) (func (export "run")))',
      makeWorld([func('run')]),
    );
    expect(codeOf(() => trap.instantiate(makeTestHost()))).toBe('GUEST_TRAP');
    const early = guest(0, '', {
      more: '(func $s (call $send (i32.const 1024))) (start $s) (func (export "run"))',
    }).replace('(module', '(module (import "a:b/c" "send" (func $send (param i32)))');
    const code = await load(early, world);
    expect(codeOf(() => code.instantiate(makeTestHost()))).toBe('GUEST_TRAP');
  });

  it('is refused for an import of memory, of WASI, or of what AssemblyScript never asks for', async () => {
    const imports = [
      '(import "env" "memory" (memory 1))',
      '(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))',
    ];
    for (const text of [...imports, '(import "env" "evil" (func))', '(import "env" "seed" (func (result f64)))']) {
      await expect(load(`(module ${text})`, makeWorld([]))).rejects.toMatchObject({ code: 'WASM_IMPORT_UNKNOWN' });
    }
  });

  it('is refused for a runtime function of another signature', async () => {
    const text = guest(0).replace(
      '(param i32 i32) (result i32) (i32.const 1024)',
      '(param i64 i32) (result i32) (i32.const 1024)',
    );
    await expect(load(text, makeWorld([func('take', ['string'])]))).rejects.toMatchObject({ code: 'WASM_SIGNATURE' });
  });
});

describe('what the small WASI adds', () => {
  const text = `(module
    (import "env" "trace" (func $trace (param i32 i32 f64 f64 f64 f64 f64)))
    (import "env" "seed" (func $seed (result f64)))
    (memory (export "memory") 1)
    (func (export "__new") (param i32 i32) (result i32) (i32.const 1024))
    (func (export "__pin") (param i32) (result i32) (local.get 0))
    (func (export "__unpin") (param i32))
    ${object(2, 4, 0x00690068)}
    (func (export "get") (result f64)
      (call $trace (i32.const 1024) (i32.const 2) (f64.const 1) (f64.const 2) (f64.const 3) (f64.const 4) (f64.const 5))
      (call $seed)))`;

  it('is trace and seed', async () => {
    const bytes = await assemble(text);
    const code = makeAssemblyScriptCode({
      module: new WebAssembly.Module(bytes),
      info: inspectModule(bytes),
      world: makeWorld([func('get', [], 'f64')]),
      sha256: 'x',
      limits: { messageBytes: 100 },
      wasi: 'minimal',
    });
    const host = makeTestHost();
    expect(code.instantiate(host).call(0, [])).toBe(0x010101010101);
    expect(host.printed).toEqual(['hi 1 2\n']);
  });
});
