import { instantiateSync } from '@assemblyscript/loader';
import { describe, expect, it } from 'vitest';
import type { InstanceHost } from '../../src/compartment/contract.ts';
import { makeAssemblyScriptCode } from '../../src/convention/assemblyscript.ts';
import { CofferdamError } from '../../src/error.ts';
import { inspectModule } from '../../src/wasm/module.ts';
import type { World, WorldFunction } from '../../src/wasm/types.ts';
import { codeOf, func, makeTestHost, makeWorld, readGuest } from '../compartment/support.ts';

const HOST = 'test:kit/host';
const IMPORTS = [
  func(`${HOST}#double`, ['s32'], 's32'),
  func(`${HOST}#shout`, ['string'], 'string'),
  func(`${HOST}#words`, ['string'], 'list<string>'),
];
const answer: InstanceHost['call'] = (index, [value]) => {
  if (index === 0) return (value as number) * 2;
  return index === 1 ? (value as string).toUpperCase() : (value as string).split(' ');
};

function load(bytes: Uint8Array, world: World, options: { messageBytes?: number; wasi?: 'none' | 'minimal' } = {}) {
  const { messageBytes = 1 << 20, wasi = 'none' } = options;
  const module = new WebAssembly.Module(bytes);
  return makeAssemblyScriptCode({
    module,
    info: inspectModule(bytes),
    world,
    sha256: 'x',
    limits: { messageBytes },
    wasi,
  });
}

/** Calls one export of guests/kitchen. */
function kitchen(exported: WorldFunction, host = makeTestHost(answer), messageBytes = 1 << 20) {
  const code = load(readGuest('kitchen/kitchen.wasm'), makeWorld([exported], IMPORTS), { messageBytes });
  const instance = code.instantiate(host);
  return Object.assign((...args: unknown[]) => instance.call(0, args), { instance });
}

describe('values', () => {
  it.each([
    ['echo-text', 'string', ''],
    ['echo-text', 'string', '\uFEFFhéllo 🦀 \0 end'],
    ['echo-text', 'string', 'x'.repeat(100_000)],
    ['echo-bytes', 'list<u8>', Uint8Array.of(0, 1, 255)],
    ['echo-bytes', 'list<u8>', new Uint8Array(0)],
    ['echo-doubles', 'list<f64>', Float64Array.of(-0, 1.5, Number.NaN, Number.POSITIVE_INFINITY)],
    ['echo-shorts', 'list<s16>', Int16Array.of(-32768, 0, 32767)],
    ['echo-words', 'list<u32>', Uint32Array.of(0, 0xffff_ffff)],
    ['echo-texts', 'list<string>', ['', 'a', '🦀', 'long '.repeat(1000)]],
    ['echo-texts', 'list<string>', []],
  ])('%s takes and gives a %s', (name, type, value) => {
    expect(kitchen(func(name, [type], type))(value)).toEqual(value);
  });

  it('scalars keep their values at the edges', () => {
    const types = ['bool', 's8', 'u8', 's16', 'u16', 's32', 'u32', 's64', 'u64', 'f32', 'f64'];
    const sum = kitchen(func('scalars', types, 'f64'));
    expect(sum(true, -128, 255, -32768, 65535, -2147483648, 4294967295, -4n, 4n, 0.5, 0.25)).toBe(
      1 - 128 + 255 - 32768 + 65535 - 2147483648 + 4294967295 + 0.75,
    );
    expect(kitchen(func('large', [], 'u64'))()).toBe(2n ** 64n - 1n);
    expect(kitchen(func('small', [], 'u32'))()).toBe(2 ** 32 - 1);
    expect(kitchen(func('yes', [], 'bool'))()).toBe(true);
  });

  it('are those that the loader of AssemblyScript reads', () => {
    const { exports } = instantiateSync<Record<string, (pointer: number) => number>>(
      readGuest('kitchen/kitchen.wasm'),
      {
        [HOST]: { double: () => 0, shout: () => 0, words: () => 0 },
      },
    );
    const { __newString, __newArray, __getString, __getArray } = exports;
    const text = 'héllo 🦀';
    const shouted = __getString(exports.echoText?.(__newString(text)) ?? 0);
    expect(kitchen(func('echo-text', ['string'], 'string'))(text)).toBe(shouted);
    const id = Number((exports as unknown as Record<string, WebAssembly.Global>).Int16Array_ID?.value);
    const shorts = __getArray(exports.echoShorts?.(__newArray(id, [-1, 2])) ?? 0);
    expect(kitchen(func('echo-shorts', ['list<s16>'], 'list<s16>'))([-1, 2])).toEqual(Int16Array.from(shorts));
  });

  it('plain arrays are as good as typed ones', () => {
    expect(kitchen(func('echo-bytes', ['list<u8>'], 'list<u8>'))([1, 2])).toEqual(Uint8Array.of(1, 2));
  });

  it('instances keep their memory, and share none', () => {
    const code = load(readGuest('kitchen/kitchen.wasm'), makeWorld([func('keep', ['string'], 'string')], IMPORTS));
    const [one, other] = [code.instantiate(makeTestHost()), code.instantiate(makeTestHost())];
    one.call(0, ['secret']);
    expect(other.call(0, ['x'])).toBe('');
    expect(one.call(0, ['y'])).toBe('secret');
    expect(one.memoryBytes()).toBeGreaterThan(0);
  });

  it('survive the collector', () => {
    const world = makeWorld([func('keep', ['string'], 'string'), func('churn', ['s32'], 's32')], IMPORTS);
    const instance = load(readGuest('kitchen/kitchen.wasm'), world).instantiate(makeTestHost());
    for (let i = 0; i < 50; i++) {
      expect(instance.call(0, [`kept ${i + 1}`.repeat(100)])).toBe(i === 0 ? '' : `kept ${i}`.repeat(100));
      instance.call(1, [1000]);
    }
    expect(instance.memoryBytes()).toBeLessThan(8 << 20);
  });
});

