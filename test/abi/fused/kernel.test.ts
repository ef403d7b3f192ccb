import { describe, expect, it } from 'vitest';
import { FAULTS, KERNEL, readFault } from '../../../src/abi/fused/index.ts';
import { CODES } from '../../../src/codes.ts';
import type { FuncType } from '../../../src/wasm/types.ts';
import { func } from '../../compartment/forwarder.ts';
import { typeOf } from '../../compartment/support.ts';
import { CALLEE_CELL, CALLER_CELL, PORT, RING_START, Scene, type SceneOptions, STATE } from './scene.ts';

const u32 = typeOf('u32');
const string = typeOf('string');
const add = func([u32, u32], u32);
const echo = func([string], string);
const RESULT = 64;
const OUT = 256;

type Target = ConstructorParameters<typeof Scene>[1];

/** A scalar function, one with strings, and one whose sizes are fixed but whose parameters need memory. */
const KINDS: readonly (readonly [string, FuncType, number[], number, number])[] = [
  ['a scalar', add, [3, 4], 8, 4],
  ['a string', echo, [512, 5, OUT], 13, 13],
  [
    'many scalars',
    func(
      Array.from({ length: 17 }, () => u32),
      u32,
    ),
    [512],
    68,
    4,
  ],
];

/** Answers with 7, or with the string it was given. */
function makeScene(
  type: FuncType,
  options: SceneOptions = {},
  before: (scene: Scene) => void = () => undefined,
): Scene {
  const target: Target = (...args) => {
    before(scene);
    if (type !== echo) return 7;
    args.slice(0, 2).forEach((word, i) => {
      scene.callee.view.setUint32(RESULT + 4 * i, word as number, true);
    });
    return RESULT;
  };
  const scene = new Scene(type, target, options);
  return scene;
}

