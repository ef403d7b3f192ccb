import { createHash, createHmac, createPrivateKey, createPublicKey } from 'node:crypto';
import { globSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHost, type Host } from '../../src/index.ts';
import { ALLOCATOR, assemble, codeOf, makeFolder } from '../arena.ts';

const ROOT = join(import.meta.dirname, '../..');
const input = { label: {} };

/** A host with one compartment, `set`, of the modules given as WAT. */
async function start(modules: Readonly<Record<string, string>>, wit: string, more: object = {}): Promise<Host> {
  const folder = makeFolder();
  for (const [name, wat] of Object.entries(modules)) writeFileSync(join(folder, `${name}.wasm`), assemble(wat));
  const paths = Object.fromEntries(Object.keys(modules).map((name) => [name, `./${name}.wasm`]));
  const set = { abi: 'core', modules: paths, wit: { text: `package test:guest;\n${wit}`, world: 'guest' }, ...more };
  return await createHost({ version: 1, compartments: { set } }, { baseDir: folder });
}

describe('hacl-wasm, whose 59 modules share a memory', () => {
  const files = globSync('node_modules/hacl-wasm/*.wasm', { cwd: ROOT }).sort();
  const modules = Object.fromEntries(
    files.map((file) => [basename(file, '.wasm'), `npm:hacl-wasm/${basename(file)}`] as const),
  );
  const wit = {
    text: `package hacl:hash;
      world hash {
        export sha256: func(data: list<u8>) -> list<u8>;
        export hmac-sha512: func(key: list<u8>, data: list<u8>) -> list<u8>;
        export x25519: func(secret: list<u8>) -> list<u8>;
      }`,
  };
  const crypto = { abi: 'adapter', adapter: 'test/host/hacl/hash.ts', modules, sharedMemory: 'Karamel.mem', wit };

  it('computes what node:crypto does', async () => {
    expect(files.length).toBe(59);
    await using host = await createHost({ version: 1, compartments: { crypto } }, { baseDir: ROOT });
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 100_000]) {
      const data = Buffer.alloc(length, `${length} bytes `);
      const hash = await host.call<Uint8Array>('crypto.sha256', [data], input);
      expect(Buffer.from(hash.value)).toEqual(createHash('sha256').update(data).digest());
      const key = Buffer.from(`key ${length}`);
      const mac = await host.call<Uint8Array>('crypto.hmac-sha512', [key, data], input);
      expect(Buffer.from(mac.value)).toEqual(createHmac('sha512', key).update(data).digest());
    }
    const secret = createHash('sha256').update('secret').digest();
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), secret]);
    const pair = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
    const { value } = await host.call<Uint8Array>('crypto.x25519', [secret], input);
    expect(Buffer.from(value).toString('base64url')).toBe(pair.export({ format: 'jwk' }).x);
  });

  it('is held to one limit on memory', async () => {
    const small = { ...crypto, limits: { memory: '960KiB' } };
    const load = () => createHost({ version: 1, compartments: { crypto: small } }, { baseDir: ROOT });
    expect(await codeOf(load)).toBe('LIMIT_MEMORY_INITIAL');
  });
});

/** A library that others import memory and allocator from, a helper, and the module that faces the world. */
const LIBRARY = `(module ${ALLOCATOR})`;
const SHOUT = `(module (import "lib" "memory" (memory 1))
  (func (export "up") (param $at i32) (param $end i32)
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (i32.store8 (local.get $at) (i32.and (i32.load8_u (local.get $at)) (i32.const 0xdf)))
      (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $next)))))`;
const MAIN = `(module (import "lib" "memory" (memory 1)) (import "shout" "up" (func $up (param i32 i32)))
  (func (export "loud") (param i32 i32) (result i32)
    (call $up (local.get 0) (i32.add (local.get 0) (local.get 1)))
    (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))`;
const LOUD = 'world guest { export loud: func(text: string) -> string; }';

