import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import wabtInit from 'wabt';
import { inspectModule } from '../../src/wasm/module.ts';
import { applyEdits, capLimits, limitEdits, PAGE_BYTES } from '../../src/wasm/rewrite-limits.ts';

type Wabt = Awaited<ReturnType<typeof wabtInit>>;
let wabt: Wabt;
beforeAll(async () => {
  wabt = await wabtInit();
});

const ROOMY = { memoryBytes: 64 * 1_048_576, tableEntries: 10_000 };

function wat(text: string): Uint8Array {
  const module = wabt.parseWat('test.wat', text, { memory64: true, reference_types: true });
  return Uint8Array.from(module.toBinary({}).buffer);
}

function maxima(module: Uint8Array) {
  const { memories, tables } = inspectModule(module);
  return { memories: memories.map(({ max }) => max), tables: tables.map(({ max }) => max) };
}

async function growable(module: Uint8Array, name = 'memory'): Promise<number> {
  const { instance } = await WebAssembly.instantiate(module);
  const memory = instance.exports[name] as WebAssembly.Memory;
  let pages = memory.buffer.byteLength / PAGE_BYTES;
  try {
    for (; pages < 100_000; pages++) memory.grow(1);
  } catch {
    // A RangeError: this is as far as it goes.
  }
  return pages;
}

function section(id: number, content: number[]): number[] {
  return [id, content.length, ...content];
}

function module(...sections: number[][]): Uint8Array {
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}

describe('one memory', () => {
  it('cannot grow past the limit, to the page', async () => {
    const capped = capLimits(wat('(module (memory (export "memory") 1))'), { ...ROOMY, memoryBytes: 5 * PAGE_BYTES });
    expect(await growable(capped)).toBe(5);
  });

  it('gets whole pages only', () => {
    const source = wat('(module (memory 1))');
    const at = (memoryBytes: number) => maxima(capLimits(source, { ...ROOMY, memoryBytes })).memories;
    expect(at(2 * PAGE_BYTES - 1)).toEqual([1]);
    expect(at(2 * PAGE_BYTES)).toEqual([2]);
  });

  it('keeps a declared maximum that is low enough, byte for byte', () => {
    const source = wat('(module (memory 1 3) (table 2 5 funcref))');
    expect(capLimits(source, ROOMY)).toEqual(source);
  });

  it('may start with exactly the limit and not with one page more', () => {
    const source = wat('(module (memory 4))');
    expect(maxima(capLimits(source, { ...ROOMY, memoryBytes: 4 * PAGE_BYTES })).memories).toEqual([4]);
    expect(() => capLimits(source, { ...ROOMY, memoryBytes: 4 * PAGE_BYTES - 1 })).toThrow(
      expect.objectContaining({
        code: 'LIMIT_MEMORY_INITIAL',
        details: { wantedBytes: 4 * PAGE_BYTES, limitBytes: 3 * PAGE_BYTES },
      }),
    );
  });

  it('can be empty when the limit is nothing', async () => {
    const capped = capLimits(wat('(module (memory (export "memory") 0))'), { memoryBytes: 0, tableEntries: 0 });
    expect(await growable(capped)).toBe(0);
  });

  it('is capped with 64-bit addresses too', () => {
    const capped = capLimits(wat('(module (memory i64 1))'), { ...ROOMY, memoryBytes: 9 * PAGE_BYTES });
    expect(maxima(capped).memories).toEqual([9]);
    expect(WebAssembly.validate(capped)).toBe(true);
  });

  it('of 2^48 pages to start with is refused', () => {
    const huge = module(section(5, [1, 0x04, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]));
    expect(() => capLimits(huge, ROOMY)).toThrow(expect.objectContaining({ code: 'LIMIT_MEMORY_INITIAL' }));
  });
});