describe.each(KINDS)('records of calls with %s', (_, type, args, requestBytes, replyBytes) => {
  const record = (count: number) => ({
    port: PORT,
    isReply: false,
    count,
    requestBytes: count * requestBytes,
    replyBytes: count * replyBytes,
  });

  it('are one as long as nothing comes in between', () => {
    const scene = makeScene(type);
    for (let i = 1; i <= 3; i++) {
      scene.call(...args);
      expect(scene.ring()).toEqual([record(i)]);
    }
    expect(scene.misses).toBe(1);
    expect(scene.drains).toBe(0);
  });

  it('are new ones after a record of another port, also one that differs in a high bit', () => {
    for (const port of [PORT + 1, PORT | 0x2000_0000, PORT | KERNEL.REPLY_BIT, 0]) {
      const scene = makeScene(type);
      scene.call(...args);
      scene.write(RING_START + KERNEL.RECORD_BYTES + KERNEL.PORT, port);
      scene.write(RING_START + KERNEL.RECORD_BYTES + KERNEL.COUNT, 1);
      scene.write(KERNEL.W, RING_START + 2 * KERNEL.RECORD_BYTES);
      scene.call(...args);
      expect(scene.ring()).toHaveLength(3);
      expect(scene.ring()[2]).toEqual(record(1));
    }
  });

  it('are new ones when the last is full, before a sum runs over', () => {
    const most = type === echo ? KERNEL.MAX_COUNT : Math.min(KERNEL.MAX_COUNT, Math.floor(0xffff_ffff / requestBytes));
    const scene = makeScene(type);
    scene.call(...args);
    scene.write(RING_START + KERNEL.COUNT, most - 1);
    scene.call(...args);
    expect(scene.ring().map(({ count }) => count)).toEqual([most]);
    scene.call(...args);
    expect(scene.ring().map(({ count }) => count)).toEqual([most, 1]);
  });

  it('are drained when the ring is full, not before', () => {
    const scene = makeScene(type, { ringRecords: 2 });
    scene.call(...args);
    scene.call(...args);
    expect([scene.drains, scene.ring()]).toEqual([0, [record(2)]]);
    scene.write(RING_START + KERNEL.PORT, PORT + 1);
    scene.call(...args);
    expect(scene.drains).toBe(1);
    expect(scene.drained).toHaveLength(2);
    // What was not known when the last record was drained follows.
    const late = { port: PORT, requestBytes: 0, replyBytes: 0 };
    const parts = [
      { ...late, isReply: false, count: 0, requestBytes: 5 },
      { ...late, isReply: false, count: 0, replyBytes: 13 },
    ];
    const [request = parts[0]] = parts;
    // A reply with bytes that are known beforehand still says that it came after what was drained.
    const reply = { ...late, isReply: true, count: 1 };
    expect(scene.ring()).toEqual([type === echo ? { ...request, replyBytes: 13 } : reply]);
    scene.call(...args);
    expect(scene.ring().at(-1)?.port).toBe(PORT);
  });

  it('a reply after records of others has one of its own: what they brought may be in it', () => {
    const scene = makeScene(type, {}, (inside) => {
      inside.write(RING_START + KERNEL.RECORD_BYTES + KERNEL.PORT, PORT + 1);
      inside.write(RING_START + KERNEL.RECORD_BYTES + KERNEL.COUNT, 1);
      inside.write(KERNEL.W, RING_START + 2 * KERNEL.RECORD_BYTES);
    });
    scene.call(...args);
    expect(scene.ring().map(({ port, isReply }) => [port, isReply])).toEqual([
      [PORT, false],
      [PORT + 1, false],
      [PORT, true],
    ]);
  });

  it('a drain that fails stops the message', () => {
    let calls = 0;
    const scene = makeScene(type, { ringRecords: 1, drainFails: true }, () => calls++);
    expect(() => scene.call(...args)).toThrow('no disk');
    expect(calls).toBe(0);
    expect(scene.callee.asked).toEqual([]);
  });

  it('states: the callee takes over the chain, and is free afterwards', () => {
    const seen: unknown[] = [];
    const scene = makeScene(type, {}, ({ cells }) => seen.push(cells));
    scene.call(...args);
    expect(seen).toEqual([[STATE, STATE]]);
    expect(scene.cells).toEqual([STATE, 0]);
  });

  it('a trap leaves the states, and the record', () => {
    const scene = makeScene(type, {}, () => {
      throw new Error('trap');
    });
    expect(() => scene.call(...args)).toThrow('trap');
    expect(scene.cells).toEqual([STATE, STATE]);
    expect(scene.ring()).toHaveLength(1);
    expect(() => scene.call(...args)).toThrow('refused 1');
  });

  it.each([
    ['a caller that is outside', 0, 0, 'refused 0'],
    ['a caller that may not leave', STATE | KERNEL.NO_LEAVE, 0, 'refused 0'],
    ['a caller with an odd state', 1, 0, 'refused 0'],
    ['a callee inside the same chain', STATE, STATE, 'refused 1'],
    ['a callee inside another chain', STATE, 4, 'refused 1'],
    ['a callee with a last bit only', STATE, 1, 'refused 1'],
  ])('%s is refused', (_, caller, callee, message) => {
    let calls = 0;
    const scene = makeScene(type, {}, () => calls++);
    scene.write(CALLER_CELL, caller);
    scene.write(CALLEE_CELL, callee);
    expect(() => scene.call(...args)).toThrow(message);
    expect([calls, scene.cells, scene.ring()]).toEqual([0, [caller, callee], []]);
    expect(scene.callee.asked).toEqual([]);
  });

  it('the largest chain is none of these', () => {
    const scene = makeScene(type);
    scene.write(CALLER_CELL, 0xffff_fffe);
    scene.call(...args);
    expect(scene.cells).toEqual([0xffff_fffe, 0]);
  });

  it.each([STATE | KERNEL.NO_LEAVE, 0, 4])('a callee whose state became %d answers in vain', (state) => {
    const scene = makeScene(type, {}, () => scene.write(CALLEE_CELL, state));
    expect(() => scene.call(...args)).toThrow('refused 2');
    expect(scene.caller.asked).toEqual([]);
  });

  it('a new epoch asks again, until the decision is of this epoch', () => {
    const scene = makeScene(type);
    scene.call(...args);
    scene.write(KERNEL.EPOCH, 2);
    scene.call(...args);
    expect(scene.misses).toBe(2);
    scene.onMiss = (misses) => {
      if (misses < 6) scene.write(KERNEL.EPOCH, 10 + misses);
    };
    scene.write(KERNEL.EPOCH, 3);
    scene.call(...args);
    expect(scene.misses).toBe(6);
    scene.onMiss = () => {
      throw new Error('denied');
    };
    scene.write(KERNEL.EPOCH, 4);
    expect(() => scene.call(...args)).toThrow('denied');
    expect([scene.cells, scene.ring().length]).toEqual([[STATE, 0], 1]);
  });
});

