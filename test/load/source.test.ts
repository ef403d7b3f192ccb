import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, symlink, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSource, readWit } from '../../src/load/source.ts';
import { makeFolder } from './folder.ts';

const BYTES = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

function read(wasm: string, baseDir: string, { pin = null as string | null, maxBytes = 1000 } = {}) {
  return readSource(wasm, pin, { baseDir, maxBytes });
}

function code(expected: string) {
  return expect.objectContaining({ code: expected });
}

describe('a file', () => {
  it('is read as it is, and hashed', async () => {
    await using folder = await makeFolder();
    await folder.write('guests/a.wasm', BYTES);
    expect(await read('./guests/a.wasm', folder.path)).toEqual({ bytes: BYTES, sha256: SHA256 });
  });

  it('may have exactly as many bytes as allowed, and not one more', async () => {
    await using folder = await makeFolder();
    await folder.write('a.wasm', BYTES);
    expect((await read('./a.wasm', folder.path, { maxBytes: 8 })).bytes).toEqual(BYTES);
    await expect(read('./a.wasm', folder.path, { maxBytes: 7 })).rejects.toThrow(code('LOAD_TOO_LARGE'));
  });

  it('of a terabyte is refused without being read', async () => {
    await using folder = await makeFolder();
    await truncate(await folder.write('a.wasm', BYTES), 2 ** 40);
    await expect(read('./a.wasm', folder.path)).rejects.toThrow(code('LOAD_TOO_LARGE'));
  });

  it('that claims to be empty, as those of the kernel do, is bounded all the same', async () => {
    const { bytes } = await read('/proc/self/status', '/', { maxBytes: 100_000 });
    expect(bytes.length).toBeGreaterThan(0);
    await expect(read('/proc/self/status', '/', { maxBytes: 10 })).rejects.toThrow(code('LOAD_TOO_LARGE'));
  });

  it('must be a regular file', async () => {
    await using folder = await makeFolder();
    await mkdir(join(folder.path, 'folder'));
    execFileSync('mkfifo', [join(folder.path, 'pipe')]);
    await symlink('/dev/zero', join(folder.path, 'device'));
    const server = createServer().listen(join(folder.path, 'socket'));
    for (const name of ['folder', 'pipe', 'device', 'socket']) {
      await expect(read(`./${name}`, folder.path)).rejects.toThrow(code('LOAD_NOT_A_FILE'));
    }
    await new Promise((done) => server.close(done));
  });

  it('must be there, and readable', async () => {
    await using folder = await makeFolder();
    await expect(read('./none.wasm', folder.path)).rejects.toThrow(code('LOAD_NOT_FOUND'));
    const file = await folder.write('file', BYTES);
    await expect(read('./file/none.wasm', folder.path)).rejects.toThrow(code('LOAD_NOT_FOUND'));
    await symlink('loop', join(folder.path, 'loop'));
    await expect(read('./loop', folder.path)).rejects.toThrow(code('LOAD_UNREADABLE'));
    await chmod(file, 0o000);
    if (process.getuid?.() !== 0) await expect(read('./file', folder.path)).rejects.toThrow(code('LOAD_UNREADABLE'));
  });

  it.each([
    '',
    'https://example.com/a.wasm',
    'file:///etc/passwd',
    'data:,x',
    'a\0b',
  ])('%j is no reference', async (text) => {
    await expect(read(text, '/')).rejects.toThrow(code('LOAD_SOURCE'));
  });
});

