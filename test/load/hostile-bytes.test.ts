import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { isCofferdamError } from '../../src/error.ts';
import { makeParser } from '../../src/load/parser.ts';
import { readUnderstanding } from '../../src/load/understanding-shape.ts';
import { component, coreModule, leb, REDACT, ROOMY, section } from './modules.ts';

// Attack: bytes made to crash, hang, blow up or mislead whoever parses them. Each ends in an error with a code, within
// its time, and the same parser then serves an honest file.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const parser = makeParser({ jobMs: 20_000, heapMebibytes: 512, outputBytes: 1000 });
afterAll(() => parser[Symbol.asyncDispose]());

function parse(bytes: Uint8Array) {
  return parser.parse({ task: 'understand', bytes, abi: 'component', wit: null, limits: ROOMY, secondOpinion: true });
}

function parseCore(bytes: Uint8Array) {
  const wit = { text: 'package a:b; world w {}', world: null };
  return parser.parse({ task: 'understand', bytes, abi: 'adapter', wit, limits: ROOMY, secondOpinion: true });
}

const real = () => readFile(join(ROOT, 'node_modules', REDACT.slice('npm:'.length)));

async function errorOf(parsing: Promise<string>): Promise<unknown> {
  return await parsing.then(
    () => null,
    (error: unknown) => error,
  );
}

/** `count` copies of `item`, after their count. */
function many(count: number, item: readonly number[]): Uint8Array {
  const head = leb(count);
  const out = new Uint8Array(head.length + count * item.length);
  out.set(head);
  for (let i = 0; i < count; i++) out.set(item, head.length + i * item.length);
  return out;
}

function bigSection(id: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([id, ...leb(content.length)]), content]);
}

/** A component in a component in a component … */
function nested(depth: number): Uint8Array {
  let inner = component();
  for (let i = 0; i < depth; i++) inner = component(bigSection(4, inner));
  return inner;
}

/** Type k is a tuple of type k-1 twice: 2^n nodes in 5 n bytes. */
function doubling(n: number): Uint8Array {
  const types: number[] = [0x6f, 1, 0x7f];
  for (let i = 1; i < n; i++) types.push(0x6f, 2, ...leb(i - 1), ...leb(i - 1));
  return component(section(7, [...leb(n), ...types]), section(11, [1, 0, 1, 0x61, 3, ...leb(n - 1), 0]));
}

/** Type k is a list of type k-1. */
function deepLists(n: number): Uint8Array {
  const types: number[] = [0x70, 0x7f];
  for (let i = 1; i < n; i++) types.push(0x70, ...leb(i - 1));
  return component(section(7, [...leb(n), ...types]));
}

const cases: readonly (readonly [string, () => Uint8Array])[] = [
  ['a header alone, of a version that nobody knows', () => Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0e, 0, 1, 0])],
  ['a section that claims four gigabytes', () => component(Uint8Array.from([7, 0xff, 0xff, 0xff, 0xff, 0x0f]))],
  ['a vector that claims four billion items', () => component(section(7, [0xff, 0xff, 0xff, 0xff, 0x0f]))],
  ['a number without end', () => component(section(7, new Array(1000).fill(0xff)))],
  ['10,000 components in one another', () => nested(10_000)],
  ['a type that doubles 60 times', () => doubling(60)],
  ['a type that doubles 500 times', () => doubling(500)],
  ['lists of lists, 100,000 deep', () => deepLists(100_000)],
  ['a million imports of nothing', () => component(bigSection(10, many(1_000_000, [0, 1, 0x61, 1, 0])))],
  ['an unknown section', () => component(section(99, [1, 2, 3]))],
  ['an export of what is not there', () => component(section(11, [1, 0, 1, 0x61, 1, 7, 0]))],
  ['a core module that is none', () => component(section(1, [1, 2, 3, 4, 5, 6, 7, 8]))],
  ['a name that is no UTF-8', () => component(section(10, [1, 0, 1, 0xff, 1, 0]))],
];

describe('hostile components', () => {
  it.each(cases)('%s', async (_, make) => {
    const started = performance.now();
    const error = await errorOf(parse(make()));
    expect(error).toMatchObject({ code: expect.stringMatching(/^(WASM_|COMPONENT_|LOAD_)/) });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('cut off at any byte', async () => {
    const bytes = await real();
    for (let i = 0; i < 60; i++) {
      // Dense near the start, where the structure is.
      const length = Math.floor(bytes.length * (i / 60) ** 3);
      expect(isCofferdamError(await errorOf(parse(bytes.subarray(0, length)))), `cut at ${length}`).toBe(true);
    }
  });

  it('of random bytes', async () => {
    for (let i = 0; i < 100; i++) {
      const bytes = component(crypto.getRandomValues(new Uint8Array(1 + i * 10)));
      expect(isCofferdamError(await errorOf(parse(bytes)))).toBe(true);
    }
  });

  it('with one byte changed: understood by both decoders, or refused', async () => {
    const bytes = await real();
    // The structure is in the first and the last kilobytes; most of the rest is code.
    const places = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? i * 8 : bytes.length - i * 20));
    for (const place of places) {
      const damaged = Uint8Array.from(bytes);
      damaged[place] = (damaged[place] ?? 0) ^ (1 << (place % 8));
      const outcome = await parse(damaged).catch((error: unknown) => error);
      if (typeof outcome === 'string') expect(readUnderstanding(outcome, damaged.length)).not.toBe(null);
      else
        expect(outcome).toMatchObject({ code: expect.stringMatching(/^(WASM_|COMPONENT_|LOAD_DIS|LOAD_KIND|LIMIT_)/) });
    }
  });
});

describe('hostile core modules', () => {
  it.each([
    ['a million imports', () => coreModule(section(1, [1, 0x60, 0, 0]), bigSection(2, many(1_000_001, [0, 0, 0, 0])))],
    ['a million types', () => coreModule(bigSection(1, many(1_000_001, [0x60, 0, 0])))],
    ['a hundred thousand tables too many', () => coreModule(bigSection(4, many(100_001, [0x70, 0, 0])))],
    ['bytes that are none', () => Uint8Array.from([1, 2, 3, 4])],
  ])('%s', async (_, make) => {
    const error = await errorOf(parseCore(make()));
    expect(error).toMatchObject({ code: expect.stringMatching(/^(WASM_|COMPONENT_|LOAD_)/) });
  });
});

describe('after all that', () => {
  it('an honest file is understood', async () => {
    const bytes = await real();
    const understanding = readUnderstanding(await parse(bytes), bytes.length);
    expect(understanding?.plan?.world.exports.map(({ id }) => id)).toEqual(['redact']);
  });
});
