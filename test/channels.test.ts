import { describe, expect, it } from 'vitest';
import { capacityOf, wilson } from '../scripts/channels/capacity.ts';
import type { Channel } from '../scripts/channels/channel.ts';
import { wallClock } from '../scripts/channels/clock.ts';
import { measure } from '../scripts/channels/measure.ts';
import { memoryPressure } from '../scripts/channels/memory.ts';
import { queueTiming } from '../scripts/channels/queue.ts';
import { termination } from '../scripts/channels/termination.ts';

describe('the capacity of a channel', () => {
  const samples = (seen: (bit: 0 | 1, i: number) => number) =>
    Array.from({ length: 2000 }, (_, i) => {
      const bit = ((i * 7919) >> 3) & 1 ? 1 : 0;
      return { bit, seen: seen(bit, i) } as const;
    });

  it('is a bit where every bit is read rightly, from above or from below', () => {
    expect(capacityOf(samples((bit) => 10 + bit))).toMatchObject({ estimate: 1, high: 1 });
    expect(capacityOf(samples((bit) => 10 - bit)).low).toBeGreaterThan(0.95);
  });

  it('is nothing where what is seen does not hang together with what was sent', () => {
    expect(capacityOf(samples(() => 5)).low).toBe(0);
    expect(capacityOf(samples((_, i) => i % 5)).low).toBe(0);
  });

  it('is 1 - H(p) where the share p is read wrongly', () => {
    const { estimate, low, high } = capacityOf(samples((bit, i) => (i % 10 === 0 ? 1 - bit : bit)));
    expect(estimate).toBeCloseTo(1 - 0.469, 2); // H(0.1)
    expect(low).toBeLessThan(estimate);
    expect(high).toBeGreaterThan(estimate);
  });

  it('has the interval of Wilson', () => {
    const [low, high] = wilson(10, 100);
    expect(low).toBeCloseTo(0.0552, 4);
    expect(high).toBeCloseTo(0.1744, 4);
  });
});

describe('a channel that is measured', () => {
  const bits = async (channel: Channel, name: string) => {
    const setting = channel.settings.find((each) => each.name.includes(name));
    if (!setting) throw new Error(`no setting ${name}`);
    return measure(channel, setting, { kind: 'inline', seconds: 20, seed: 1, rounds: 80 });
  };

  it.each([
    [memoryPressure, 'one for two labels'],
    [termination, 'without a budget'],
    [termination, 'budget: {'],
  ])('is there: $0.name, %s', async (channel, name) => {
    expect((await bits(channel, name)).low).toBeGreaterThan(0);
  });

  it.each([
    [wallClock, 'virtual'],
    [queueTiming, 'virtual'],
    [queueTiming, 'per label'],
    [memoryPressure, 'one for each label'],
    [memoryPressure, 'memory.grow'],
    [termination, 'without a gate'],
  ])('is closed: $0.name, %s', async (channel, name) => {
    expect((await bits(channel, name)).low).toBe(0);
  });

  it('is cut to what a budget lets through', async () => {
    expect((await bits(termination, 'budget: {')).high).toBeLessThanOrEqual(100 / 3600);
  });
});
