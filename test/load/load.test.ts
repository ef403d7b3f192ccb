import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type LoadEnv, loadSource, type ModuleReference, makeLoader } from '../../src/load/index.ts';
import { inspectModule } from '../../src/wasm/index.ts';
import { makeFolder } from './folder.ts';
import { REDACT, ROOMY, SCALARS, wat } from './modules.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function reference(given: Partial<ModuleReference>): ModuleReference {
  return { wasm: './a.wasm', sha256: null, abi: 'component', wit: null, limits: ROOMY, ...given };
}

const witText = (text: string, world: string | null = null) => ({ text, path: null, world });

describe('a component', () => {
  it('becomes a plan, its types and its compiled modules', async () => {
    const bytes = await readFile(join(ROOT, 'node_modules', ...REDACT.slice('npm:'.length).split('/')));
    const loaded = await loadSource(reference({ wasm: REDACT }), { baseDir: ROOT, cacheDir: null });
    expect(Buffer.from(loaded.bytes).equals(bytes)).toBe(true);
    expect(loaded.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(loaded.world.exports.map(({ id }) => id)).toEqual(['redact']);
    expect(loaded.world.imports.map(({ id }) => id).sort()).toEqual([
      'arcjet:redact/custom-redact#detect-sensitive-info',
      'arcjet:redact/custom-redact#redact-sensitive-info',
    ]);
    expect(loaded.modules.length).toBe(loaded.plan?.modules.length);
    expect(loaded.info.length).toBe(loaded.modules.length);
    expect(loaded.modules.every((module) => module instanceof WebAssembly.Module)).toBe(true);
    expect(loaded.notes).toEqual([]);
  });

  it('keeps its memory within the limit, all modules together', async () => {
    const limits = { memoryBytes: 2 * 1_048_576, tableEntries: 10_000 };
    const { info } = await loadSource(reference({ wasm: REDACT, limits }), { baseDir: ROOT, cacheDir: null });
    const initial = info
      .flatMap(({ memories }) => memories)
      .reduce((sum, { min, imported }) => sum + (imported ? 0 : min), 0);
    const one = { ...limits, memoryBytes: (initial - 1) * 65_536 };
    await expect(
      loadSource(reference({ wasm: REDACT, limits: one }), { baseDir: ROOT, cacheDir: null }),
    ).rejects.toThrow(expect.objectContaining({ code: 'LIMIT_MEMORY_INITIAL' }));
  });
});

describe('a core module', () => {
  it('gets its types from WIT', async () => {
    await using folder = await makeFolder();
    await folder.write('a.wasm', await wat(SCALARS.wat));
    const env = { baseDir: folder.path, cacheDir: null };
    const loaded = await loadSource(reference({ abi: 'core', wit: witText(SCALARS.wit) }), env);
    expect(loaded.world.exports).toEqual([
      {
        interface: null,
        name: 'add',
        id: 'add',
        type: {
          params: [
            { name: 'a', type: { kind: 'u32' } },
            { name: 'b', type: { kind: 'u32' } },
          ],
          result: { kind: 'u32' },
          async: false,
        },
      },
    ]);
    expect(loaded.plan?.modules).toEqual([{ start: 0, end: loaded.bytes.length }]);
  });

  it('that speaks for itself has types and no plan', async () => {
    const wit = witText('package dprint:plugin; world markdown { export format: func(text: string) -> string; }');
    const wasm = 'npm:@dprint/markdown/plugin.wasm';
    const loaded = await loadSource(reference({ wasm, abi: 'adapter', wit }), { baseDir: ROOT, cacheDir: null });
    expect(loaded.plan).toBe(null);
    expect(loaded.world.exports.map(({ id }) => id)).toEqual(['format']);
    expect(loaded.modules.length).toBe(1);
    expect(loaded.info[0]?.exports.map(({ name }) => name)).toContain('get_shared_bytes_ptr');
  });

  it('is compiled with its memory capped', async () => {
    await using folder = await makeFolder();
    await folder.write('a.wasm', await wat('(module (memory (export "memory") 1))'));
    const limits = { memoryBytes: 3 * 65_536, tableEntries: 0 };
    const wit = witText('package a:b; world w {}');
    const env = { baseDir: folder.path, cacheDir: null };
    const { modules, bytes, info } = await loadSource(reference({ abi: 'adapter', wit, limits }), env);
    const { exports } = await WebAssembly.instantiate(modules[0] as WebAssembly.Module);
    const memory = exports.memory as WebAssembly.Memory;
    expect(memory.grow(2)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
    expect(inspectModule(bytes).memories[0]?.max).toBe(null);
    expect(info[0]?.memories[0]?.max).toBe(null);
  });
});

describe('several core modules', () => {
  const files = {
    lib: '(module (memory (export "memory") 1))',
    main: '(module (import "lib" "memory" (memory 1)) (import "env" "m" (memory 2)) (func (export "f")))',
  };
  const set = (names: readonly string[]) =>
    reference({
      wasm: null,
      abi: 'core',
      modules: new Map(names.map((name) => [name, { wasm: `./${name}.wasm`, sha256: null }])),
      sharedMemory: { module: 'env', name: 'm' },
      wit: witText('package a:b; world w { export f: func(); }'),
    });

  it('are one after the other, in the order in which they are made, with the memory that is made for them', async () => {
    await using folder = await makeFolder();
    for (const [name, text] of Object.entries(files)) await folder.write(`${name}.wasm`, await wat(text, true));
    const env = { baseDir: folder.path, cacheDir: join(folder.path, 'cache') };
    const loaded = await loadSource(set(['main', 'lib']), env);
    expect(loaded.names).toEqual(['env', 'lib', 'main']);
    expect(loaded.modules.length).toBe(3);
    expect(WebAssembly.Module.exports(loaded.modules[0] as WebAssembly.Module)).toEqual([
      { name: 'm', kind: 'memory' },
    ]);
    const [made] = loaded.plan?.modules ?? [];
    expect(made).toEqual({ start: loaded.bytes.length, end: loaded.bytes.length });
    const again = await loadSource(set(['main', 'lib']), env);
    expect([loaded.isCached, again.isCached]).toEqual([false, true]);
    expect(again.sha256).toBe(loaded.sha256);
    expect(again.plan).toEqual(loaded.plan);
    expect((await loadSource(set(['lib', 'main']), env)).sha256).not.toBe(loaded.sha256);
  });

  it('are together no larger than one may be', async () => {
    await using folder = await makeFolder();
    const binaries = await Promise.all(Object.values(files).map((text) => wat(text, true)));
    for (const [i, name] of Object.keys(files).entries()) await folder.write(`${name}.wasm`, binaries[i] as Uint8Array);
    const maxBytes = binaries.reduce((sum, { length }) => sum + length, 0);
    const load = (bytes: number) =>
      loadSource(set(['lib', 'main']), { baseDir: folder.path, cacheDir: null, maxBytes: bytes });
    await expect(load(maxBytes)).resolves.toBeDefined();
    await expect(load(maxBytes - 1)).rejects.toThrow(expect.objectContaining({ code: 'LOAD_TOO_LARGE' }));
  });

  it('are given instead of one file, not beside it', async () => {
    const env = { baseDir: ROOT, cacheDir: null };
    for (const wrong of [reference({ wasm: null }), { ...set(['lib']), wasm: './a.wasm' }]) {
      await expect(loadSource(wrong, env)).rejects.toThrow(expect.objectContaining({ code: 'LOAD_SOURCE' }));
    }
  });
});

describe('the wrong kind', () => {
  it.each([
    ['a component as a core module', 'core', REDACT],
    ['a core module as a component', 'component', 'npm:@dprint/markdown/plugin.wasm'],
    ['a text file', 'component', './package.json'],
    ['a text file', 'assemblyscript', './package.json'],
  ] as const)('%s is refused for abi: %s', async (_, abi, wasm) => {
    const wit = abi === 'component' ? null : witText('package a:b; world w {}');
    await expect(loadSource(reference({ wasm, abi, wit }), { baseDir: ROOT, cacheDir: null })).rejects.toThrow(
      expect.objectContaining({ code: 'LOAD_KIND' }),
    );
  });

  it('a module without WIT is refused', async () => {
    const wasm = 'npm:@dprint/markdown/plugin.wasm';
    for (const abi of ['core', 'assemblyscript', 'adapter'] as const) {
      await expect(loadSource(reference({ wasm, abi }), { baseDir: ROOT, cacheDir: null })).rejects.toThrow(
        expect.objectContaining({ code: 'LOAD_WIT_MISSING' }),
      );
    }
  });

  it('code that does not validate is refused by the engine', async () => {
    await using folder = await makeFolder();
    // A function with a result and an empty body: its outside is in order.
    const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x0b];
    await folder.write('a.wasm', Uint8Array.from(bytes));
    const wit = witText('package a:b; world w {}');
    await expect(
      loadSource(reference({ abi: 'adapter', wit }), { baseDir: folder.path, cacheDir: null }),
    ).rejects.toThrow(expect.objectContaining({ code: 'LOAD_INVALID' }));
  });
});

describe('WIT', () => {
  it.each([
    ['no WIT at all', '}{', null],
    ['a syntax error', 'package a:b; world w { export f: fun(); }', null],
    ['an unknown type', 'package a:b; world w { export f: func(x: nothing); }', null],
    ['two worlds and no choice', 'package a:b; world v {} world w {}', null],
    ['a world that is not there', 'package a:b; world v {}', 'w'],
    ['a package that is not there', 'package a:b; world w { import c:d/e; }', null],
    ['a megabyte of brackets', `package a:b; world w { export f: func(x: ${'list<'.repeat(200_000)}`, null],
  ])('with %s is refused', async (_, text, world) => {
    await using folder = await makeFolder();
    await folder.write('a.wasm', await wat('(module)'));
    const wit = witText(text, world);
    const error = await loadSource(reference({ abi: 'core', wit }), { baseDir: folder.path, cacheDir: null }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: expect.stringMatching(/^LOAD_(WIT|CRASHED|TOO_LARGE)$/) });
    expect((error as Error).message.length).toBeLessThan(2000);
  });

  it('of several worlds is one by name', async () => {
    await using folder = await makeFolder();
    await folder.write('a.wasm', await wat(SCALARS.wat));
    const wit = witText(`${SCALARS.wit} world other {}`, 'scalars');
    const env = { baseDir: folder.path, cacheDir: null };
    expect((await loadSource(reference({ abi: 'core', wit }), env)).world.exports.length).toBe(1);
  });
});