describe('a pin', () => {
  it('that fits lets the bytes through, in either case', async () => {
    await using folder = await makeFolder();
    await folder.write('a.wasm', BYTES);
    expect((await read('./a.wasm', folder.path, { pin: SHA256 })).sha256).toBe(SHA256);
    expect((await read('./a.wasm', folder.path, { pin: SHA256.toUpperCase() })).sha256).toBe(SHA256);
  });

  it('that does not fit shows both hashes', async () => {
    await using folder = await makeFolder();
    await folder.write('a.wasm', Uint8Array.from([...BYTES, 0]));
    const error = await read('./a.wasm', folder.path, { pin: SHA256 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LOAD_HASH_MISMATCH', details: { expected: SHA256 } });
    expect(error).not.toMatchObject({ details: { actual: SHA256 } });
  });
});

describe('a package', () => {
  it('is found in the nearest node_modules upward', async () => {
    await using folder = await makeFolder();
    await folder.write('node_modules/plugin/dist/a.wasm', 'outer');
    await folder.write('node_modules/@scope/plugin/a.wasm', 'scoped');
    await folder.write('app/node_modules/plugin/dist/a.wasm', 'inner');
    await folder.write('app/deep/down/here', '');
    const text = async (wasm: string, base: string) =>
      new TextDecoder().decode((await read(wasm, join(folder.path, base))).bytes);
    expect(await text('npm:plugin/dist/a.wasm', 'app/deep/down')).toBe('inner');
    expect(await text('npm:plugin/dist/a.wasm', '.')).toBe('outer');
    expect(await text('npm:@scope/plugin/a.wasm', 'app/deep')).toBe('scoped');
    await expect(read('npm:other/a.wasm', folder.path)).rejects.toThrow(code('LOAD_PACKAGE_MISSING'));
    await expect(read('npm:plugin/b.wasm', folder.path)).rejects.toThrow(code('LOAD_NOT_FOUND'));
    await expect(read('npm:plugin/dist', folder.path)).rejects.toThrow(code('LOAD_NOT_A_FILE'));
  });

  it('must have the version that is demanded', async () => {
    await using folder = await makeFolder();
    await folder.write('node_modules/plugin/a.wasm', BYTES);
    await folder.write('node_modules/plugin/package.json', '{ "version": "1.4.0" }');
    expect((await read('npm:plugin@1.4.0/a.wasm', folder.path)).sha256).toBe(SHA256);
    for (const version of ['1.4.1', '1.4', '1']) {
      await expect(read(`npm:plugin@${version}/a.wasm`, folder.path)).rejects.toThrow(code('LOAD_PACKAGE_VERSION'));
    }
    await folder.write('node_modules/plugin/package.json', 'not JSON');
    await expect(read('npm:plugin@1.4.0/a.wasm', folder.path)).rejects.toThrow(code('LOAD_PACKAGE_VERSION'));
  });

  it('cannot reach out of itself through a symbolic link, but may be linked as a whole', async () => {
    await using folder = await makeFolder();
    await folder.write('store/linked/a.wasm', BYTES);
    await folder.write('secret.wasm', 'secret');
    await folder.write('node_modules/plugin-two/a.wasm', 'neighbour');
    await folder.write('node_modules/plugin/inside.wasm', BYTES);
    const plugin = join(folder.path, 'node_modules/plugin');
    await symlink('../store/linked', join(folder.path, 'node_modules/linked'));
    await symlink('inside.wasm', join(plugin, 'alias.wasm'));
    await symlink('../../secret.wasm', join(plugin, 'out.wasm'));
    await symlink('../..', join(plugin, 'up'));
    await symlink('../plugin-two/a.wasm', join(plugin, 'neighbour.wasm'));
    expect((await read('npm:linked/a.wasm', folder.path)).sha256).toBe(SHA256);
    expect((await read('npm:plugin/alias.wasm', folder.path)).sha256).toBe(SHA256);
    for (const path of ['out.wasm', 'up/secret.wasm', 'neighbour.wasm']) {
      await expect(read(`npm:plugin/${path}`, folder.path)).rejects.toThrow(code('LOAD_PACKAGE_ESCAPE'));
    }
  });

  it.each([
    'npm:',
    'npm:plugin',
    'npm:plugin/',
    'npm:plugin/../secret.wasm',
    'npm:plugin/a/./b.wasm',
    'npm:plugin//a.wasm',
    'npm:plugin/a\\..\\b.wasm',
    'npm:../plugin/a.wasm',
    'npm:.bin/a.wasm',
    'npm:@scope/a.wasm/',
    'npm:@../plugin/a.wasm',
    'npm:plugin@/a.wasm',
    'npm:plugin/a\0.wasm',
  ])('%j is no reference', async (text) => {
    await expect(read(text, '/')).rejects.toThrow(code('LOAD_SOURCE'));
  });
});

describe('WIT text', () => {
  it('comes from the manifest or from a file', async () => {
    await using folder = await makeFolder();
    await folder.write('a.wit', 'package a:b;');
    expect(await readWit({ text: null, path: './a.wit', world: null }, folder.path)).toBe('package a:b;');
    expect(await readWit({ text: 'package c:d;', path: null, world: null }, folder.path)).toBe('package c:d;');
  });

  it('must be there, of UTF-8, and of a sensible size', async () => {
    await using folder = await makeFolder();
    await folder.write('latin1.wit', Uint8Array.from([0xe9]));
    const wit = (path: string | null, text: string | null) => readWit({ text, path, world: null }, folder.path);
    await expect(wit('./none.wit', null)).rejects.toThrow(code('LOAD_NOT_FOUND'));
    await expect(wit('./latin1.wit', null)).rejects.toThrow(code('LOAD_WIT'));
    await expect(wit(null, null)).rejects.toThrow(code('LOAD_WIT'));
    await expect(wit(null, ' '.repeat(1_048_577))).rejects.toThrow(code('LOAD_TOO_LARGE'));
  });
});
