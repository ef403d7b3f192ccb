import { describe, expect, it } from 'vitest';
import type { RewriteOptions } from '../../../src/wasm/rewrite/index.ts';
import { bytes, coreModule, leb, type Part, section, vec } from '../support/bytes.ts';
import { codeOf, errorOf } from '../support/errors.ts';
import { rewritten, wat } from './support.ts';

const EVERYTHING: readonly Partial<RewriteOptions>[] = [
  {},
  { fuel: 'own' },
  { fuel: 'shared' },
  { snapshot: true },
  { fuel: 'own', snapshot: true },
  { snapshot: true, restore: true },
];

function withBody(instructions: Part[], ...others: Uint8Array[]): Uint8Array {
  const body = bytes(0, instructions, 0x0b);
  const code = section(10, vec([[leb(body.length), body]]));
  const types = section(1, vec([[0x60, vec([]), vec([])]]));
  return coreModule(types, section(3, vec([0])), ...others, code);
}

const MEMORY = section(5, vec([[0, 1]]));
const GLOBAL = section(6, vec([[0x7f, 1, 0x41, 0, 0x0b]]));
const TABLE = section(4, vec([[0x70, 0, 1]]));

describe('what only the rewriting would give a meaning is refused', () => {
  const cases: Readonly<Record<string, Uint8Array>> = {
    'the interrupt memory, by a load': withBody([0x41, 0, 0x28, 0x42, 1, 0, 0x1a], MEMORY),
    'the interrupt memory, by a store': withBody([0x41, 0, 0x41, 1, 0x36, 0x42, 1, 0], MEMORY),
    'the interrupt memory of a module without one': withBody([0x41, 0, 0x41, 1, 0x36, 2, 0]),
    'the interrupt memory, by its size': withBody([0x3f, 1, 0x1a], MEMORY),
    'the interrupt memory, by a copy': withBody([0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 10, 0, 1], MEMORY),
    'the interrupt memory, by a fill': withBody([0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 1], MEMORY),
    'the interrupt memory, by a vector': withBody([0x41, 0, 0xfd, 0, 0x42, 1, 0, 0x1a], MEMORY),
    'the interrupt memory, exported': withBody([], MEMORY, section(7, vec([['m', 2, 1]]))),
    'the fuel, read': withBody([0x23, 1, 0x1a], GLOBAL),
    'the fuel, written': withBody([0x42, 0, 0x24, 1], GLOBAL),
    'the fuel, written, of a module without globals': withBody([0x42, 0, 0x24, 0]),
    'the fuel, exported': withBody([], GLOBAL, section(7, vec([['g', 3, 1]]))),
    'the local of the fuel': withBody([0x42, 0, 0x21, 0]),
    'the table of functions': withBody(
      [0x41, 0, 0x25, 1, 0x1a],
      TABLE,
      section(9, vec([[0, 0x41, 0, 0x0b, vec([0])]])),
    ),
    'the table of functions, by a call': withBody([0x41, 0, 0x11, 0, 0]),
    'the segment of functions': withBody(
      [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 12, 1, 0],
      TABLE,
      section(9, vec([[1, 0, vec([0])]])),
    ),
    'the segment of functions, dropped': withBody([0xfc, 13, 1], TABLE, section(9, vec([[1, 0, vec([0])]]))),
  };

  it.each(Object.entries(cases))('%s', (_, module) => {
    expect(WebAssembly.validate(module as Uint8Array<ArrayBuffer>)).toBe(false);
    for (const options of EVERYTHING) {
      expect(codeOf(() => rewritten(module, options))).toBe('WASM_MALFORMED');
    }
  });

  it('but the last index that there is, is not', () => {
    const module = withBody(
      [
        [0x41, 0, 0x28, 0x02, 0, 0x1a],
        [0x23, 0, 0x24, 0],
        [0x41, 0, 0x25, 0, 0x1a],
        [0xfc, 13, 0],
      ],
      TABLE,
      MEMORY,
      GLOBAL,
      section(9, vec([[1, 0, vec([0])]])),
    );
    for (const options of EVERYTHING) {
      expect(WebAssembly.validate(rewritten(module, options).bytes as Uint8Array<ArrayBuffer>)).toBe(true);
    }
  });
});