describe('replies of unknown size', () => {
  it('get a record of their own when others came in between', () => {
    const scene = makeScene(echo, {}, () => {
      const at = scene.read(KERNEL.W);
      scene.write(at + KERNEL.PORT, PORT + 1);
      scene.write(at + KERNEL.COUNT, 1);
      scene.write(KERNEL.W, at + KERNEL.RECORD_BYTES);
    });
    scene.call(512, 5, OUT);
    expect(scene.ring()).toEqual([
      { port: PORT, isReply: false, count: 1, requestBytes: 13, replyBytes: 0 },
      { port: PORT + 1, isReply: false, count: 1, requestBytes: 0, replyBytes: 0 },
      { port: PORT, isReply: true, count: 1, requestBytes: 0, replyBytes: 13 },
    ]);
    // A reply record takes no more.
    scene.call(512, 5, OUT);
    expect(scene.ring()).toHaveLength(6);
  });

  it('also when the ring was emptied meanwhile, and when theirs is the last in it', () => {
    const scene = makeScene(echo, { ringRecords: 2 }, () => scene.write(KERNEL.W, RING_START));
    const reply = { port: PORT, isReply: true, count: 1, requestBytes: 0, replyBytes: 13 };
    scene.call(512, 5, OUT);
    expect([scene.ring(), scene.drains]).toEqual([[reply], 0]);
    const other = makeScene(echo, { ringRecords: 3 }, () => {
      const at = other.read(KERNEL.W);
      other.write(at + KERNEL.PORT, PORT + 1);
      other.write(KERNEL.W, at + KERNEL.RECORD_BYTES);
    });
    other.call(512, 5, OUT);
    expect([other.ring(), other.drained.at(-1), other.drains]).toEqual([[], reply, 1]);
  });

  it('bytes of a request are recorded even if the ring was emptied while it was translated', () => {
    const scene = makeScene(echo);
    scene.callee.answer = (align, size) => {
      scene.write(KERNEL.W, RING_START);
      return scene.callee.room(align, size);
    };
    scene.call(512, 5, OUT);
    expect(scene.ring()).toEqual([{ port: PORT, isReply: false, count: 0, requestBytes: 5, replyBytes: 13 }]);
    expect(scene.read(RING_START - KERNEL.RECORD_BYTES + KERNEL.REQUEST_BYTES)).toBe(0);
  });

  it('a record with many bytes takes no more', () => {
    for (const field of [KERNEL.REQUEST_BYTES, KERNEL.REPLY_BYTES]) {
      const scene = makeScene(echo);
      scene.call(512, 5, OUT);
      scene.write(RING_START + field, KERNEL.MAX_BYTES - 1);
      scene.call(512, 5, OUT);
      expect(scene.ring()).toHaveLength(1);
      scene.call(512, 5, OUT);
      expect(scene.ring()).toHaveLength(2);
    }
  });
});

describe('a record with many bytes takes no more', () => {
  it.each<[string, FuncType, number[], number]>([
    ['in requests', func([string], u32), [512, 5], KERNEL.REQUEST_BYTES],
    ['in replies', func([u32], string), [1, OUT], KERNEL.REPLY_BYTES],
  ])('where only the sizes %s are unknown', (_, type, args, field) => {
    const scene: Scene = new Scene(type, () => {
      [512, 5].forEach((word, i) => {
        scene.callee.view.setUint32(RESULT + 4 * i, word, true);
      });
      return RESULT;
    });
    scene.call(...args);
    scene.write(RING_START + field, KERNEL.MAX_BYTES - 1);
    scene.call(...args);
    expect(scene.ring()).toHaveLength(1);
    scene.call(...args);
    expect(scene.ring()).toHaveLength(2);
  });
});

describe('where a guest may not leave', () => {
  it('in its realloc and post-return, on both sides', () => {
    const seen: [string, number, number][] = [];
    const note = (where: string) => seen.push([where, ...scene.cells]);
    const scene = makeScene(echo, { postReturn: true, onPost: () => note('post') }, () => note('call'));
    for (const side of ['caller', 'callee'] as const) {
      scene[side].answer = (align, size) => {
        note(side);
        return scene[side].room(align, size);
      };
    }
    scene.call(512, 5, OUT);
    const stay = STATE | KERNEL.NO_LEAVE;
    expect(seen).toEqual([
      ['callee', STATE, stay],
      ['call', STATE, STATE],
      ['caller', stay, stay],
      ['post', STATE, stay],
    ]);
    expect(scene.cells).toEqual([STATE, 0]);
    expect(scene.posted).toEqual([RESULT]);
  });
});

describe('faults', () => {
  it('have codes of ours, and a side', () => {
    for (const fault of FAULTS.keys()) {
      expect(Object.keys(CODES)).toContain(readFault(fault).code);
      expect(readFault(fault).side).toBe('caller');
      expect(readFault(fault | 0x100)).toEqual({ code: readFault(fault).code, side: 'callee' });
    }
    expect(() => readFault(99)).toThrow(RangeError);
  });
});