describe('imports', () => {
  it('are called with checked values, and answered', () => {
    expect(kitchen(func('call-double', ['s32'], 's32'))(20)).toBe(41);
    expect(kitchen(func('call-shout', ['string'], 'string'))('hé')).toBe('<HÉ>');
    expect(kitchen(func('call-words', ['string'], 's32'))('one two three')).toBe(11);
  });

  it('that fail end the call with their own error, and the instance', () => {
    const denied = new CofferdamError('FLOW_DENIED', 'no');
    const call = kitchen(
      func('call-double', ['s32'], 's32'),
      makeTestHost(() => {
        throw denied;
      }),
    );
    expect(() => call(1)).toThrow(denied);
    expect(codeOf(() => call(1))).toBe('INSTANCE_STOPPED');
  });

  it('that answer with another type are refused', () => {
    const call = kitchen(
      func('call-double', ['s32'], 's32'),
      makeTestHost(() => 'four'),
    );
    expect(codeOf(() => call(1))).toBe('RESULT_TYPE');
  });

  it('that come back into the instance are refused', () => {
    const call: ReturnType<typeof kitchen> = kitchen(
      func('call-double', ['s32'], 's32'),
      makeTestHost(() => call(1)),
    );
    expect(codeOf(() => call(1))).toBe('INSTANCE_REENTERED');
  });

  it('may wait, while the instance lets nobody in', async () => {
    const code = load(
      readGuest('kitchen/kitchen.wasm'),
      makeWorld([func('call-shout', ['string'], 'string')], IMPORTS),
    );
    let resume = (_text: string): void => {};
    const waits = new Promise<string>((resolve) => {
      resume = resolve;
    });
    const instance = code.instantiate(makeTestHost(() => waits, [1]));
    const reply = instance.callSuspending(0, ['x']);
    expect(codeOf(() => instance.call(0, ['y']))).toBe('INSTANCE_REENTERED');
    resume('later');
    expect(await reply).toBe('<later>');
    expect(codeOf(() => instance.call(0, ['y']))).toBe('SUSPENSION_SYNC');
  });
});

describe('arguments that do not fit', () => {
  it.each([
    ['echo-text', ['string'], [5]],
    ['echo-text', ['string'], ['\ud800']],
    ['echo-text', ['string'], []],
    ['echo-bytes', ['list<u8>'], [[256]]],
    ['echo-bytes', ['list<u8>'], [Float64Array.of(1)]],
    ['echo-texts', ['list<string>'], [['a', 1]]],
    ['call-double', ['s32'], [2147483648]],
    ['call-double', ['s32'], [1.5]],
  ])('%s(%j) with %j', (name, types, args) => {
    const result = types[0] ?? '';
    const call = kitchen(func(name, types, result));
    expect(codeOf(() => call(...args))).toBe('ARGUMENT_TYPE');
    expect(codeOf(() => call(name === 'call-double' ? 1 : name === 'echo-text' ? 'x' : []))).toBe('none');
  });
});

