import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCodecs, FrameWriter, MESSAGE_START, makeReader, showIn } from '../../../src/abi/message.ts';
import type { FuncType, ValType } from '../../../src/wasm/types.ts';
import { typeOfDepth, valuesOf } from '../../abi/arbitrary.ts';
import { Reference } from '../../abi/reference.ts';
import { func } from '../forwarder.ts';
import { codeOf } from '../support.ts';

const MAX = 1 << 20;

function codecOf(type: FuncType, isChecked = true, maxMessageBytes = MAX) {
  const [codec] = compileCodecs([{ id: 'f', type }], { maxMessageBytes, isChecked });
  if (codec === undefined) throw new Error('there is no codec');
  return codec;
}

/** A room that starts small, so that frames have to grow. */
function makeRoom(bytes: number) {
  let room = new Uint8Array(bytes);
  return {
    reserve(wanted: number) {
      if (wanted > room.length) room = new Uint8Array(wanted);
      return room;
    },
  };
}

function reading(bytes: Uint8Array) {
  const place = makeReader(MAX);
  showIn(place, bytes);
  return place;
}

describe('values survive a frame', () => {
  const cases = fc
    .array(typeOfDepth(3), { minLength: 1, maxLength: 3 })
    .chain((types) =>
      fc.tuple(fc.constant(types), fc.tuple(...types.map(valuesOf)), fc.integer({ min: 16, max: 999 })),
    );

  it.each([
    true,
    false,
  ])('as arguments and as a result, and lie there as the canonical ABI has it (checked: %s)', (isChecked) => {
    fc.assert(
      fc.property(cases, ([types, args, room]) => {
        const tuple: ValType = { kind: 'tuple', elements: types };
        const codec = codecOf(func(types, tuple), isChecked);
        const writer = new FrameWriter(makeRoom(room), MAX);
        codec.writeParams(writer.begin(), args);
        const sent = writer.place.bytes.slice(0, writer.length);
        deepStrictEqual(codec.readParams(reading(sent)), args);
        deepStrictEqual(new Reference(sent.buffer, 'utf8').load(tuple, MESSAGE_START), args);
        codec.writeResult(writer.begin(), args);
        deepStrictEqual(codec.readResult(reading(writer.place.bytes.slice(0, writer.length))), args);
      }),
    );
  });
});

describe('hostile bytes', () => {
  it('are a value of the type, or an error of ours, and nothing else', () => {
    const cases = typeOfDepth(3).chain((type) =>
      fc.tuple(fc.constant(type), fc.uint8Array({ minLength: 16, maxLength: 400 })),
    );
    fc.assert(
      fc.property(cases, ([type, bytes]) => {
        const codec = codecOf(func([type], type));
        for (const read of [() => codec.readParams(reading(bytes)), () => codec.readResult(reading(bytes))]) {
          const code = codeOf(read);
          expect(code === 'none' || code === 'LIMIT_MESSAGE' || code.startsWith('ABI_'), code).toBe(true);
        }
      }),
    );
  });

  it.each([
    ['a string out of the frame', 'string', [64, 1], 'ABI_POINTER'],
    ['a string of four gigabytes', 'string', [MESSAGE_START + 8, 0xffff_ffff], 'ABI_LENGTH'],
    ['no UTF-8', 'string', [MESSAGE_START + 8, 1, 0xff], 'ABI_UTF8'],
    ['a char that is none', 'char', [0xd800], 'ABI_CHAR'],
    ['its twin', 'string', [MESSAGE_START + 8, 1, 0x41], 'none'],
  ] as const)('%s', (_, kind, words, code) => {
    const bytes = new Uint8Array(64);
    new Uint32Array(bytes.buffer, MESSAGE_START).set(words);
    expect(codeOf(() => codecOf(func([], { kind })).readResult(reading(bytes)))).toBe(code);
  });
});

describe('a message', () => {
  const string: ValType = { kind: 'string' };
  const writer = () => new FrameWriter(makeRoom(64), 100);

  it('is as large as it may be, and not a byte larger', () => {
    const codec = codecOf(func([string], string), true, 100);
    // A string counts for its bytes and the 8 of its pointer and length.
    const [fits, large] = ['x'.repeat(92), 'x'.repeat(93)];
    expect(codeOf(() => codec.writeParams(writer().begin(), [fits]))).toBe('none');
    expect(codeOf(() => codec.writeParams(writer().begin(), [large]))).toBe('LIMIT_MESSAGE');
    expect(codeOf(() => codec.writeResult(writer().begin(), fits))).toBe('none');
    expect(codeOf(() => codec.writeResult(writer().begin(), large))).toBe('LIMIT_MESSAGE');
  });

  it('has no handles in it', () => {
    const own: ValType = { kind: 'own', resource: 0 };
    expect(codeOf(() => codecOf(func([{ kind: 'list', element: own }])))).toBe('ABI_UNSUPPORTED');
    expect(codeOf(() => codecOf(func([], own)))).toBe('ABI_UNSUPPORTED');
  });
});
