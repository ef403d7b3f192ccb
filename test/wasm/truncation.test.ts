import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ComponentAst, decodeComponent, inspectModule, planComponent } from '../../src/wasm/index.ts';
import { bytes, leb } from './support/bytes.ts';
import { codeOf, errorOf } from './support/errors.ts';
import { CANON_WAT, MODULES_WAT, NESTED_WAT, TYPES_WAT } from './support/seeds.ts';

const PLACED = { offset: expect.any(Number), section: expect.any(String) };

/** Where a top-level section ends, the rest is a shorter component that may well be valid. */
function sectionEnds(file: Uint8Array): Set<number> {
  const ends = new Set([8]);
  for (let at = 8; at < file.length; ) {
    let size = 0;
    let next = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = file[next++] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at = next + size;
    ends.add(at);
  }
  return ends;
}

describe.each([
  ['nested', NESTED_WAT],
  ['types', TYPES_WAT],
  ['canon', CANON_WAT],
  ['modules', MODULES_WAT],
])('the component `%s`', (_, wat) => {
  let file: Uint8Array;
  beforeAll(async () => {
    file = await parse(wat);
  });

  it('cut off at any byte says so', () => {
    const ends = sectionEnds(file);
    for (let end = 0; end < file.length; end++) {
      const cut = file.slice(0, end);
      if (ends.has(end))
        expect(['none', 'COMPONENT_INVALID', 'WASM_UNSUPPORTED']).toContain(codeOf(() => planComponent(cut)));
      else expect(errorOf(() => planComponent(cut))).toMatchObject({ code: 'WASM_TRUNCATED', details: PLACED });
    }
  });

  it('with something after its end says so', () => {
    expect(codeOf(() => planComponent(bytes(file, 0x0e)))).toBe('WASM_MALFORMED');
    expect(codeOf(() => planComponent(bytes(file, 0x07)))).toBe('WASM_TRUNCATED');
  });

  it('with any byte changed to the largest is read or refused, soon', () => {
    for (let at = 0; at < file.length; at++) {
      const code = codeOf(() => planComponent(file.with(at, 0xff)));
      expect([
        'none',
        'WASM_TRUNCATED',
        'WASM_MALFORMED',
        'WASM_LIMIT',
        'WASM_UNSUPPORTED',
        'COMPONENT_INVALID',
      ]).toContain(code);
    }
  });
});

describe('a core module', () => {
  it('cut off at any byte, or with lying sizes, says so', async () => {
    const file = await parse(MODULES_WAT);
    const range = moduleIn(decodeComponent(file));
    const module = file.slice(range.start, range.end);
    const ends = sectionEnds(module);
    for (let end = 0; end < module.length; end++) {
      const code = codeOf(() => inspectModule(module.slice(0, end)));
      if (ends.has(end)) expect(['none', 'WASM_MALFORMED']).toContain(code);
      else expect(code).toBe('WASM_TRUNCATED');
    }
  });
});

describe('sizes that lie', () => {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

  it.each([
    ['a section', [7, leb(2 ** 32 - 1)]],
    ['a count', [7, leb(5), leb(2 ** 32 - 1)]],
    ['a name', [10, leb(7), 1, 0, leb(2 ** 32 - 1)]],
    ['a nested component', [4, leb(100), header]],
    ['a nested core module', [1, leb(8), 0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00]],
    ['the fields of a record', [7, leb(4), 1, 0x72, leb(200)]],
  ])('%s', (_, parts) => {
    expect(['WASM_TRUNCATED', 'WASM_LIMIT']).toContain(codeOf(() => planComponent(bytes(header, parts))));
  });

  it.each([
    ['a section', [7, [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]]],
    ['a count', [7, leb(6), [0xff, 0xff, 0xff, 0xff, 0x7f], 0]],
    ['an index', [7, leb(7), 1, 0x69, [0x80, 0x80, 0x80, 0x80, 0x10]]],
  ])('%s that is no 32-bit number', (_, parts) => {
    expect(codeOf(() => planComponent(bytes(header, parts)))).toBe('WASM_MALFORMED');
  });
});

function moduleIn({ definitions }: ComponentAst) {
  const [found] = definitions.filter((definition) => definition.kind === 'core-module');
  if (found === undefined) throw new Error('no core module');
  return found.range;
}