describe('modules that speak the canonical ABI together', () => {
  it('use the memory and allocator of one of them, whatever the order they are written in', async () => {
    for (const modules of [
      { lib: LIBRARY, shout: SHOUT, main: MAIN },
      { main: MAIN, shout: SHOUT, lib: LIBRARY },
    ]) {
      await using host = await start(modules, LOUD);
      expect((await host.call('set.loud', ['quiet'], input)).value).toBe('QUIET');
    }
  });

  it('use a memory that is made for them, within the limit', async () => {
    const grow = `(module (import "env" "shared" (memory 2))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`;
    const peek = `(module (import "env" "shared" (memory 1 8)) (func (export "size") (result i32) (memory.size)))`;
    const wit = 'world guest { export grow: func(pages: u32) -> s32; export size: func() -> u32; }';
    const more = { sharedMemory: 'env.shared', limits: { memory: '256KiB' } };
    await using host = await start({ grow, peek }, wit, more);
    expect((await host.call('set.size', [], input)).value).toBe(2);
    expect((await host.call('set.grow', [2], input)).value).toBe(2);
    expect((await host.call('set.grow', [1], input)).value).toBe(-1);
    expect((await host.call('set.size', [], input)).value).toBe(4);
  });

  it('call out along links, from any of them', async () => {
    const inner = `(module (import "lib" "memory" (memory 1)) (import "$root" "ask" (func $ask (param i32 i32 i32)))
      (func (export "ask") (param i32 i32) (call $ask (local.get 0) (local.get 1) (i32.const 16))))`;
    const main = `(module (import "inner" "ask" (func $ask (param i32 i32)))
      (import "lib" "memory" (memory 1))
      (func (export "loud") (param i32 i32) (result i32) (call $ask (local.get 0) (local.get 1)) (i32.const 16)))`;
    const wit = 'world guest { import ask: func(text: string) -> string; export loud: func(text: string) -> string; }';
    const folder = makeFolder();
    for (const [name, wat] of Object.entries({ lib: LIBRARY, inner, main })) {
      writeFileSync(join(folder, `${name}.wasm`), assemble(wat));
    }
    const set = {
      abi: 'core',
      modules: { lib: './lib.wasm', inner: './inner.wasm', main: './main.wasm' },
      wit: { text: `package test:guest;\n${wit}`, world: 'guest' },
      resources: ['answer'],
    };
    await using host = await createHost(
      {
        version: 1,
        compartments: { set },
        resources: { answer: { function: true } },
        links: [{ from: 'set', import: 'ask', to: 'answer' }],
      },
      { baseDir: folder, resources: { answer: (text: unknown) => `${text}, ${text}` } },
    );
    expect((await host.call('set.loud', ['hey'], input)).value).toBe('hey, hey');
  });

  it('are linked to others like them, each over the memory of its own', async () => {
    const folder = makeFolder();
    const asker = `(module (import "lib" "memory" (memory 1)) (import "$root" "loud" (func $loud (param i32 i32 i32)))
      (func (export "ask") (param i32 i32) (result i32) (call $loud (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))`;
    for (const [name, wat] of Object.entries({ lib: LIBRARY, shout: SHOUT, main: MAIN, asker })) {
      writeFileSync(join(folder, `${name}.wasm`), assemble(wat));
    }
    const wit = `package test:guest; ${LOUD.replace('guest', 'loud')}
      world ask { import loud: func(text: string) -> string; export ask: func(text: string) -> string; }`;
    const set = (world: string, ...names: string[]) => ({
      abi: 'core',
      modules: Object.fromEntries(names.map((name) => [name, `./${name}.wasm`])),
      wit: { text: wit, world },
    });
    const compartments = { ask: set('ask', 'asker', 'lib'), loud: set('loud', 'lib', 'shout', 'main') };
    const links = [{ from: 'ask', import: 'loud', to: 'loud' }];
    await using host = await createHost({ version: 1, compartments, links }, { baseDir: folder });
    for (const text of ['hey', '', 'again '.repeat(100)]) {
      expect((await host.call('ask.ask', [text], input)).value).toBe(text.toUpperCase().replaceAll(' ', '\0'));
    }
  });

  it('may have the name that the memory is imported from', async () => {
    const env = `(module (import "env" "shared" (memory 1)) (func (export "get") (result i32) (i32.load (i32.const 0))))`;
    await using host = await start({ env }, 'world guest { export get: func() -> u32; }', {
      sharedMemory: 'env.shared',
    });
    expect((await host.call('set.get', [], input)).value).toBe(0);
  });

  it('run their initialisers in order', async () => {
    const one = `(module (memory (export "memory") 1) (func (export "_initialize") (i32.store (i32.const 0) (i32.const 7))))`;
    const two = `(module (import "one" "memory" (memory 1)) (func (export "get") (result i32) (i32.load (i32.const 4)))
      (func (export "_initialize") (i32.store (i32.const 4) (i32.add (i32.load (i32.const 0)) (i32.const 1)))))`;
    await using host = await start({ two, one }, 'world guest { export get: func() -> u32; }');
    expect((await host.call('set.get', [], input)).value).toBe(8);
  });

  it('pass a global and a table', async () => {
    const owner = `(module (table (export "table") 1 funcref) (global (export "seven") i32 (i32.const 7))
      (elem (i32.const 0) $f) (func $f (result i32) (i32.const 35)))`;
    const user = `(module (type $t (func (result i32))) (import "owner" "table" (table 1 funcref))
      (import "owner" "seven" (global $seven i32))
      (func (export "get") (result i32) (i32.add (global.get $seven) (call_indirect (type $t) (i32.const 0)))))`;
    await using host = await start({ owner, user }, 'world guest { export get: func() -> u32; }');
    expect((await host.call('set.get', [], input)).value).toBe(42);
  });
});

