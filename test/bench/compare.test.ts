import { describe, expect, it } from 'vitest';
import { compareFigures } from '../../src/bench/compare.ts';
import { formatComparison, hasRegressed } from '../../src/bench/compare-text.ts';
import { type Figures, figuresSchema } from '../../src/bench/figures.ts';

/** Nine rounds that scatter by `spread` around a level: no two runs alike, the same in each run of the test. */
function rounds(level: number, spread: number, seed: number): number[] {
  return Array.from({ length: 9 }, (_, i) => level * (1 + spread * Math.sin((i + 1) * (seed + 1) * 12.9898)));
}

function figures(levels: Record<string, number>, { spread = 0.02, seed = 1, cpu = 'one' } = {}): Figures {
  const rows = Object.entries(levels).map(([subject, level], i) => {
    const own = rounds(level, spread, seed * 17 + i);
    const sorted = own.toSorted((a, b) => a - b) as [number, ...number[]];
    const [best, q1, p50, q3, p99] = [0, 2, 4, 6, 8].map((at) => sorted[at] as number) as [
      number,
      number,
      number,
      number,
      number,
    ];
    return { id: 'call', subject, unit: 'ns' as const, p50, p99, best, q1, q3, rounds: own, samples: 45 };
  });
  return figuresSchema.parse({
    format: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    seconds: 1,
    quick: false,
    machine: { cpu, cores: 2, memoryGiB: 4, os: 'linux x64' },
    versions: { cofferdam: '0.1.0', node: '26.10.0', extism: '@extism/extism 1.0.3' },
    about: [],
    rows,
    missing: [],
    targets: [],
    scaling: [],
    application: null,
  });
}

const verdicts = (old: Figures, now: Figures) =>
  Object.fromEntries(compareFigures(old, now).changes.map(({ subject, verdict }) => [subject, verdict]));

describe('comparing two runs', () => {
  it('takes the same program measured twice for noise', () => {
    for (let seed = 2; seed < 40; seed++) {
      const old = figures({ cofferdam: 30, extism: 700, 'js-thunk': 7 }, { seed: 1, spread: 0.06 });
      const now = figures({ cofferdam: 30, extism: 700, 'js-thunk': 7 }, { seed, spread: 0.06 });
      expect(verdicts(old, now)).toEqual({ cofferdam: 'noise', extism: 'noise', 'js-thunk': 'noise' });
    }
  });

  it('finds a fifth more, and a fifth less', () => {
    const old = figures({ cofferdam: 30, 'cofferdam-raw': 20, extism: 700, 'js-thunk': 7 });
    const now = figures({ cofferdam: 36, 'cofferdam-raw': 16, extism: 700, 'js-thunk': 7 }, { seed: 3 });
    const comparison = compareFigures(old, now);
    expect(verdicts(old, now)).toMatchObject({ cofferdam: 'slower', 'cofferdam-raw': 'faster', extism: 'noise' });
    expect(hasRegressed(comparison)).toBe(true);
    expect(formatComparison(comparison)).toMatch(/call cofferdam +1\.\d+ × .*SLOWER/);
  });

  it('is not misled by a machine that is slower as a whole', () => {
    const old = figures({ cofferdam: 30, extism: 700, 'js-thunk': 7, 'direct-wasm': 2 });
    const now = figures({ cofferdam: 45, extism: 1050, 'js-thunk': 10.5, 'direct-wasm': 3 }, { seed: 3 });
    expect(compareFigures(old, now).drift).toBeCloseTo(1.5, 1);
    expect(verdicts(old, now)).toMatchObject({ cofferdam: 'noise' });
  });

  it('demands more where unchanged peers scatter more', () => {
    const old = figures({ cofferdam: 30, extism: 700, 'js-thunk': 7, 'direct-wasm': 2 });
    const now = figures({ cofferdam: 36, extism: 900, 'js-thunk': 5.5, 'direct-wasm': 2 }, { seed: 3 });
    expect(verdicts(old, now)).toMatchObject({ cofferdam: 'noise' });
  });

  it('is silent about a change that too few rounds stand for', () => {
    const cut = ({ rows, ...rest }: Figures): Figures => ({
      ...rest,
      rows: rows.map((row) => ({ ...row, rounds: row.rounds.slice(0, 2) })),
    });
    expect(verdicts(cut(figures({ cofferdam: 30 })), figures({ cofferdam: 90 }))).toEqual({ cofferdam: 'unknown' });
  });

  it('says when the machine, a version or a row is another', () => {
    const old = figures({ cofferdam: 30, extism: 700 });
    const now = figures({ cofferdam: 30, comlink: 900 }, { cpu: 'another' });
    const text = formatComparison(compareFigures(old, { ...now, versions: { ...now.versions, node: '27.0.0' } }));
    expect(text).toContain('Another machine');
    expect(text).toContain('Another version of node: 26.10.0 / 27.0.0');
    expect(text).toContain('call extism: not measured now');
    expect(text).toContain('call comlink: new');
    expect(text).toContain('No peer is in both');
  });
});
