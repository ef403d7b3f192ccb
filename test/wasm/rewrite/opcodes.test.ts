import { describe, expect, it } from 'vitest';
import { isCofferdamError } from '../../../src/error.ts';
import { rewrite } from '../../../src/wasm/rewrite/index.ts';
import { bytes, coreModule, leb, section, vec } from '../support/bytes.ts';

/**
 * Every instruction, with many immediates, is told apart as V8 does it: after `unreachable` any operands are there. What is
 * valid is valid once it is rewritten, and the check is where the loop is, so nothing was misread. What is invalid never
 * becomes valid.
 */
const ENVIRONMENT = {
  types: [
    [0x60, vec([]), vec([])],
    [0x50, vec([]), 0x5f, vec([[0x7f, 1]])], // struct of an i32
    [0x5e, 0x78, 1], // array of i8
    [0x5e, 0x70, 1], // array of funcref
  ],
  tables: [[0x70, 0, 1]],
  memories: [[0, 1]],
  tags: [[0, 0]],
  globals: [[0x7f, 1, 0x41, 0, 0x0b]],
  elements: [[1, 0, vec([0])]],
};

/** Room for the instructions that are tried; what is left of it is `unreachable`. */
const ROOM = 40;
const BARE = [section(1, vec(ENVIRONMENT.types)), section(3, vec([0]))];
const BODY = [0x01, 0x01, 0x7f, 0x00, Array.from({ length: ROOM }, () => 0), [0x03, 0x40, 0x0b, 0x00, 0x0b]];
const CODE = section(10, vec([[leb(bytes(BODY).length), BODY]]));
const EMPTY = coreModule(...BARE, CODE);
const FULL = coreModule(
  ...BARE,
  section(4, vec(ENVIRONMENT.tables)),
  section(5, vec(ENVIRONMENT.memories)),
  section(13, vec(ENVIRONMENT.tags)),
  section(6, vec(ENVIRONMENT.globals)),
  section(9, vec(ENVIRONMENT.elements)),
  section(12, leb(1)),
  CODE,
  section(11, vec([[1, 'data']])),
);

function moduleWith(environment: Uint8Array, ...instructions: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  const module = Uint8Array.from(environment);
  let at = Buffer.from(module).indexOf(Buffer.alloc(ROOM + 1));
  for (const bytes of instructions) {
    module.set(bytes, at + 1);
    at += bytes.length;
  }
  return module;
}

/** block, loop, if, try, try_table */
const OPENING = [0x02, 0x03, 0x04, 0x06, 0x1f];
const PREFIXED: readonly (readonly [prefix: number, count: number])[] = [
  [0xfb, 40],
  [0xfc, 30],
  [0xfd, 0x130],
];
const OPCODES: readonly (readonly number[])[] = [
  ...Array.from({ length: 256 }, (_, op) => [op]).filter(([op]) => ![0xfb, 0xfc, 0xfd, 0xfe].includes(op ?? 0)),
  ...PREFIXED.flatMap(([prefix, count]) => Array.from({ length: count }, (_, code) => [prefix, ...leb(code)])),
];

/** Up to four immediates of these, then some of their own. */
const SMALL = [0x00, 0x01, 0x40];
const IMMEDIATES: readonly (readonly number[])[] = [
  [],
  ...combinations(1),
  ...combinations(2),
  ...combinations(3),
  ...combinations(4).filter((list) => !list.includes(0x40)),
  [0x80, 0x80, 0x80, 0x80, 0x00],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0x63, 0x01],
  [0x64, 0x80, 0x00],
  [0x6e],
  [1, 0x6e, 0x6e],
  [1, 0, 0x6e, 0x6e],
  [2],
  [3],
  [2, 0],
  [3, 0],
  [0, 2],
  [2, 2],
  [2, 0, 2],
  [1, 0x63, 0x02],
  [2, 0x7f, 0x63, 0x6e],
  [0x40, 4, 0, 0, 0, 1, 0, 0, 2, 0, 3, 0],
  [0, 0, 0x41, 0],
  Array.from({ length: 16 }, () => 0),
  Array.from({ length: 16 }, () => 3),
];

function combinations(length: number): number[][] {
  if (length === 0) return [[]];
  return combinations(length - 1).flatMap((rest) => SMALL.map((byte) => [...rest, byte]));
}

const MODES = [
  { interrupt: true, fuel: false, snapshot: false },
  { interrupt: true, fuel: 'own', snapshot: true },
  { interrupt: false, fuel: 'shared', snapshot: false },
] as const;
const INTERRUPT_BYTES = 13;

describe('instructions', () => {
  it('are told apart as the engine does it', () => {
    const wrong: string[] = [];
    const seen = new Set<string>();
    for (const op of OPCODES) {
      // Of the vector instructions there are many, and none has small immediates beyond three.
      const many = op[0] === 0xfd ? IMMEDIATES.filter(({ length }) => length !== 4) : IMMEDIATES;
      for (const immediates of many) {
        // An opened block is closed: as it is, and with one `end` more.
        for (const close of OPENING.includes(op[0] ?? 0) ? [[], [0x0b]] : [[]]) {
          const module = moduleWith(FULL, op, immediates, close);
          const isValid = WebAssembly.validate(module);
          if (isValid) seen.add(String(op));
          const name = [...op, '|', ...immediates, '|', ...close].join(' ');
          for (const mode of isValid ? MODES : MODES.slice(0, 1))
            wrong.push(...complaints(name, module, mode, isValid));
        }
      }
    }
    expect(wrong).toEqual([]);
    // Not all of them are valid in this environment, but by far most of the 515 that exist are.
    expect(seen.size).toBeGreaterThan(490);
  });

  it('that name what only the rewriting adds are refused', () => {
    const wrong: string[] = [];
    for (const op of OPCODES) {
      for (const immediates of IMMEDIATES.filter(({ length }) => length < 3)) {
        const module = moduleWith(EMPTY, op, immediates);
        const isValid = WebAssembly.validate(module);
        for (const mode of MODES) {
          if (!isValid) wrong.push(...complaints([...op, '|', ...immediates].join(' '), module, mode, false));
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

function complaints(name: string, module: Uint8Array, mode: (typeof MODES)[number], isValid: boolean): string[] {
  try {
    const { bytes: made } = rewrite(module, mode);
    if (WebAssembly.validate(made as Uint8Array<ArrayBuffer>) !== isValid)
      return [`${name}: ${isValid ? 'in' : ''}valid`];
    if (mode !== MODES[0] || !isValid) return [];
    const checks = Buffer.from(made).indexOf(Buffer.from([0x03, 0x40, 0x41, 0x00, 0x28, 0x42, 0x01, 0x00]));
    return checks > 0 && made.length - module.length >= INTERRUPT_BYTES ? [] : [`${name}: no check`];
  } catch (error) {
    if (!isCofferdamError(error)) throw error;
    return isValid ? [`${name}: ${error.message}`] : [];
  }
}
