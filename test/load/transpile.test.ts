import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectFile, makeLoader } from '../../src/load/index.ts';
import { makeFolder } from '../arena.ts';
import { ROOMY } from './modules.ts';

const GUESTS = new URL('../../guests/', import.meta.url);

describe('a component with async functions', () => {
  it('is made runnable once, and then comes from the cache', async () => {
    const folder = makeFolder();
    copyFileSync(new URL('relay/relay.wasm', GUESTS), join(folder, 'relay.wasm'));
    const reference = { wasm: './relay.wasm', sha256: null, abi: 'component', wit: null, limits: ROOMY } as const;
    const env = { baseDir: folder, cacheDir: join(folder, 'cache') };
    await using first = await makeLoader(env);
    const fresh = await first.load(reference);
    await using second = await makeLoader(env);
    const cached = await second.load(reference);
    expect([fresh.isCached, cached.isCached]).toEqual([false, true]);
    expect(cached.transpiled).toEqual(fresh.transpiled);
    expect(cached.plan).toBe(null);
    expect(cached.transpiled?.modules.map(({ count }) => count)).toEqual([1, 1]);
    expect(cached.modules.map((module) => module instanceof WebAssembly.Module)).toEqual([true, true]);
  });

  it('says by whom it is run', async () => {
    const engines = await Promise.all(
      ['relay/relay.wasm', 'classify/classify.wasm'].map((file) => inspectFile(file, { baseDir: GUESTS.pathname })),
    );
    expect(engines.map(({ engine, isAsync }) => [engine, isAsync])).toEqual([
      ['jco', true],
      ['cofferdam', false],
    ]);
    expect(engines[0]?.manifestEntry).toContain('jco runs it');
  });

  it('says what is async, and what passes streams', async () => {
    const { imports, exports } = await inspectFile('sink/sink.wasm', { baseDir: GUESTS.pathname });
    expect(imports).toContainEqual({
      name: 'test:flow/demand#total',
      type: 'async func(bytes: stream<u8>) -> u64',
      isAsync: true,
      hasStreams: true,
    });
    expect(exports).toContainEqual({
      name: 'fetch',
      type: 'async func(count: u32, size: u32, most: u32) -> u64',
      isAsync: true,
    });
  });
});