describe('what is left out must not have been wrong', () => {
  it('a memory section behind the globals', () => {
    expect(codeOf(() => rewritten(withBody([], GLOBAL, MEMORY)))).toBe('WASM_MALFORMED');
  });

  it('two memory sections', () => {
    expect(codeOf(() => rewritten(withBody([], MEMORY, MEMORY)))).toBe('WASM_MALFORMED');
  });

  it('a memory with more pages than there can be, or a maximum below the minimum', () => {
    for (const limits of [
      [0, leb(65537)],
      [1, 2, 1],
    ]) {
      expect(codeOf(() => rewritten(withBody([], section(5, vec([limits])))))).toBe('WASM_MALFORMED');
    }
  });

  it('a start function with parameters, or that is not there', () => {
    const types = section(1, vec([[0x60, vec([0x7f]), vec([])]]));
    const parts = [types, section(3, vec([0]))];
    const code = section(10, vec([[2, 0, 0x0b]]));
    for (const start of [0, 1]) {
      const module = coreModule(...parts, section(8, start), code);
      expect(codeOf(() => rewritten(module, { restore: true }))).toBe('WASM_MALFORMED');
    }
  });

  it('a data segment for a memory that is not there', () => {
    const module = coreModule(MEMORY, section(11, vec([[2, 1, 0x41, 0, 0x0b, 'x']])));
    expect(codeOf(() => rewritten(module, { restore: true }))).toBe('WASM_MALFORMED');
  });
});

describe('what is not run is refused', () => {
  it.each([
    ['imports from', '(module (import "cofferdam:rewrite" "interrupt" (memory 1)))'],
    ['imports', '(module (import "env" "cofferdam:x" (func)))'],
    ['exports', '(module (func (export "cofferdam:fuel")))'],
  ])('a guest that %s a name of the runtime', (_, source) => {
    expect(codeOf(() => rewritten(wat(source)))).toBe('WASM_RESERVED_NAME');
  });

  it('but a name that only resembles one is free', () => {
    expect(codeOf(() => rewritten(wat('(module (import "cofferdam" "x" (func)) (func (export "cofferdam")))')))).toBe(
      'none',
    );
  });

  it('shared memories, of its own and imported', () => {
    expect(codeOf(() => rewritten(wat('(module (memory 1 1 shared))')))).toBe('LIMIT_SHARED');
    expect(codeOf(() => rewritten(wat('(module (import "e" "m" (memory 1 1 shared)))')))).toBe('LIMIT_SHARED');
  });

  it('atomic instructions', () => {
    const module = wat('(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))');
    const { code, details } = errorOf(() => rewritten(module));
    expect({ code, feature: details.feature }).toEqual({ code: 'WASM_UNSUPPORTED', feature: 'threads' });
  });

  it.each([
    [[0x16]],
    [[0xc5]],
    [[0xff, 0]],
    [[0xfb, 0x7f]],
    [[0xfc, 0x7f]],
    [[0xfd, 0xff, 0x7f]],
  ])('the unknown instruction %j, with its place', (instruction) => {
    const module = withBody([0x01, instruction]);
    const { code, details } = errorOf(() => rewritten(module));
    expect(code).toBe('WASM_UNSUPPORTED');
    expect(details.offset).toBe(module.length - 1 - instruction.length);
  });

  it('an instruction that leads out of its function', () => {
    expect(codeOf(() => rewritten(withBody([0x44, 0, 0])))).toBe('WASM_TRUNCATED');
    expect(codeOf(() => rewritten(withBody([0x0e, leb(4_000_000_000)])))).toBe('WASM_TRUNCATED');
  });

  it('a function with more after its end, or without one', () => {
    expect(codeOf(() => rewritten(withBody([0x0b, 0x01])))).toBe('WASM_MALFORMED');
    expect(codeOf(() => rewritten(withBody([0x02, 0x40])))).toBe('WASM_MALFORMED');
  });

  it('a function that its checks make larger than the engine takes', () => {
    const loops = new Uint8Array(3 * 700_000).map((_, i) => [0x03, 0x40, 0x0b][i % 3] as number);
    const module = withBody([loops]);
    expect(WebAssembly.validate(module as Uint8Array<ArrayBuffer>)).toBe(true);
    expect(codeOf(() => rewritten(module))).toBe('WASM_LIMIT');
  });
});
