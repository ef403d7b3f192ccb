import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadSource } from '../../src/load/index.ts';
import { makeFolder } from './folder.ts';
import { REDACT, ROOMY } from './modules.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REFERENCE = { wasm: REDACT, sha256: null, abi: 'component', wit: null, limits: ROOMY } as const;

const LOAD = `
  const { loadSource } = await import(process.argv[1]);
  const [reference, env] = JSON.parse(process.argv[2]);
  const { world, modules } = await loadSource(reference, env);
  process.stdout.write(JSON.stringify([world.exports[0].id, modules.length]));`;

function loader(cacheDir: string) {
  const module = new URL('../../src/load/index.ts', import.meta.url).href;
  const input = JSON.stringify([REFERENCE, { baseDir: ROOT, cacheDir }]);
  return spawn(process.execPath, ['--input-type=module', '-e', LOAD, module, input], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function outputOf(child: ReturnType<typeof loader>): Promise<string> {
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'exit');
  return text;
}

describe('processes that share a cache', () => {
  it('may all load the same at once, and end by themselves', async () => {
    await using cache = await makeFolder();
    const outputs = await Promise.all([1, 2, 3, 4].map(() => outputOf(loader(cache.path))));
    expect(new Set(outputs).size).toBe(1);
    expect(outputs[0]).toMatch(/^\["redact",\d+\]$/);
    expect((await readdir(cache.path)).length).toBe(1);
  });

  it('may be killed at any moment of a load', async () => {
    await using cache = await makeFolder();
    for (let round = 0; round < 5; round++) {
      const child = loader(cache.path);
      const exited = once(child, 'exit');
      await sleep(60 + Math.random() * 400);
      child.kill('SIGKILL');
      await exited;
      const { world } = await loadSource(REFERENCE, { baseDir: ROOT, cacheDir: cache.path });
      expect(world.exports[0]?.id).toBe('redact');
    }
  });
});
