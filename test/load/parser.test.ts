import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeParser } from '../../src/load/parser.ts';
import type { Job } from '../../src/load/understand.ts';
import { REDACT, ROOMY, SCALARS, wat } from './modules.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIMITS = { jobMs: 15_000, heapMebibytes: 256, outputBytes: 1000 };

const small = async (): Promise<Job> => ({
  task: 'understand',
  bytes: await wat(SCALARS.wat),
  abi: 'core',
  wit: { text: SCALARS.wit, world: null },
  limits: ROOMY,
  secondOpinion: true,
});
const large = async (): Promise<Job> => ({
  ...(await small()),
  bytes: await readFile(join(ROOT, 'node_modules', REDACT.slice('npm:'.length))),
  abi: 'component',
});

describe('a worker that takes too long', () => {
  it('is ended, and the next file gets a fresh one', async () => {
    // Reading a component with both decoders takes longer than this, starting a worker too.
    await using hasty = makeParser({ ...LIMITS, jobMs: 5 });
    const [first, second] = [hasty.parse(await large()), hasty.parse(await large())];
    await expect(first).rejects.toThrow(expect.objectContaining({ code: 'LOAD_TIMEOUT' }));
    await expect(second).rejects.toThrow(expect.objectContaining({ code: 'LOAD_TIMEOUT' }));
  });

  it('over real work, too', async () => {
    // A megabyte of WIT: seconds of work for wasm-tools.
    const functions = Array.from({ length: 20_000 }, (_, i) => `fn${i}: func(a: list<tuple<u8, string>>);`).join('\n');
    const text = `package a:b; interface i { ${functions} } world w { import i; export i; }`;
    await using parser = makeParser({ ...LIMITS, jobMs: 1500 });
    const started = performance.now();
    await expect(parser.parse({ ...(await small()), wit: { text, world: null } })).rejects.toThrow(
      expect.objectContaining({ code: 'LOAD_TIMEOUT' }),
    );
    expect(performance.now() - started).toBeLessThan(3000);
    await expect(parser.parse(await small())).resolves.toContain('add');
  });
});

describe('a worker that runs out of memory', () => {
  it('dies alone: the error says so, and the next file gets a fresh one', async () => {
    await using parser = makeParser({ ...LIMITS, heapMebibytes: 24 });
    const imports = 400_000;
    const entry = [1, 0x61, 1, 0x62, 0, 0];
    const content = Buffer.concat([lebOf(imports), Buffer.alloc(imports * entry.length, Uint8Array.from(entry))]);
    const bytes = Buffer.concat([
      Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2]),
      lebOf(content.length),
      content,
    ]);
    const bomb: Job = { ...(await small()), bytes };
    await expect(parser.parse(bomb)).rejects.toThrow(expect.objectContaining({ code: 'LOAD_CRASHED' }));
    const outcomes = await Promise.allSettled([
      parser.parse(await small()),
      parser.parse(bomb),
      parser.parse(await small()),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});

function lebOf(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left >= 128 ? (left % 128) | 0x80 : left);
    if (left < 128) return Uint8Array.from(bytes);
  }
}

describe('the caller', () => {
  it('can abort before and while a file is parsed', async () => {
    await using parser = makeParser(LIMITS);
    const job = await large();
    await expect(parser.parse(job, AbortSignal.abort())).rejects.toThrow(
      expect.objectContaining({ code: 'LOAD_ABORTED' }),
    );
    const controller = new AbortController();
    const aborted = parser.parse(job, controller.signal);
    setTimeout(() => controller.abort(), 10);
    await expect(aborted).rejects.toThrow(expect.objectContaining({ code: 'LOAD_ABORTED' }));
    await expect(parser.parse(job)).resolves.toContain('redact');
  });

  it('gets answers in order, however many are asked at once', async () => {
    await using parser = makeParser(LIMITS);
    const [one, other] = [await small(), await large()];
    const texts = await Promise.all([one, other, one, other].map((job) => parser.parse(job)));
    expect(texts.map((text) => text.includes('arcjet'))).toEqual([false, true, false, true]);
  });
});