describe('the cache', () => {
  async function cold(cacheDir: string): Promise<{ env: LoadEnv; first: Awaited<ReturnType<typeof loadSource>> }> {
    const env = { baseDir: ROOT, cacheDir };
    return { env, first: await loadSource(reference({ wasm: REDACT }), env) };
  }

  it('gives the same as the first time, without a worker', async () => {
    await using folder = await makeFolder();
    const { env, first } = await cold(folder.path);
    // A worker that may take no time at all: asking it would throw.
    const worker = { jobMs: 0, heapMebibytes: 64, outputBytes: 0 };
    const again = await loadSource(reference({ wasm: REDACT }), { ...env, worker });
    expect([first.isCached, again.isCached]).toEqual([false, true]);
    const plain = (loaded: object) => JSON.parse(JSON.stringify({ ...loaded, modules: [], isCached: null }));
    expect(plain(again)).toEqual(plain(first));
    expect((await readdir(folder.path)).length).toBe(1);
  });

  it('has an entry for each limit, WIT and file', async () => {
    await using folder = await makeFolder();
    await using files = await makeFolder();
    await files.write('a.wasm', await wat(SCALARS.wat));
    await using loader = await makeLoader({ baseDir: files.path, cacheDir: folder.path });
    const load = (given: Partial<ModuleReference>) =>
      loader.load(reference({ abi: 'core', wit: witText(SCALARS.wit), ...given }));
    await load({});
    for (const given of [
      { limits: { ...ROOMY, memoryBytes: 65_536 } },
      { limits: { ...ROOMY, tableEntries: 1 } },
      { wit: witText(`${SCALARS.wit} `) },
      { wit: witText(SCALARS.wit, 'scalars') },
      { abi: 'adapter' as const },
    ]) {
      expect((await load(given)).isCached).toBe(false);
      expect((await load(given)).isCached).toBe(true);
    }
    await writeFile(join(files.path, 'a.wasm'), await wat(`${SCALARS.wat.slice(0, -1)} (global i32 (i32.const 1)))`));
    expect((await load({})).isCached).toBe(false);
    expect((await readdir(folder.path)).length).toBe(7);
  });

  it('never stands in for the pin', async () => {
    await using folder = await makeFolder();
    const { env } = await cold(folder.path);
    await expect(loadSource(reference({ wasm: REDACT, sha256: '0'.repeat(64) }), env)).rejects.toThrow(
      expect.objectContaining({ code: 'LOAD_HASH_MISMATCH' }),
    );
  });

  it('that is damaged is mended', async () => {
    await using folder = await makeFolder();
    const { env, first } = await cold(folder.path);
    const [name] = await readdir(folder.path);
    const file = join(folder.path, name as string);
    const content = await readFile(file);
    await writeFile(file, content.subarray(0, content.length / 2));
    const second = await loadSource(reference({ wasm: REDACT }), env);
    expect(second.isCached).toBe(false);
    expect(second.plan).toEqual(first.plan);
    expect(await readFile(file)).toEqual(content);
  });

  it('that cannot be written to is done without, and a note says so', async () => {
    await using folder = await makeFolder();
    const file = await folder.write('file', '');
    const loaded = await loadSource(reference({ wasm: REDACT }), { baseDir: ROOT, cacheDir: join(file, 'cache') });
    expect(loaded.notes.length).toBe(1);
    expect(loaded.plan).not.toBe(null);
  });

  it('holds nothing that the base folder or the file name decides', async () => {
    await using folder = await makeFolder();
    await cold(folder.path);
    await using other = await makeFolder();
    await cp(join(ROOT, 'node_modules/@arcjet/redact-wasm/wasm'), other.path, { recursive: true });
    const wasm = './arcjet_analyze_bindings_redact.component.wasm';
    const again = await loadSource(reference({ wasm }), { baseDir: other.path, cacheDir: folder.path });
    expect(again.isCached).toBe(true);
    await rm(join(other.path, wasm));
    await expect(loadSource(reference({ wasm }), { baseDir: other.path, cacheDir: folder.path })).rejects.toThrow(
      expect.objectContaining({ code: 'LOAD_NOT_FOUND' }),
    );
  });
});