describe('what is imported', () => {
  it('stays as declared, and is refused when nobody could provide it', () => {
    const source = wat('(module (import "a" "m" (memory 2)) (import "a" "t" (table 3 funcref)))');
    const two = { memoryBytes: 2 * PAGE_BYTES, tableEntries: 3 };
    expect(capLimits(source, two)).toEqual(source);
    expect(() => capLimits(source, { ...two, memoryBytes: PAGE_BYTES })).toThrow(
      expect.objectContaining({ code: 'LIMIT_MEMORY_INITIAL' }),
    );
    expect(() => capLimits(source, { ...two, tableEntries: 2 })).toThrow(
      expect.objectContaining({ code: 'LIMIT_TABLE_INITIAL' }),
    );
  });

  it('is skipped whatever its kind', () => {
    // One import each of function, table, memory, global of a typed reference, tag; then a memory.
    const imports = [5, 0, 0, 0, 0, 0, 0, 1, 0x70, 0, 1, 0, 0, 2, 0, 1, 0, 0, 3, 0x63, 0x70, 0, 0, 0, 4, 0, 0];
    const source = module(section(1, [1, 0x60, 0, 0]), section(2, imports), section(5, [1, 0, 1]));
    expect(WebAssembly.validate(source)).toBe(true);
    const capped = capLimits(source, { ...ROOMY, memoryBytes: 4 * PAGE_BYTES });
    expect(maxima(capped).memories).toEqual([null, 4]);
    expect(WebAssembly.validate(capped)).toBe(true);
  });
});

describe('shared memories', () => {
  it.each([
    ['defined', '(module (memory 1 2 shared))'],
    ['imported', '(module (import "a" "m" (memory 1 2 shared)))'],
  ])('are refused when %s', (_, text) => {
    const source = Uint8Array.from(wabt.parseWat('t.wat', text, { threads: true }).toBinary({}).buffer);
    expect(() => capLimits(source, ROOMY)).toThrow(expect.objectContaining({ code: 'LIMIT_SHARED' }));
  });
});

describe('tables', () => {
  it('of each kind get a maximum and still work', async () => {
    const source = module(
      section(1, [1, 0x60, 0, 0]),
      section(3, [1, 0]),
      // funcref; externref; (ref null func) of one entry with an initialiser ref.func 0; i64 funcref
      section(4, [4, 0x70, 0, 1, 0x6f, 0, 1, 0x40, 0, 0x64, 0, 0, 1, 0xd2, 0, 0x0b, 0x70, 4, 1]),
      section(7, [1, 1, 0x74, 1, 2]),
      section(10, [1, 2, 0, 0x0b]),
    );
    expect(WebAssembly.validate(source)).toBe(true);
    const capped = capLimits(source, { ...ROOMY, tableEntries: 100 });
    expect(WebAssembly.validate(capped)).toBe(true);
    const found = maxima(capped).tables as number[];
    expect(found.every((max) => max >= 1)).toBe(true);
    expect(found.reduce((sum, max) => sum + max)).toBeLessThanOrEqual(100);
    const { instance } = await WebAssembly.instantiate(capped);
    expect(typeof (instance.exports.t as WebAssembly.Table).get(0)).toBe('function');
  });

  it('may start with exactly the limit and not with one entry more', () => {
    const source = wat('(module (table 10 funcref))');
    expect(maxima(capLimits(source, { ...ROOMY, tableEntries: 10 })).tables).toEqual([10]);
    expect(() => capLimits(source, { ...ROOMY, tableEntries: 9 })).toThrow(
      expect.objectContaining({ code: 'LIMIT_TABLE_INITIAL' }),
    );
  });
});

