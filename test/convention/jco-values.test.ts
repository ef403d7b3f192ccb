import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conformResult } from '../../src/convention/conform.ts';
import { makeJcoCode } from '../../src/convention/jco.ts';
import { transpile } from '../../src/load/transpile.ts';
import { understandComponent } from '../../src/wasm/index.ts';
import { typeOfDepth, valuesOf } from '../abi/arbitrary.ts';
import { componentOf, isBeyondJco } from '../compartment/differential.ts';
import { hostOf } from './jco-support.ts';

const LIMITS = { memoryBytes: 1 << 24, tableEntries: 1000, messageBytes: 1 << 20 };

describe('values of random types', () => {
  it('reach an import and come back as they are, through the script of jco and its realm', async () => {
    let checked = 0;
    const world = typeOfDepth(3)
      .filter((type) => !isBeyondJco(type))
      .chain((type) =>
        fc.record({ type: fc.constant(type), values: fc.array(valuesOf(type), { minLength: 1, maxLength: 4 }) }),
      );
    await fc.assert(
      fc.asyncProperty(world, async ({ type, values }) => {
        const bytes = await componentOf(type);
        const { source, modules } = await transpile(bytes, understandComponent(bytes), LIMITS);
        const compiled = modules.map(({ name, count, bytes: module }) => ({
          name,
          count,
          module: new WebAssembly.Module(Buffer.from(module, 'base64')),
        }));
        const { world } = understandComponent(bytes).plan;
        const code = makeJcoCode({ world, sha256: '', source, modules: compiled, limits: LIMITS });
        const seen: unknown[] = [];
        const instance = code.instantiate(
          hostOf((_, [value]) => {
            seen.push(value);
            return value;
          }),
        );
        for (const value of values) {
          const expected = conformResult(type, value, { code: 'RESULT_TYPE', what: '', maxBytes: LIMITS.messageBytes });
          expect(await instance.callSuspending(0, [value])).toEqual(expected);
          expect(seen.at(-1)).toEqual(expected);
          checked += 1;
        }
      }),
      { numRuns: 60 },
    );
    expect(checked).toBeGreaterThan(60);
  }, 60_000);
});
