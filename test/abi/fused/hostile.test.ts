import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCofferdamError } from '../../../src/error.ts';
import type { FuncType, ValType } from '../../../src/wasm/types.ts';
import { func, hostOf, makeGuest } from '../../compartment/forwarder.ts';
import { codeOf, typeOf } from '../../compartment/support.ts';
import { CALLEE_CELL, CALLER_CELL, Scene, STATE } from './scene.ts';

/** Code and guilty side of what a crossing throws. */
function outcomeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return isCofferdamError(error) ? `${error.code} ${error.message}` : `${(error as Error).message}`;
  }
}

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

const AT = 64;
const TEXT_AT = 1024;
const u32 = typeOf('u32');
const string = typeOf('string');
const enum3: ValType = { kind: 'enum', names: ['a', 'b', 'c'] };
const flags3: ValType = { kind: 'flags', names: ['a', 'b', 'c'] };
const list = (element: ValType): ValType => ({ kind: 'list', element });
const tuple = (...elements: ValType[]): ValType => ({ kind: 'tuple', elements });

type Case = readonly [type: ValType, image: Uint8Array, code: string, data?: Uint8Array];

/** Values as a hostile guest lays them out at AT, with `data` at TEXT_AT; memories have one page. */
const CASES: Readonly<Record<string, Case>> = {
  'a string beyond the end': [string, words(65536, 1), 'ABI_POINTER'],
  'a string up to the end': [string, words(65535, 1), 'none'],
  'no string at the end': [string, words(65536, 0), 'none'],
  'no string beyond the end': [string, words(65537, 0), 'ABI_POINTER'],
  'a string around the end of addresses': [string, words(0xffff_ffff, 2), 'ABI_POINTER'],
  'a string that ends at 2^32': [string, words(0xffff_fff0, 16), 'ABI_POINTER'],
  'a string of 2^28 bytes': [string, words(0, 0x1000_0000), 'ABI_LENGTH'],
  'a string of 2^28 - 1 bytes': [string, words(0, 0x0fff_ffff), 'ABI_POINTER'],
  'a string of -1 bytes': [string, words(8, 0xffff_ffff), 'ABI_LENGTH'],
  'a list that is not aligned': [list(u32), words(2, 1), 'ABI_ALIGNMENT'],
  'an empty list that is not aligned': [list(u32), words(1, 0), 'ABI_ALIGNMENT'],
  'a list half beyond the end': [list(u32), words(65532, 2), 'ABI_POINTER'],
  'a list up to the end': [list(u32), words(65532, 1), 'none'],
  'a list whose bytes wrap around to 4': [list(u32), words(0, 0x4000_0001), 'ABI_LENGTH'],
  'a list of 2^28 bytes': [list(u32), words(0, 0x0400_0000), 'ABI_LENGTH'],
  'a list of 2^28 - 4 bytes': [list(u32), words(0, 0x03ff_ffff), 'ABI_POINTER'],
  'pairs whose bytes wrap around to 8': [list(tuple(u32, typeOf('u8'))), words(0, 0x2000_0001), 'ABI_LENGTH'],
  'longs that are aligned to 4': [list(typeOf('u64')), words(4, 1), 'ABI_ALIGNMENT'],
  'a list of booleans beyond the end': [list(typeOf('bool')), words(65530, 7), 'ABI_POINTER'],
  'a bad string in a list': [list(string), words(TEXT_AT, 2), 'ABI_POINTER', words(0, 1, 65536, 1)],
  'a bad list in a list': [list(list(u32)), words(TEXT_AT, 2), 'ABI_ALIGNMENT', words(0, 1, 3, 1)],
  'a high surrogate': [typeOf('char'), words(0xd800), 'ABI_CHAR'],
  'a low surrogate': [typeOf('char'), words(0xdfff), 'ABI_CHAR'],
  'a character after the last': [typeOf('char'), words(0x110000), 'ABI_CHAR'],
  'character -1': [typeOf('char'), words(0xffff_ffff), 'ABI_CHAR'],
  'the last before the surrogates': [typeOf('char'), words(0xd7ff), 'none'],
  'the first after the surrogates': [typeOf('char'), words(0xe000), 'none'],
  'the last character': [typeOf('char'), words(0x10ffff), 'none'],
  'a bad character in a list': [list(typeOf('char')), words(TEXT_AT, 3), 'ABI_CHAR', words(65, 66, 0xdead)],
  'case 3 of 3 of an enum': [enum3, bytes(3), 'ABI_DISCRIMINANT'],
  'case 2 of 3 of an enum': [enum3, bytes(2), 'none'],
  'case 255 of an enum': [enum3, bytes(255), 'ABI_DISCRIMINANT'],
  'case 2 of an option': [typeOf('option<u8>'), bytes(2, 0), 'ABI_DISCRIMINANT'],
  'case 2 of a result': [typeOf('result<u8, string>'), bytes(2), 'ABI_DISCRIMINANT'],
  'case 2 of an option in a list': [
    list(typeOf('option<u8>')),
    words(TEXT_AT, 2),
    'ABI_DISCRIMINANT',
    bytes(1, 9, 2, 9),
  ],
  'a bad string in the case taken': [typeOf('result<u8, string>'), words(1, 0x7fff_ffff, 1), 'ABI_POINTER'],
  'a bad string in the other case': [typeOf('result<u8, string>'), words(0, 0x7fff_ffff, 1), 'none'],
  'flags and booleans with bits too many': [tuple(flags3, typeOf('bool')), bytes(255, 255), 'none'],
};