describe('modules are refused', () => {
  const get = 'world guest { export get: func() -> u32; }';
  const GET = '(func (export "get") (result i32) (i32.const 1))';
  const from = (module: string, name: string) => `(import "${module}" "${name}" (func (result i32)))`;
  const memory = (module: string, limits = '1') => `(module (import "${module}" "m" (memory ${limits})) ${GET})`;
  it.each([
    [
      'in a circle',
      { a: `(module ${from('b', 'get')} ${GET})`, b: `(module ${from('a', 'get')} ${GET})` },
      {},
      'WASM_SET_CYCLE',
    ],
    ['that import themselves', { a: `(module ${from('a', 'get')} ${GET})` }, {}, 'WASM_SET_CYCLE'],
    ['of which two export the same', { a: `(module ${GET})`, b: `(module ${GET})` }, {}, 'WASM_SET_AMBIGUOUS'],
    [
      'of other types',
      { a: `(module ${GET})`, b: '(module (import "a" "get" (func (result i64))))' },
      {},
      'WASM_SIGNATURE',
    ],
    ['of other kinds', { a: `(module ${GET})`, b: '(module (import "a" "get" (global i32)))' }, {}, 'WASM_SIGNATURE'],
    ['that import what nobody has', { a: `(module ${from('b', 'get')} ${GET})` }, {}, 'WASM_IMPORT_UNKNOWN'],
    ['that share an undeclared memory', { a: memory('env') }, {}, 'WASM_IMPORT_UNKNOWN'],
    ['whose memory nobody imports', { a: memory('env') }, { sharedMemory: 'env.n' }, 'WASM_SET_MEMORY'],
    [
      'whose memory one of them has',
      { a: memory('b'), b: '(module (memory (export "m") 1))' },
      { sharedMemory: 'b.m' },
      'WASM_SET_MEMORY',
    ],
    [
      'whose memory is no memory',
      { a: `(module ${from('env', 'm')} ${GET})` },
      { sharedMemory: 'env.m' },
      'WASM_SET_MEMORY',
    ],
    [
      'whose memory has no right size',
      { a: memory('env', '3'), b: '(module (import "env" "m" (memory 1 2)))' },
      { sharedMemory: 'env.m' },
      'WASM_SET_MEMORY',
    ],
    [
      'whose memory is too large',
      { a: memory('env', '3') },
      { sharedMemory: 'env.m', limits: { memory: '128KiB' } },
      'LIMIT_MEMORY_INITIAL',
    ],
  ])('%s', async (_what, modules, more, code) => {
    expect(await codeOf(() => start(modules as Record<string, string>, get, more))).toBe(code);
  });

  it('that are not what was pinned', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'a.wasm'), assemble(`(module ${GET})`));
    const pinned = (sha256: string) => {
      const set = { abi: 'core', modules: { a: { wasm: './a.wasm', sha256 } }, wit: { text: `package a:b;\n${get}` } };
      return async () => (await createHost({ version: 1, compartments: { set } }, { baseDir: folder })).close();
    };
    const right = createHash('sha256')
      .update(assemble(`(module ${GET})`))
      .digest('hex');
    expect(await codeOf(pinned(right))).toBeUndefined();
    expect(await codeOf(pinned('0f'.repeat(32)))).toBe('LOAD_HASH_MISMATCH');
  });
});
