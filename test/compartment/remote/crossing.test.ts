import { describe, expect, it } from 'vitest';
import { KERNEL } from '../../../src/abi/fused/index.ts';
import { Crossing, isCrossing } from '../../../src/compartment/remote/crossing.ts';
import { BELL } from '../../../src/compartment/remote/shared-channel.ts';

const [CALLER, CALLEE, PORT, RING_START] = [16, 20, 5, 128];
const STATE = 6;

/** The kernel's memory with a ring of so many records, and a crossing that was decided at epoch 1. */
function makeScene(records = 4) {
  const kernel = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const words = new Int32Array(kernel.buffer);
  const bell = new SharedArrayBuffer(128);
  words[KERNEL.EPOCH >> 2] = 1;
  words[KERNEL.W >> 2] = RING_START;
  words[KERNEL.END >> 2] = RING_START + records * KERNEL.RECORD_BYTES;
  words[(RING_START - KERNEL.RECORD_BYTES) >> 2] = KERNEL.NO_PORT | 0;
  words[CALLER >> 2] = STATE;
  const crossing = new Crossing({ kernel, caller: CALLER, callee: CALLEE, port: PORT }, bell);
  crossing.epoch = 1;
  const ring = () => [...words.subarray(RING_START >> 2, (words[KERNEL.W >> 2] as number) >> 2)];
  return { words, crossing, ring, callee: () => words[CALLEE >> 2], bell: new Int32Array(bell) };
}

describe('a crossing from another thread', () => {
  it('takes the callee and records, and lets it go when the reply is there', () => {
    const { crossing, ring, callee } = makeScene();
    expect([crossing.enter(8), callee(), ring()]).toEqual([true, STATE, [PORT, 1, 8, 0]]);
    expect([crossing.leave(4), callee(), ring()]).toEqual([true, 0, [PORT, 1, 8, 4]]);
    expect([crossing.enter(8), crossing.leave(4), ring()]).toEqual([true, true, [PORT, 2, 16, 8]]);
  });

  it('does nothing at another epoch, or where the callee is not free', () => {
    for (const spoil of [
      (words: Int32Array) => (words[KERNEL.EPOCH >> 2] = 2),
      (words: Int32Array) => (words[CALLEE >> 2] = STATE),
      (words: Int32Array) => (words[CALLEE >> 2] = KERNEL.NO_LEAVE),
    ]) {
      const { words, crossing, ring } = makeScene();
      spoil(words);
      const before = [...words];
      expect(crossing.enter(8)).toBe(false);
      expect([...words]).toEqual(before);
      expect(ring()).toEqual([]);
    }
  });

  it('does not end a call by itself when anything has changed in it', () => {
    for (const spoil of [
      (words: Int32Array) => (words[KERNEL.EPOCH >> 2] = 2),
      (words: Int32Array) => (words[CALLEE >> 2] = STATE | KERNEL.NO_LEAVE),
      (words: Int32Array) => (words[CALLEE >> 2] = 0),
    ]) {
      const { words, crossing, ring } = makeScene();
      expect(crossing.enter(8)).toBe(true);
      spoil(words);
      const before = [...words];
      expect(crossing.leave(4)).toBe(false);
      expect([...words]).toEqual(before);
      expect(ring()).toEqual([PORT, 1, 8, 0]);
    }
  });

  it('leaves the last record of the ring to the main thread, which empties it then', () => {
    const { words, crossing, ring } = makeScene(2);
    expect(crossing.enter(8)).toBe(true);
    expect(crossing.leave(4)).toBe(false);
    words[KERNEL.END >> 2] = RING_START + 3 * KERNEL.RECORD_BYTES;
    expect(crossing.leave(4)).toBe(true);
    expect(ring()).toEqual([PORT, 1, 8, 4]);
  });

  it('says so while it writes, and only then', () => {
    const { words, crossing, bell } = makeScene();
    expect(isCrossing(bell)).toBe(false);
    crossing.enter(8);
    words[KERNEL.EPOCH >> 2] = 2;
    crossing.leave(4);
    expect(isCrossing(bell)).toBe(false);
    bell[BELL.CROSSING] = 1;
    expect(isCrossing(bell)).toBe(true);
  });
});