describe('the limit of a message', () => {
  const echo = (bytes: number) => kitchen(func('echo-text', ['string'], 'string'), makeTestHost(), bytes);

  it('counts arguments in UTF-8 and results as they are, and stops one past it', () => {
    expect(echo(20)('x'.repeat(10))).toBe('x'.repeat(10));
    expect(codeOf(() => echo(19)('x'.repeat(10)))).toBe('LIMIT_MESSAGE'); // 20 bytes of UTF-16
    expect(codeOf(() => echo(9)('x'.repeat(10)))).toBe('LIMIT_MESSAGE');
  });
});

describe('a guest that fails', () => {
  it('says where, shortened, and is of no more use', () => {
    const call = kitchen(func('fail', ['string']));
    const error = thrown(() => call(`\u001b[2J${'x'.repeat(1000)}`)) as CofferdamError;
    expect(error.code).toBe('GUEST_TRAP');
    expect(error.details).toMatchObject({ file: 'kitchen/src/kitchen.ts', line: expect.any(Number) });
    expect(error.details.reason).toMatch(/^no \?\[2Jx+…$/);
    expect(String(error.details.reason).length).toBeLessThan(250);
    expect(codeOf(() => call('x'))).toBe('INSTANCE_STOPPED');
  });

  it('may not give text that is none', () => {
    expect(codeOf(kitchen(func('lone-surrogate', [], 'string')))).toBe('ABI_UTF16');
  });
});

describe('a stopped instance', () => {
  it('takes no calls', () => {
    const call = kitchen(func('yes', [], 'bool'));
    call.instance.stop();
    expect(codeOf(call)).toBe('INSTANCE_STOPPED');
    expect(call.instance.memoryBytes()).toBe(0);
  });
});

describe('a module that is not what its WIT says', () => {
  const bytes = readGuest('kitchen/kitchen.wasm');
  const refuse = (exports: WorldFunction[], imports = IMPORTS) =>
    codeOf(() => load(bytes, makeWorld(exports, imports)));

  it.each([
    ['a missing export', 'WASM_EXPORT_MISSING', [func('nothing')]],
    ['another parameter', 'WASM_SIGNATURE', [func('call-double', ['s64'], 's32')]],
    ['another result', 'WASM_SIGNATURE', [func('large', [], 'u32')]],
    ['too few parameters', 'WASM_SIGNATURE', [func('echo-text', [], 'string')]],
    ['a type that AssemblyScript has not', 'ABI_UNSUPPORTED', [func('echo-text', ['option<string>'], 'string')]],
    ['a list of booleans', 'ABI_UNSUPPORTED', [func('echo-bytes', ['list<bool>'])]],
    ['one function for two exports', 'ABI_UNSUPPORTED', [func('a:b/c#yes', [], 'bool'), func('yes', [], 'bool')]],
  ])('is refused for %s', (_what, code, exports) => {
    expect(refuse(exports)).toBe(code);
  });

  it('is refused for imports that nothing serves, each named', () => {
    const error = thrown(() => load(bytes, makeWorld([], IMPORTS.slice(0, 1)))) as CofferdamError;
    expect(error.code).toBe('WASM_IMPORT_UNKNOWN');
    expect([...(error.details.imports as string[])].sort()).toEqual(['test:kit/host.shout', 'test:kit/host.words']);
  });

  it('is refused at the call for a list of another class, or of none', () => {
    expect(codeOf(() => kitchen(func('wrong-class', ['list<s32>'], 's32'))([1]))).toBe('WASM_SIGNATURE');
    expect(codeOf(() => kitchen(func('no-class', ['list<s8>'], 's32'))([1]))).toBe('WASM_EXPORT_MISSING');
  });
});

describe('the summariser', () => {
  const world = makeWorld([func('summarise', ['string'], 'string')], [func('desk:out/notify#send', ['string'])]);
  const text = '# Title\n\nThe door is broken. It fell.\n\n- error since Monday\n- tea is fine\n';

  it('gives the first sentence and the telling lines', () => {
    const instance = load(readGuest('summarise/summarise.wasm'), world).instantiate(makeTestHost());
    expect(instance.call(0, [text])).toBe('The door is broken.\n- error since Monday');
  });

  it('tries to send a text with a card number away', () => {
    const sent: unknown[] = [];
    const host = makeTestHost((_index, args) => void sent.push(...args));
    const ticket = `${text}\ncard 4111 1111 1111 1111\n`;
    load(readGuest('summarise/summarise.wasm'), world).instantiate(host).call(0, [ticket]);
    expect(sent).toEqual([`sample: ${ticket}`]);
  });
});

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