const sequences = (hex: string): Uint8Array[] => hex.split(' ').map((one) => Uint8Array.from(Buffer.from(one, 'hex')));
const BAD_TEXT = sequences(
  '80 bf c080 c1bf c2 c241 c2c2 e08080 e09fbf e180 e18041 e14180 eda080 edbfbf ' +
    'f0808080 f08fbfbf f18080 f1808041 f4908080 f5808080 f888808080 fe ff',
);
const GOOD_TEXT = sequences('7f c280 dfbf e0a080 ed9fbf ee8080 efbfbf f0908080 f48fbfbf efbbbf efbfbd');

const many: readonly ValType[] = Array.from({ length: 17 }, () => u32);
const escaped = (data: Uint8Array): string =>
  Array.from(data, (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');

/** What lift and lower say to the same value, as an argument and as a result. */
async function unfused(type: ValType, image: Uint8Array, data: Uint8Array): Promise<[string, string]> {
  const memory = `(memory (export "memory") 1)
    (data (i32.const ${AT}) "${escaped(image)}") (data (i32.const ${TEXT_AT}) "${escaped(data)}")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 32768))`;
  const giving = await makeGuest(
    `(module (import "$root" "g" (func $g (param i32))) ${memory} (func (export "f") (call $g (i32.const ${AT}))))`,
    { imports: { g: func([tuple(type, u32), ...many]) }, exports: { f: func([]) } },
  );
  const answering = await makeGuest(`(module ${memory} (func (export "f") (result i32) (i32.const ${AT})))`, {
    exports: { f: func([], tuple(type, u32)) },
  });
  return [giving, answering].map((code) => codeOf(() => code.instantiate(hostOf(() => undefined)).call(0, []))) as [
    string,
    string,
  ];
}

function fused(type: ValType, image: Uint8Array, data: Uint8Array): [string, string] {
  const prepare = (scene: Scene, party: Scene['caller']) => {
    const memory = new Uint8Array(party.memory.buffer);
    memory.set(image, AT);
    memory.set(data, TEXT_AT);
    return scene;
  };
  const giving = new Scene(func([tuple(type, u32), ...many]), () => undefined);
  const answering = new Scene(func([], tuple(type, u32)), () => AT);
  prepare(giving, giving.caller);
  prepare(answering, answering.callee);
  return [outcomeOf(() => giving.call(AT)), outcomeOf(() => answering.call(AT))];
}

async function assertSame([type, image, code, data = bytes()]: Case): Promise<void> {
  expect(await unfused(type, image, data)).toEqual([code, code]);
  const expected = (side: string) => (code === 'none' ? code : `${code} ${side}`);
  expect(fused(type, image, data)).toEqual([expected('caller'), expected('callee')]);
}

describe('a guest that lies about its values gets the same code, fused or not', () => {
  it.each(Object.entries(CASES))('%s', async (_, one) => {
    await assertSame(one);
  });

  it.each([
    ['short', []],
    ['in words', Array<number>(13).fill(0x41)],
    ['long', Array<number>(90).fill(0x41)],
  ] as const)('text that is no UTF-8, %s', async (_, before) => {
    for (const [texts, code] of [
      [BAD_TEXT, 'ABI_UTF8'],
      [GOOD_TEXT, 'none'],
    ] as const) {
      for (const text of texts) {
        for (const after of [[], [0x41], Array<number>(20).fill(0x41)]) {
          const data = bytes(...before, ...text, ...after);
          const expected = (side: string) => (code === 'none' ? code : `${code} ${side}`);
          expect([text, fused(string, words(TEXT_AT, data.length), data)]).toEqual([
            text,
            [expected('caller'), expected('callee')],
          ]);
        }
        const data = bytes(...before, ...text);
        expect((await unfused(string, words(TEXT_AT, data.length), data))[0]).toBe(code);
      }
    }
  });

  it('random bytes are text to us if they are text to the engine', () => {
    const scene = new Scene(func([string]), () => undefined);
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }).map((text) => Uint8Array.from(Buffer.from(text))),
      fc.uint8Array({ maxLength: 2 }),
      fc.constantFrom(...GOOD_TEXT),
    );
    const parts = fc.array(part, { maxLength: 24 }).map((all) => Buffer.concat(all));
    fc.assert(
      fc.property(parts, (data) => {
        scene.write(CALLEE_CELL, 0);
        new Uint8Array(scene.caller.memory.buffer).set(data, TEXT_AT);
        scene.callee.top = 4096;
        expect(outcomeOf(() => scene.call(TEXT_AT, data.length))).toBe(isUtf8(data) ? 'none' : 'ABI_UTF8 caller');
      }),
      { numRuns: 5000 },
    );
  });

  it('text that ends in the middle of a character, with the rest behind it', () => {
    const data = bytes(0xe6, 0x97, 0xa5);
    for (const length of [1, 2]) expect(fused(string, words(TEXT_AT, length), data)[0]).toBe('ABI_UTF8 caller');
    expect(fused(string, words(TEXT_AT, 3), data)[0]).toBe('none');
  });
});

