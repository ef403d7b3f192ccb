import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { assertSecondOpinion } from '../../src/load/second-opinion.ts';
import { type Plan, planComponent, type WorldFunction } from '../../src/wasm/index.ts';
import { component, REDACT, section } from './modules.ts';

// Attack: a file that our decoder reads as something else than it is. Our decoder's part is played by a changed plan.

let bytes: Uint8Array;
let plan: Plan;
beforeAll(async () => {
  bytes = await readFile(new URL(`../../node_modules/${REDACT.slice('npm:'.length)}`, import.meta.url));
  plan = planComponent(bytes);
});

const refused = expect.objectContaining({ code: 'LOAD_DISAGREEMENT' });
const renamed = (list: readonly WorldFunction[], change: Partial<WorldFunction>) =>
  list.map((item, i) => (i === 0 ? { ...item, ...change } : item));

describe('a second opinion', () => {
  it('agrees with the first on a real component', async () => {
    await expect(assertSecondOpinion(bytes, plan)).resolves.toBeUndefined();
  });

  it('differs over an export that is not there, one too many, and one of another name', async () => {
    const { world } = plan;
    const [first] = world.exports;
    const worlds = [
      { ...world, exports: [] },
      { ...world, exports: first ? [first, { ...first, name: 'other', id: 'other' }] : [] },
      { ...world, exports: renamed(world.exports, { name: 'redakt', id: 'redakt' }) },
      { ...world, imports: first ? [...world.imports, first] : [] },
    ];
    for (const each of worlds)
      await expect(assertSecondOpinion(bytes, { ...plan, world: each })).rejects.toThrow(refused);
  });

  it('differs over an interface of another name or version', async () => {
    for (const name of ['arcjet:redact/custom', 'arcjet:redact/custom-redact@1.0.0', 'redact']) {
      const world = { ...plan.world, imports: renamed(plan.world.imports, { interface: name }) };
      await expect(assertSecondOpinion(bytes, { ...plan, world })).rejects.toThrow(refused);
    }
  });

  it('differs over where a core module starts and ends', async () => {
    for (const [start, end] of [
      [1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      const modules = plan.modules.map((range, i) =>
        i === 0 ? { start: range.start + start, end: range.end + end } : range,
      );
      await expect(assertSecondOpinion(bytes, { ...plan, modules })).rejects.toThrow(refused);
    }
  });

  it('differs over whether the component is valid at all', async () => {
    const empty: Plan = { ...plan, world: { imports: [], exports: [], resources: [] }, modules: [] };
    await expect(assertSecondOpinion(component(), empty)).resolves.toBeUndefined();
    const broken = component(section(11, [1, 0, 1, 0x61, 1, 7, 0]));
    await expect(assertSecondOpinion(broken, empty)).rejects.toThrow(refused);
  });
});
