import { describe, expect, it } from 'vitest';
import { inspectModule, planComponent } from '../../src/wasm/index.ts';
import { WASM_LIMITS } from '../../src/wasm/limits.ts';
import {
  aliases,
  bytes,
  component,
  coreModule,
  exported,
  imports,
  instances,
  leb,
  type Part,
  section,
  typeIndex,
  types,
  vec,
} from './support/bytes.ts';
import { codeOf } from './support/errors.ts';

/**
 * ISOLATION 30 and beyond: small or large files whose parts are too many, too deep, or multiply. Each must be refused
 * by its code soon; the deadline is far above what is measured, and far below what a naive reader takes.
 */
const SOON_MS = 5000;
const FUNC_TYPE = [0x40, vec([]), 0x01, 0x00];

function codeSoon(body: () => unknown): string {
  const started = performance.now();
  const code = codeOf(body);
  expect(performance.now() - started).toBeLessThan(SOON_MS);
  return code;
}

function repeat(count: number, part: (index: number) => Part): Part[] {
  return Array.from({ length: count }, (_, index) => part(index));
}

describe('a file that is too large', () => {
  it('is refused before it is read', () => {
    const huge = new Uint8Array(WASM_LIMITS.maxBytes + 1);
    expect(codeSoon(() => planComponent(huge))).toBe('WASM_LIMIT');
    expect(codeSoon(() => inspectModule(huge))).toBe('WASM_LIMIT');
  });
});

describe('a million imports', () => {
  const core = (count: number) => {
    const item = bytes('m', 'n', 0x00, 0x00);
    const items = Buffer.alloc(item.length * count, item);
    return coreModule(section(1, vec([[0x60, vec([]), vec([])]])), section(2, leb(count), items));
  };

  it('of a core module are read, and one more is not', () => {
    expect(inspectModule(core(1_000_000)).imports).toHaveLength(1_000_000);
    expect(codeSoon(() => inspectModule(core(1_000_001)))).toBe('WASM_LIMIT');
  });

  it('of a core module in a component are refused by their equal names', () => {
    const bomb = component(section(1, core(1_000_000)));
    expect(codeSoon(() => planComponent(bomb))).toBe('COMPONENT_INVALID');
  });

  it('of a component are refused', () => {
    const many = repeat(100_000, (index) => [0x00, `a${index}`, 0x01, 0x00]);
    const bomb = component(types(FUNC_TYPE), section(10, vec(many)));
    expect(codeSoon(() => planComponent(bomb))).toBe('none');
    const more = component(types(FUNC_TYPE), section(10, leb(1_000_001), new Uint8Array(1_000_001)));
    expect(codeSoon(() => planComponent(more))).toBe('WASM_LIMIT');
  });
});

describe('nesting', () => {
  const nested = (depth: number) => {
    let inner = component();
    for (let level = 0; level < depth; level++) inner = component(section(4, inner));
    return inner;
  };

  it('of components goes down to the limit and not further', () => {
    expect(codeOf(() => planComponent(nested(WASM_LIMITS.maxNesting)))).toBe('none');
    expect(codeOf(() => planComponent(nested(WASM_LIMITS.maxNesting + 1)))).toBe('WASM_LIMIT');
    expect(codeSoon(() => planComponent(nested(5000)))).toBe('WASM_LIMIT');
  });

  it('of component types in component types', () => {
    const deep = (depth: number): Part => {
      const open = repeat(depth, () => [0x41, leb(1), 0x01]);
      return [open, 0x41, leb(0)];
    };
    expect(codeOf(() => planComponent(component(types(deep(WASM_LIMITS.maxNesting - 1)))))).toBe('none');
    expect(codeSoon(() => planComponent(component(types(deep(WASM_LIMITS.maxNesting)))))).toBe('WASM_LIMIT');
    expect(codeSoon(() => planComponent(component(types(deep(200_000)))))).toBe('WASM_LIMIT');
  });

  it('of value types', () => {
    const chain = (count: number) => component(types([0x7d], ...repeat(count, (index) => [0x6b, typeIndex(index)])));
    expect(codeOf(() => planComponent(chain(WASM_LIMITS.maxTypeDepth - 1)))).toBe('none');
    expect(codeOf(() => planComponent(chain(WASM_LIMITS.maxTypeDepth)))).toBe('WASM_LIMIT');
  });

  it('of instances in instances, which refer to each other by index', () => {
    const chain = (count: number) =>
      component(
        instances([0x01, vec([])]),
        instances(...repeat(count, (index) => [0x01, vec([[0x00, 'a', 0x05, leb(index)]])])),
      );
    expect(codeOf(() => planComponent(chain(WASM_LIMITS.maxNesting - 1)))).toBe('none');
    expect(codeOf(() => planComponent(chain(WASM_LIMITS.maxNesting)))).toBe('WASM_LIMIT');
  });

  it('of instance types in instance types, which refer to each other by index', () => {
    // Type n + 1 is an instance type that exports an instance of type n.
    const link = (index: number): Part => [
      0x42,
      vec([
        [0x02, 0x03, 0x02, leb(1), leb(index)],
        [0x04, 0x00, 'a', 0x05, leb(0)],
      ]),
    ];
    const chain = (count: number) => component(types([0x42, vec([])], ...repeat(count, link)));
    expect(codeOf(() => planComponent(chain(WASM_LIMITS.maxNesting - 1)))).toBe('none');
    expect(codeSoon(() => planComponent(chain(20_000)))).toBe('WASM_LIMIT');
  });
});