describe('core values that are out of their range', () => {
  it.each<[string, ValType, number, number | string]>([
    ['bool', typeOf('bool'), 2, 1],
    ['bool with high bits only', typeOf('bool'), 0x8000_0000 | 0, 1],
    ['u8', typeOf('u8'), 0x1ff, 255],
    ['s8', typeOf('s8'), 0x80, -128],
    ['s8 with a wrong sign', typeOf('s8'), -129, 127],
    ['u16', typeOf('u16'), -1, 65535],
    ['s16', typeOf('s16'), 0x18000, -32768],
    ['flags', flags3, 0xff, 7],
    ['char', typeOf('char'), 0xd800, 'ABI_CHAR caller'],
    ['enum', enum3, 3, 'ABI_DISCRIMINANT caller'],
    ['enum of -1', enum3, -1, 'ABI_DISCRIMINANT caller'],
  ])('%s', (_, type, given, expected) => {
    const seen: unknown[] = [];
    const scene = new Scene(func([type], null), (value) => void seen.push(value));
    const outcome = outcomeOf(() => scene.call(given));
    expect(typeof expected === 'string' ? outcome : seen[0]).toBe(expected);
    // The same as a result.
    const answering = new Scene(func([], type), () => given);
    const result = typeof expected === 'string' ? outcomeOf(() => answering.call()) : answering.call();
    expect(result).toBe(typeof expected === 'string' ? expected.replace('caller', 'callee') : expected);
  });

  it('slots that a case has no use for arrive as 0', () => {
    const type: ValType = { kind: 'option', some: tuple(typeOf('u64'), typeOf('f32')) };
    const seen: unknown[] = [];
    const scene = new Scene(func([type]), (...flat) => void seen.push(flat));
    scene.call(0, 77n, 1.5);
    expect(seen).toEqual([[0, 0n, 0]]);
    expect(outcomeOf(() => scene.call(2, 77n, 1.5))).toBe('ABI_DISCRIMINANT caller');
  });

  it('a slot wider than the value is cut', () => {
    const type: ValType = { kind: 'result', ok: u32, err: typeOf('u64') };
    const seen: unknown[] = [];
    const scene = new Scene(func([type]), (...flat) => void seen.push(flat));
    scene.call(0, 0x7777_0000_0005n);
    expect(seen).toEqual([[0, 5n]]);
  });

  it('a character is one around every edge, and nothing after the last', () => {
    const scene = new Scene(func([typeOf('char')], typeOf('char')), (value) => value);
    const isChar = (code: number) => code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    const wrong: number[] = [];
    for (const [from, to] of [
      [0, 0xff],
      [0xd700, 0xe0ff],
      [0x10ff00, 0x11ffff],
      [0xffff_0000, 0xffff_00ff],
    ] as const) {
      for (let code = from; code <= to; code++) {
        scene.write(CALLEE_CELL, 0);
        if ((outcomeOf(() => scene.call(code)) === 'none') !== isChar(code)) wrong.push(code);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('memory that is not normal arrives normal', () => {
  it('booleans, flags and padding', () => {
    const type = list(tuple(typeOf('bool'), flags3, typeOf('u32')));
    const scene = new Scene(func([type]), (pointer, length) => {
      const at = pointer as number;
      expect(length).toBe(2);
      expect([...new Uint8Array(scene.callee.memory.buffer, at, 16)]).toEqual([
        1, 5, 0, 0, 9, 9, 9, 9, 0, 7, 0, 0, 1, 2, 3, 4,
      ]);
      return undefined;
    });
    const at = scene.caller.put(bytes(0x80, 0xfd, 0xaa, 0xaa, 9, 9, 9, 9, 0, 0xff, 0xbb, 0xbb, 1, 2, 3, 4), 4);
    scene.call(at, 2);
  });
});

describe('a hostile realloc', () => {
  const twice = func([list(u32)], list(u32));
  /** Takes a list at 64 and gives one at 64. */
  const makeScene = (type: FuncType = twice) => {
    const scene = new Scene(type, () => AT);
    for (const party of [scene.caller, scene.callee]) party.view.setUint32(AT + 4, 1, true);
    return scene;
  };

  it.each([
    ['out of memory', 65536, 'ABI_REALLOC'],
    ['half out of memory', 65533, 'ABI_REALLOC'],
    ['misaligned', 2, 'ABI_REALLOC'],
    ['-4', 0xffff_fffc, 'ABI_REALLOC'],
    ['-1', -1, 'ABI_REALLOC'],
    ['at the very end', 65532, 'none'],
    ['over its own result', AT, 'none'],
    ['0', 0, 'none'],
  ])('%s', (_, answer, code) => {
    for (const side of ['caller', 'callee'] as const) {
      const scene = makeScene();
      scene[side].answer = () => answer;
      expect(outcomeOf(() => scene.call(128, 1, 256))).toBe(code === 'none' ? code : `${code} ${side}`);
    }
  });

  it('asked for nothing it must be right all the same', () => {
    const scene = makeScene();
    scene.callee.answer = () => 1;
    expect(outcomeOf(() => scene.call(128, 0, 256))).toBe('ABI_REALLOC callee');
    scene.write(CALLEE_CELL, 0);
    scene.callee.answer = () => 65536;
    expect(outcomeOf(() => scene.call(128, 0, 256))).toBe('none');
    expect(scene.callee.asked).toEqual([0, 0]);
  });

  it('that throws, or calls back, gets nowhere', () => {
    for (const side of ['caller', 'callee'] as const) {
      const scene = makeScene();
      scene[side].answer = () => {
        throw new Error('realloc failed');
      };
      expect(outcomeOf(() => scene.call(128, 1, 256))).toBe('realloc failed');
      expect(scene.cells).not.toContain(0);
      const [caller, callee] = scene.cells;
      // The one whose realloc ran may not leave.
      expect([caller & 1, callee & 1]).toEqual(side === 'caller' ? [1, 0] : [0, 1]);
    }
    const scene = makeScene();
    scene.callee.answer = () => scene.call(128, 1, 256) as unknown as number;
    expect(outcomeOf(() => scene.call(128, 1, 256))).toBe('refused 1');
    const again = makeScene();
    again.caller.answer = () => again.call(128, 1, 256) as unknown as number;
    expect(outcomeOf(() => again.call(128, 1, 256))).toBe('refused 0');
  });

  it('that grows its memory is followed', () => {
    const scene = new Scene(func([list(string)], list(string)), (pointer, length) => {
      scene.callee.view.setUint32(AT, pointer as number, true);
      scene.callee.view.setUint32(AT + 4, length as number, true);
      return AT;
    });
    for (const party of [scene.caller, scene.callee]) {
      party.answer = () => party.memory.grow(1) * 65536;
    }
    const text = scene.caller.put(Buffer.from('hello, grown memory'));
    const strings = scene.caller.put(words(text, 19, text, 5), 4);
    scene.call(strings, 2, 256);
    expect(scene.caller.memory.buffer.byteLength).toBe(4 * 65536);
    const { view } = scene.caller;
    const [at, length] = [view.getUint32(256, true), view.getUint32(260, true)];
    expect([at, length]).toEqual([65536, 2]);
    const read = (entry: number) =>
      Buffer.from(scene.caller.memory.buffer, view.getUint32(entry, true), view.getUint32(entry + 4, true)).toString();
    expect([read(at), read(at + 8)]).toEqual(['hello, grown memory', 'hello']);
  });
});

describe('where results are and go', () => {
  const type = func([], tuple(u32, u32));

  it.each([
    ['misaligned result', 2, 256, 'ABI_ALIGNMENT callee'],
    ['result half beyond the end', 65532, 256, 'ABI_POINTER callee'],
    ['result at -4', -4, 256, 'ABI_POINTER callee'],
    ['misaligned target', 64, 258, 'ABI_ALIGNMENT caller'],
    ['target half beyond the end', 64, 65532, 'ABI_POINTER caller'],
    ['target at -8', 64, -8, 'ABI_POINTER caller'],
    ['both at the end', 65528, 65528, 'none'],
  ])('%s', (_, from, to, outcome) => {
    const scene = new Scene(type, () => from);
    expect(outcomeOf(() => scene.call(to))).toBe(outcome);
    expect(scene.cells).toEqual([STATE, outcome.endsWith('callee') ? STATE : 0]);
  });

  it('in the memory of who wants them, however large the other', () => {
    const echo = func([string], string);
    const sceneWith = (larger: 'caller' | 'callee'): Scene => {
      const scene: Scene = new Scene(echo, () => {
        scene.callee.view.setUint32(AT, TEXT_AT, true);
        scene.callee.view.setUint32(AT + 4, 3, true);
        return AT;
      });
      scene[larger].memory.grow(1);
      return scene;
    };
    const inSecondPage = 65_536 + 64;
    expect(outcomeOf(() => sceneWith('callee').call(TEXT_AT, 3, inSecondPage))).toBe('ABI_POINTER caller');
    const scene = sceneWith('caller');
    scene.call(TEXT_AT, 3, inSecondPage);
    expect(scene.caller.view.getUint32(inSecondPage + 4, true)).toBe(3);
  });

  it('parameters through memory that are misaligned or out of it', () => {
    const scene = new Scene(func(many), () => undefined);
    const call = (at: number) => {
      scene.write(CALLEE_CELL, 0);
      return outcomeOf(() => scene.call(at));
    };
    expect(call(2)).toBe('ABI_ALIGNMENT caller');
    expect(call(65536 - 64)).toBe('ABI_POINTER caller');
    expect(call(-4)).toBe('ABI_POINTER caller');
    expect(call(65536 - 68)).toBe('none');
  });
});

describe('a caller that lies does not take its callee down', () => {
  it.each<[string, FuncType, number[]]>([
    ['a scalar', func([typeOf('char')], u32), [0xd800]],
    ['a string', func([string]), [65536, 1]],
    ['a string in a list', func([list(string)]), [AT, 1]],
    ['text', func([string]), [AT, 1]],
    ['where it wants the result', func([], string), [65536]],
  ])('%s', (_, type, args) => {
    const scene = new Scene(type, () => 0);
    scene.caller.view.setUint32(AT, 0xffff_ffff, true);
    scene.caller.view.setUint32(AT + 4, 1, true);
    expect(outcomeOf(() => scene.call(...args))).toMatch(/ caller$/);
    expect(scene.cells).toEqual([STATE, 0]);
  });

  it('nor one whose realloc lies', () => {
    const scene = new Scene(func([], string), () => 0);
    scene.caller.answer = () => -1;
    expect(outcomeOf(() => scene.call(AT))).toBe('ABI_REALLOC caller');
    expect(scene.cells[1]).toBe(0);
  });
});

describe('a message larger than a message may be', () => {
  it('is refused, counted as the budget counts it', () => {
    const zeros = (maxBytes: number) => new Scene(func([string], string), () => AT, { maxBytes });
    for (const [length, outcome] of [
      [1016, 'none'],
      [1017, 'LIMIT_MESSAGE caller'],
    ] as const) {
      expect(outcomeOf(() => zeros(1024).call(4096, length, 256))).toBe(outcome);
      const answering = zeros(1024);
      answering.callee.view.setUint32(AT, 4096, true);
      answering.callee.view.setUint32(AT + 4, length, true);
      expect(outcomeOf(() => answering.call(4096, 0, 256))).toBe(outcome.replace('caller', 'callee'));
    }
  });

  it('also when it is made of the same bytes over and over', () => {
    const scene = new Scene(func([list(string)]), () => undefined, { maxBytes: 100_000 });
    const entry = [32768, 1000];
    const at = scene.caller.put(words(...Array.from({ length: 100 }, () => entry).flat()), 4);
    expect(outcomeOf(() => scene.call(at, 98))).toBe('none');
    expect(outcomeOf(() => scene.call(at, 100))).toBe('LIMIT_MESSAGE caller');
    expect(scene.read(CALLER_CELL)).toBe(STATE);
  });
});
