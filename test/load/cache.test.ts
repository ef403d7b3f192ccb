import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CACHE_LIMITS, defaultCacheDir, openCache } from '../../src/load/cache.ts';
import { makeFolder } from './folder.ts';

const key = (n: number) => n.toString(16).padStart(64, '0');
const files = async (folder: string) => (await readdir(folder)).sort();

describe('an entry', () => {
  it('comes back as it was put, and leaves no temporary file', async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'a', 'b');
    const cache = await openCache(path);
    expect(await cache.get(key(1))).toBe(null);
    for (const text of ['first', 'line\nbreaks \u0000 é 🦀', '']) {
      await cache.put(key(1), text);
      expect(await (await openCache(path)).get(key(1))).toBe(text);
    }
    expect(await files(path)).toEqual([`${key(1)}.plan`]);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, `${key(1)}.plan`))).mode & 0o777).toBe(0o600);
    expect(cache.problem).toBe(null);
  });

  it('that is damaged, cut, misplaced or no file is ignored and replaced', async () => {
    await using folder = await makeFolder();
    const cache = await openCache(folder.path);
    const file = join(folder.path, `${key(1)}.plan`);
    const damages: ((content: Buffer) => Promise<void>)[] = [
      (content) => writeFile(file, content.subarray(0, content.length - 1)),
      (content) => writeFile(file, Buffer.concat([content, Buffer.from('x')])),
      (content) => writeFile(file, content.with(content.length - 2, 0x58)),
      (content) => writeFile(file, content.with(3, 0x58)),
      () => writeFile(file, ''),
      () => writeFile(file, Buffer.alloc(1000)),
      () => rename(file, join(folder.path, `${key(2)}.plan`)),
    ];
    for (const damage of damages) {
      await cache.put(key(1), 'some text');
      await damage(await readFile(file));
      expect(await cache.get(key(1))).toBe(null);
      expect(await cache.get(key(2))).toBe(null);
    }
    await cache.put(key(1), 'new');
    expect(await cache.get(key(1))).toBe('new');
    await mkdir(join(folder.path, `${key(3)}.plan`));
    expect(await cache.get(key(3))).toBe(null);
  });

  it('that is too large is not kept', async () => {
    await using folder = await makeFolder();
    const cache = await openCache(folder.path, { ...CACHE_LIMITS, entryBytes: 2048 });
    await cache.put(key(1), 'x'.repeat(1024));
    await cache.put(key(2), 'x'.repeat(1025));
    expect(await files(folder.path)).toEqual([`${key(1)}.plan`]);
  });
});

describe('trimming', () => {
  it('keeps the newest within the limits', async () => {
    await using folder = await makeFolder();
    const cache = await openCache(folder.path, { ...CACHE_LIMITS, entries: 3 });
    for (let i = 1; i <= 5; i++) {
      await cache.put(key(i), 'x'.repeat(1000));
      await utimes(join(folder.path, `${key(i)}.plan`), i, i);
    }
    await cache.trim();
    expect(await files(folder.path)).toEqual([3, 4, 5].map((i) => `${key(i)}.plan`));
    const { size } = await stat(join(folder.path, `${key(5)}.plan`));
    await (await openCache(folder.path, { ...CACHE_LIMITS, totalBytes: 2 * size })).trim();
    expect(await files(folder.path)).toEqual([4, 5].map((i) => `${key(i)}.plan`));
    await (await openCache(folder.path, { ...CACHE_LIMITS, totalBytes: 2 * size - 1 })).trim();
    expect(await files(folder.path)).toEqual([`${key(5)}.plan`]);
  });

  it('removes what dead processes left, not what a live one is writing, and nothing of others', async () => {
    await using folder = await makeFolder();
    const names = [`${key(1)}.${'a'.repeat(16)}.tmp`, `${key(2)}.${'b'.repeat(16)}.tmp`, 'README', 'x.tmp'];
    for (const name of names) await folder.write(name, '');
    await utimes(join(folder.path, names[0] as string), 1, 1);
    await utimes(join(folder.path, 'x.tmp'), 1, 1);
    await (await openCache(folder.path)).trim();
    expect(await files(folder.path)).toEqual(names.slice(1).sort());
  });
});

describe('a folder that cannot be used', () => {
  it('means no caching, and says so', async () => {
    await using folder = await makeFolder();
    const file = await folder.write('file', '');
    const open = join(folder.path, 'open');
    await mkdir(open);
    await chmod(open, 0o777);
    for (const path of [join(file, 'cache'), open]) {
      const cache = await openCache(path);
      expect(cache.problem).toContain(path);
      await cache.put(key(1), 'text');
      expect(await cache.get(key(1))).toBe(null);
      await cache.trim();
    }
  });
});

describe('the default folder', () => {
  it('follows XDG', () => {
    expect(defaultCacheDir({ XDG_CACHE_HOME: '/x' }, '/home/a')).toBe('/x/cofferdam');
    expect(defaultCacheDir({ XDG_CACHE_HOME: 'relative' }, '/home/a')).toBe('/home/a/.cache/cofferdam');
    expect(defaultCacheDir({}, '/home/a')).toBe('/home/a/.cache/cofferdam');
  });
});

/** Puts and gets the same three keys until it is killed; ends with status 1 when it ever gets a wrong text. */
const WRITER = `
  const { openCache } = await import(process.argv[1]);
  const cache = await openCache(process.argv[2]);
  process.stdout.write('ready');
  for (let i = 0; ; i++) {
    const key = String(i % 3).padStart(64, '0');
    await cache.put(key, key.repeat(2000));
    const text = await cache.get(key);
    if (text !== key.repeat(2000) || cache.problem !== null) { console.error(cache.problem, text?.length); process.exit(1); }
  }`;

function writer(folder: string) {
  const module = new URL('../../src/load/cache.ts', import.meta.url).href;
  const node = process.execPath;
  return spawn(node, ['--input-type=module', '-e', WRITER, module, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('many processes, killed at any moment', () => {
  it('never read a wrong entry, and what they leave is good', async () => {
    await using folder = await makeFolder();
    const survivors = [writer(folder.path), writer(folder.path)];
    for (let round = 0; round < 10; round++) {
      const victim = writer(folder.path);
      await once(victim.stdout, 'data');
      await sleep(Math.random() * 40);
      victim.kill('SIGKILL');
      await once(victim, 'exit');
    }
    for (const survivor of survivors) {
      expect(survivor.exitCode).toBe(null);
      survivor.kill('SIGKILL');
      await once(survivor, 'exit');
    }
    const cache = await openCache(folder.path, { ...CACHE_LIMITS, staleMs: -1 });
    for (const name of ['0', '1', '2']) {
      const text = name.padStart(64, '0');
      expect(await cache.get(text)).toBe(text.repeat(2000));
    }
    await cache.trim();
    expect((await files(folder.path)).filter((name) => !name.endsWith('.plan'))).toEqual([]);
  });
});
