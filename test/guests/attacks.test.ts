import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RECIPES } from '../../guests/recipes.ts';
import { createHost, type Host, isCofferdamError } from '../../src/index.ts';

const PUBLIC = { label: {} };

/** Each hostile guest does what it says, and gets what it deserves. Those that never end wait for interruptible kinds. */
const WORLDS = {
  'bad-iovec': 'writes',
  'bad-pointer': 'gives',
  'deep-recursion': 'runs',
  exit: 'runs',
  'hostile-realloc': 'takes',
  'invalid-utf8': 'speaks',
  'memory-bomb': 'grows',
  'output-flood': 'runs',
  reentrance: 'reenters',
  remembers: 'remembers',
  'table-bomb': 'grows',
  trap: 'runs',
} as const;

describe('hostile guests', () => {
  let host: Host;
  const taken: unknown[] = [];

  beforeAll(async () => {
    const compartments = Object.fromEntries(
      Object.entries(WORLDS).map(([name, world]) => [
        name,
        {
          wasm: `./attacks/${name}.wasm`,
          abi: 'core',
          wasi: 'minimal',
          wit: { path: './wit/attacks.wit', world },
          limits: { memory: '1MiB', table: 1000, output: '256KiB' },
          resources: ['take', 'again'],
        },
      ]),
    );
    const back = (from: string, to: string, name: string) => ({ from, import: `attack:guests/host#${name}`, to });
    const manifest = {
      version: 1,
      compartments,
      resources: { take: { function: true }, again: { function: true } },
      links: [
        back('invalid-utf8', 'take', 'take'),
        back('invalid-utf8', 'again', 'call-back'),
        back('reentrance', 'take', 'take'),
        { ...back('reentrance', 'reentrance', 'call-back'), export: 'outer' },
      ],
    };
    const resources = { take: (text: unknown) => void taken.push(text), again: () => undefined };
    host = await createHost(manifest, { baseDir: fileURLToPath(new URL('../../guests/', import.meta.url)), resources });
  });
  afterAll(() => host.close());

  const answer = async (target: string, ...args: unknown[]): Promise<unknown> => {
    try {
      return (await host.call(target, args, PUBLIC)).value;
    } catch (error) {
      return isCofferdamError(error) ? error.code : error;
    }
  };

  it.each([
    ['trap.run', 'GUEST_TRAP'],
    ['deep-recursion.run', 'GUEST_TRAP'],
    ['exit.run', 'GUEST_EXIT'],
    ['output-flood.run', 'LIMIT_OUTPUT'],
    ['memory-bomb.grow', 16], // 1 MiB
    ['table-bomb.grow', 901], // of 1000
    ['bad-pointer.good', 'hello'],
    ['bad-pointer.past-end', 'ABI_POINTER'],
    ['bad-pointer.wrapping', 'ABI_POINTER'],
    ['bad-pointer.huge', 'ABI_LENGTH'],
    ['bad-pointer.bad-result-pointer', 'ABI_POINTER'],
    ['bad-pointer.unaligned', 'ABI_ALIGNMENT'],
    ['bad-pointer.huge-list', 'ABI_LENGTH'],
    ['bad-pointer.bad-char', 'ABI_CHAR'],
    ['bad-pointer.bad-case', 'ABI_DISCRIMINANT'],
    ['invalid-utf8.good', 'hello'],
    ['invalid-utf8.not-utf8', 'ABI_UTF8'],
    ['invalid-utf8.surrogate', 'ABI_UTF8'],
    ['invalid-utf8.overlong', 'ABI_UTF8'],
    ['invalid-utf8.cut-off', 'ABI_UTF8'],
    ['invalid-utf8.pass-not-utf8', 'ABI_UTF8'],
    ['invalid-utf8.pass-past-end', 'ABI_POINTER'],
    ['reentrance.outer', 'CALL_REENTRANT'],
    ['reentrance.inner', 0],
    ['bad-iovec.good', 0],
    ['bad-iovec.past-end', 21],
  ])('%s comes to %j, and again in a fresh instance', async (target, expected) => {
    expect(await answer(target)).toBe(expected);
    expect(await answer(target)).toBe(expected);
  });

  it('hostile-realloc is discarded at the first lie', async () => {
    expect(await answer('hostile-realloc.take', 'four')).toBe('ABI_REALLOC');
  });

  it('nothing of invalid text reached the host', () => {
    expect(taken).toEqual([]);
  });

  it('remembers tells who shares an instance', async () => {
    expect(await answer('remembers.add', 'one')).toEqual(['one']);
    expect(await answer('remembers.add', 'two')).toEqual(['one', 'two']);
  });
});

it('every attack compiles', () => {
  for (const { name, wasm, tool } of RECIPES) {
    if (!name.startsWith('attacks/') || tool === 'componentize') continue; // no engine takes components
    expect(WebAssembly.validate(readFileSync(new URL(`../../guests/${wasm}`, import.meta.url)))).toBe(true);
  }
});
