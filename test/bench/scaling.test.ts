import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/bench/measure.ts';
import { fitExponent } from '../../src/bench/scaling/fit.ts';
import { type Curve, runScale } from '../../src/bench/scaling/scale.ts';
import { callAtTags, callWithGrants, canFlowAtTags, chain, payload } from '../../src/bench/scaling/subjects.ts';
import { Scene } from '../../src/bench/scene.ts';
import { callBeside } from '../../src/bench/subjects/instances.ts';
import { appendTo, verifyOf } from '../../src/bench/subjects/journal.ts';

const SHORT: Plan = { warmUpMs: 20, rounds: 6, samples: 3, batchMs: 0.5, maxSamples: 3 };

let scene: Scene;
beforeAll(() => {
  scene = new Scene();
});
afterAll(() => scene[Symbol.dispose]());

/** The fit is to the best of each size, so what the machine does meanwhile hardly matters: linear growth would be 1. */
async function exponentOf(by: string, curve: Curve): Promise<number> {
  const scale = { id: `scale.${by}`, what: by, unit: 'ns', by, curves: { cofferdam: curve } } as const;
  const { curves, missing } = await runScale(scale, scene, SHORT);
  expect(missing).toEqual([]);
  expect(curves[0]?.points.map(({ x }) => x)).toEqual(curve.sizes);
  return curves[0]?.exponent ?? Number.NaN;
}

describe('the fit of an exponent', () => {
  it('finds the power that the points were made of', () => {
    const points = [1, 10, 100, 1000].map((x) => [x, 3 * x ** 0.5] as const);
    const { exponent, low, high } = fitExponent(points);
    expect(exponent).toBeCloseTo(0.5, 6);
    expect([low, high].map((bound) => Math.abs(bound - 0.5) < 1e-6)).toEqual([true, true]);
  });

  it('says how little scattered points tell', () => {
    const { low, high } = fitExponent([
      [1, 5],
      [10, 50],
      [100, 6],
      [1000, 40],
    ]);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0.5);
  });

  it('needs three sizes', () => {
    expect(() => fitExponent([[1, 1]])).toThrow(/too few/);
  });
});

describe('a call', () => {
  it('costs the same beside one pair of instances and beside hundreds', async () => {
    expect(await exponentOf('pairs', { sizes: [1, 20, 400], make: callBeside })).toBeLessThan(0.3);
  });

  it('costs the same at one tag and at many', async () => {
    expect(await exponentOf('tags', { sizes: [1, 8, 64], make: callAtTags })).toBeLessThan(0.3);
    expect(await exponentOf('tags', { sizes: [1, 30, 1000], make: canFlowAtTags })).toBeLessThan(0.3);
  });

  it('costs the same with one grant and with many, also when it is decided anew', async () => {
    for (const how of ['prepared', 'decided'] as const) {
      const make = (grants: number) => callWithGrants(grants, how);
      expect(await exponentOf('grants', { sizes: [1, 8, 64], make })).toBeLessThan(0.4);
    }
  });

  it('costs more the more links and bytes there are: what is measured grows where it has to', async () => {
    expect(await exponentOf('links', { sizes: [10, 30, 100], make: chain })).toBeGreaterThan(0.3);
    expect(await exponentOf('bytes', { sizes: [4096, 65_536, 1_048_576], make: payload })).toBeGreaterThan(0.3);
  });
});

describe('a record', () => {
  it('costs the same in a journal of a thousand and of a hundred thousand', async () => {
    expect(await exponentOf('records', { sizes: [1000, 10_000, 100_000], make: appendTo })).toBeLessThan(0.4);
    expect(await exponentOf('records', { sizes: [1000, 10_000, 100_000], make: verifyOf })).toBeLessThan(0.4);
  });
});