describe('a small file that multiplies', () => {
  it('types by naming one type twice in the next', () => {
    const double = repeat(90, (index) => [0x6f, vec([typeIndex(index), typeIndex(index)])]);
    expect(codeSoon(() => planComponent(component(types([0x7d], ...double))))).toBe('WASM_LIMIT');
  });

  it('component instances by instantiating one component ten times in the next', () => {
    let inner = component();
    for (let level = 0; level < 12; level++) {
      inner = component(section(4, inner), instances(...repeat(10, () => [0x00, 0x00, vec([])])));
    }
    expect(codeSoon(() => planComponent(inner))).toBe('WASM_LIMIT');
  });

  it('resources by opening a large instance type again and again', () => {
    const exportResources = repeat(2000, (index) => [0x04, 0x00, `r${index}`, 0x03, 0x01]);
    const big: Part = [0x42, vec(exportResources)];
    const opened = repeat(1001, (index) => [0x00, `i${index}`, 0x05, leb(0)]);
    expect(codeSoon(() => planComponent(component(types(big), imports(...opened.slice(0, 100)))))).toBe('none');
    expect(codeSoon(() => planComponent(component(types(big), imports(...opened))))).toBe('WASM_LIMIT');
  });

  it('work by aliasing a large outer type again and again', () => {
    const big: Part = [
      0x42,
      vec([[0x01, 0x40, vec([]), 0x01, 0x00], ...repeat(5000, (index) => [0x04, 0x00, `f${index}`, 0x01, 0x00])]),
    ];
    const inner = component(aliases(...repeat(20_000, () => [0x03, 0x02, leb(1), leb(0)])));
    expect(codeSoon(() => planComponent(component(types(big), section(4, inner))))).toBe('WASM_LIMIT');
  });

  it('work by comparing long enums again and again', () => {
    const names = vec(repeat(10_000, (index) => `n${index}`));
    const func: Part = [0x40, vec([['e', leb(1)]]), 0x01, 0x00];
    const enumType: Part = [0x6d, names];
    const side = types(enumType);
    const named: Part = [0x00, 'e', 0x03, 0x00, leb(0)];
    const inner = component(side, imports(named), types(func), imports([0x00, 'f', 0x01, leb(2)]));
    const args = vec([
      ['e', 0x03, leb(1)],
      ['f', 0x01, leb(0)],
    ]);
    const bomb = component(
      side,
      imports(named),
      types(func),
      imports([0x00, 'f', 0x01, leb(2)]),
      section(4, inner),
      instances(...repeat(900, () => [0x00, leb(0), args])),
    );
    expect(codeSoon(() => planComponent(bomb))).toBe('WASM_LIMIT');
  });

  it('a plan by lifting what was lowered, and lowering that', () => {
    const type = types(FUNC_TYPE);
    const start = imports([0x00, 'f', 0x01, 0x00]);
    const round = (index: number): Part[] => [
      [0x01, 0x00, leb(index), vec([])],
      [0x00, 0x00, leb(index), vec([]), leb(0)],
    ];
    const chain = (rounds: number) => component(type, start, section(8, vec(repeat(rounds, round).flat() as Part[])));
    expect(codeOf(() => planComponent(chain(40)))).toBe('none');
    expect(codeSoon(() => planComponent(chain(50_000)))).toBe('WASM_LIMIT');
  });

  it('exports of one function under many names', () => {
    const many = repeat(50_000, (index) => exported(`e${index}`, 0x01, 0));
    const bomb = component(types(FUNC_TYPE), imports([0x00, 'f', 0x01, 0x00]), section(11, vec(many)));
    expect(codeSoon(() => planComponent(bomb))).toBe('WASM_UNSUPPORTED');
  });
});
