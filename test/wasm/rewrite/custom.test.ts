import { describe, expect, it } from 'vitest';
import { Reader } from '../../../src/wasm/reader.ts';
import type { RewriteOptions } from '../../../src/wasm/rewrite/index.ts';
import { bytes, coreModule, leb, type Part, section, vec } from '../support/bytes.ts';
import { rewritten, wat } from './support.ts';

const custom = (name: string, ...content: Part[]) => section(0, name, ...content);
const sectionsOf = (module: Uint8Array, name: string): Uint8Array[] =>
  WebAssembly.Module.customSections(new WebAssembly.Module(module as Uint8Array<ArrayBuffer>), name).map(
    (content) => new Uint8Array(content),
  );

/** `if` at the offset 9 of the body, `br_if` in a loop at 18. */
const BODY = bytes(
  [1, 1, 0x7e], // locals
  [0x01, 0x01, 0x01, 0x10, 0x00], // nop, nop, nop, call
  [0x20, 0x00, 0x04, 0x40, 0x0b], // local.get, if
  [0x03, 0x40, 0x01, 0x20, 0x00, 0x0d, 0x00, 0x0b], // loop, nop, local.get, br_if
  0x0b,
);
const IF = 10;
const BR_IF = 18;

function hinted(): Uint8Array {
  const idle = bytes(0, 0x0b);
  return coreModule(
    section(
      1,
      vec([
        [0x60, vec([]), vec([])],
        [0x60, vec([0x7f]), vec([])],
      ]),
    ),
    section(3, vec([0, 1])),
    custom(
      'metadata.code.branch_hint',
      vec([
        [
          1,
          vec([
            [IF, 1, 0],
            [BR_IF, 1, 1],
          ]),
        ],
      ]),
    ),
    section(
      10,
      vec([
        [leb(idle.length), idle],
        [leb(BODY.length), BODY],
      ]),
    ),
  );
}

/** Where the `if` without a body and the only `br_if` of the last function stand in it. */
function branches(module: Uint8Array): number[] {
  const reader = Reader.over(module, 'module');
  reader.skip(8);
  while (reader.byte() !== 10) reader.skip(reader.u32());
  reader.u32();
  reader.u32();
  reader.skip(reader.u32());
  const body = Buffer.from(module.subarray(reader.offset + 1));
  return [body.indexOf(Buffer.from([0x04, 0x40, 0x0b])), body.lastIndexOf(Buffer.from([0x0d, 0x00, 0x0b, 0x0b]))];
}

describe('branch hints', () => {
  it.each([
    {},
    { fuel: 'own' },
    { fuel: 'shared', interrupt: false },
  ] as const)('move with their branches: %j', (options: Partial<RewriteOptions>) => {
    expect([BODY[IF], BODY[BR_IF]]).toEqual([0x04, 0x0d]);
    const { bytes: module } = rewritten(hinted(), options);
    const [content] = sectionsOf(module, 'metadata.code.branch_hint');
    const [whenIf = 0, whenBrIf = 0] = branches(module);
    expect(whenIf).toBeGreaterThan(IF);
    expect(content).toEqual(Uint8Array.from([1, 1, 2, whenIf, 1, 0, whenBrIf, 1, 1]));
  });

  it('that cannot be read are left out', () => {
    const broken = coreModule(custom('metadata.code.branch_hint', [9, 9]));
    expect(sectionsOf(rewritten(broken).bytes, 'metadata.code.branch_hint')).toEqual([]);
  });
});

describe('custom sections', () => {
  it('with offsets into the code are left out, others are kept', () => {
    const names = [
      '.debug_info',
      '.debug_line',
      'sourceMappingURL',
      'external_debug_info',
      'metadata.code.x',
      'reloc.CODE',
      'linking',
    ];
    const kept = ['producers', 'target_features', 'dylink.0', 'debug', 'mine'];
    const module = coreModule(...[...names, ...kept].map((name) => custom(name, 'content')));
    const { bytes: made } = rewritten(module);
    expect(names.flatMap((name) => sectionsOf(made, name))).toEqual([]);
    expect(kept.map((name) => sectionsOf(made, name))).toEqual(kept.map((name) => sectionsOf(module, name)));
  });

  it('with names stay right', () => {
    const module = wat('(module (import "e" "i" (global $imported i32)) (global $own i32 (i32.const 1)) (func $f))');
    const indexOf = (content: Uint8Array | undefined, name: string) =>
      content?.[Buffer.from(content).indexOf(Buffer.from(bytes(name))) - 1];
    const globals = (content: Uint8Array | undefined) => ['imported', 'own', 'f'].map((name) => indexOf(content, name));
    expect(globals(sectionsOf(module, 'name')[0])).toEqual([0, 1, 0]);
    expect(globals(sectionsOf(rewritten(module, { fuel: 'own' }).bytes, 'name')[0])).toEqual([0, 1, 0]);
    expect(globals(sectionsOf(rewritten(module, { fuel: 'shared' }).bytes, 'name')[0])).toEqual([0, 2, 0]);
  });
});
