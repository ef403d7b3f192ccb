import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureApplication } from '../../src/bench/application/measure.ts';
import { formatApplication } from '../../src/bench/application/text.ts';
import { makeFolder } from '../../src/bench/bench-host.ts';
import { figuresSchema } from '../../src/bench/figures.ts';
import type { Plan } from '../../src/bench/measure.ts';
import { Scene } from '../../src/bench/scene.ts';

const SHORT: Plan = { warmUpMs: 1, rounds: 2, samples: 2, batchMs: 0.1, maxSamples: 2 };
const DESK = join(import.meta.dirname, '../../examples/support-desk/cofferdam.yaml');

let scene: Scene;
beforeAll(() => {
  scene = new Scene();
});
afterAll(() => scene[Symbol.dispose]());

describe('the edges of an application', () => {
  it('are all named: measured, or with the reason why not', async () => {
    const before = readFileSync(DESK);
    const report = await measureApplication(DESK, SHORT, () => undefined);
    expect(figuresSchema.shape.application.parse(report)).toEqual(report);
    const of = (edge: string) => report.edges.find((each) => each.edge === edge);
    for (const measured of ['program -> redact.redact', 'redact -> detect: desk:privacy/detect#redact']) {
      expect(of(measured)).toMatchObject({ reason: null, measured: { samples: 4 } });
    }
    expect(of('summarise -> notify: desk:out/notify#send')?.crossing).toContain('posted');
    // It never comes back: its deadline ends it, and the rest goes on.
    expect(of('program -> spell.run')).toMatchObject({ measured: null, reason: expect.stringContaining('100 ms') });
    expect(of('notify -> webhook: desk:out/webhook#post')).toMatchObject({
      measured: null,
      reason: expect.stringContaining('not called'),
    });
    expect(report.crossingShare).toBeGreaterThan(0);
    expect(report.crossingShare).toBeLessThanOrEqual(1);
    expect(readFileSync(DESK)).toEqual(before);
  }, 60_000);

  it('are compared with the same in the caller’s thread, where they are elsewhere', async () => {
    const { folder } = await makeFolder(scene, ['small']);
    const file = join(folder, 'cofferdam.yaml');
    writeFileSync(
      file,
      JSON.stringify({ version: 1, compartments: { small: { wasm: './small.wasm', kind: 'worker' } } }),
    );
    const report = await measureApplication(file, { ...SHORT, rounds: 3 }, () => undefined);
    expect(report.advice).toEqual([
      { edge: 'program -> small.add', text: expect.stringMatching(/^inline it took .* times faster/) },
    ]);
    expect(formatApplication(report)).toContain('What would make it cheaper');
  });
});