describe('several memories', () => {
  const memories = fc.array(
    fc.record({ min: fc.nat(20), extra: fc.option(fc.nat(200)), count: fc.integer({ min: 1, max: 3 }) }),
    { minLength: 1, maxLength: 5 },
  );

  it('never exceed the limit together, and each keeps its initial size', () => {
    fc.assert(
      fc.property(memories, fc.integer({ min: 0, max: 400 }), (declared, pages) => {
        const sources = declared.map(({ min, extra, count }) => ({
          bytes: wat(`(module (memory ${min} ${extra === null ? '' : min + extra}))`),
          count,
        }));
        const initial = declared.reduce((sum, { min, count }) => sum + min * count, 0);
        const limits = { ...ROOMY, memoryBytes: pages * PAGE_BYTES };
        if (initial > pages) {
          expect(() => limitEdits(sources, limits)).toThrow(expect.objectContaining({ code: 'LIMIT_MEMORY_INITIAL' }));
          return;
        }
        const edits = limitEdits(sources, limits);
        let total = 0;
        for (const [i, { bytes, count }] of sources.entries()) {
          const { min, extra } = declared[i] as (typeof declared)[number];
          const [max] = maxima(applyEdits(bytes, edits[i] ?? [])).memories;
          expect(max).toBeGreaterThanOrEqual(min);
          if (extra !== null) expect(max).toBeLessThanOrEqual(min + extra);
          total += (max ?? Number.POSITIVE_INFINITY) * count;
        }
        expect(total).toBeLessThanOrEqual(pages);
      }),
      { numRuns: 300 },
    );
  });

  it('leave the bulk to the one that starts largest', () => {
    const source = wat('(module (memory 1) (memory 17) (memory 2))');
    const [first, main, last] = maxima(capLimits(source, { ...ROOMY, memoryBytes: 180 * PAGE_BYTES })).memories;
    // 160 pages are left after the initial sizes: an eighth, 20, for the two others.
    expect([first, main, last]).toEqual([11, 157, 12]);
  });
});

describe('the rest of the module', () => {
  const real = [
    ['@dprint/markdown', 'plugin.wasm'],
    ['@arcjet/redact-wasm', 'wasm/arcjet_analyze_bindings_redact.component.core.wasm'],
  ] as const;

  it.each(real)('%s is left as it is', (name, path) => {
    const file = new URL(`../../node_modules/${name}/${path}`, import.meta.url);
    const source = Uint8Array.from(readFileSync(file));
    const capped = capLimits(source, ROOMY);
    expect(WebAssembly.validate(capped)).toBe(true);
    expect(withoutLimits(capped)).toEqual(withoutLimits(source));
    expect(maxima(capped).memories).toEqual([ROOMY.memoryBytes / PAGE_BYTES]);
  });

  it.each([
    ['an empty file', new Uint8Array()],
    ['a component', Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0])],
    ['a section longer than the file', Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 100, 1])],
    ['a memory section with bytes left over', module(section(5, [1, 0, 1, 9]))],
    ['a count that lies', module(section(5, [0xff, 0xff, 0xff, 0xff, 0x0f]))],
    ['an initialiser without end', module(section(4, [1, 0x40, 0, 0x70, 0, 1, 0x41, 0]))],
    ['unknown limits', module(section(5, [1, 0x10, 1]))],
    ['pages of one byte', module(section(5, [1, 0x08, 1, 0]))],
  ])('%s is an error', (_, bytes) => {
    expect(() => capLimits(bytes, ROOMY)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^WASM_(TRUNCATED|MALFORMED|LIMIT)$/) }),
    );
  });

  it('random damage gives an error of ours or a module within the limit', () => {
    const source = wat('(module (import "a" "b" (func)) (memory 1) (memory 2 9) (table 3 funcref))');
    fc.assert(
      fc.property(fc.nat(source.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Uint8Array.from(source);
        damaged[at] = byte;
        let capped: Uint8Array;
        try {
          capped = capLimits(damaged, { memoryBytes: 10 * PAGE_BYTES, tableEntries: 10 });
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(WASM|LIMIT)_/) });
          return;
        }
        if (!WebAssembly.validate(capped)) return;
        const { memories } = inspectModule(capped);
        const total = memories.reduce((sum, { max, imported }) => sum + (imported ? 0 : (max ?? Infinity)), 0);
        expect(total).toBeLessThanOrEqual(10);
      }),
      { numRuns: 2000 },
    );
  });
});

/** All sections but tables and memories. */
function withoutLimits(bytes: Uint8Array): string {
  const kept: Uint8Array[] = [];
  let at = 8;
  while (at < bytes.length) {
    const start = at++;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += size;
    if (bytes[start] !== 4 && bytes[start] !== 5) kept.push(bytes.subarray(start, at));
  }
  return Buffer.concat(kept).toString('base64');
}
