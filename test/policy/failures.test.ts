import { describe, expect, it } from 'vitest';
import { analyse, parseManifest, planFailures, renderFailures } from '../../src/policy/index.ts';

const plan = (compartments: Record<string, object>, workers: number, failures: number) => {
  const entries = Object.entries(compartments).map(([name, entry]) => [name, { wasm: './a.wasm', ...entry }]);
  const policy = parseManifest({
    version: 1,
    principals: { desk: {} },
    tags: { 'customer:*': { kind: 'secrecy', owner: 'desk' }, staff: { kind: 'secrecy', owner: 'desk' } },
    compartments: Object.fromEntries(entries),
    limits: { workers },
  });
  return planFailures(analyse(policy, new Map()), failures);
};

const anyCustomer = { kind: 'worker', clearance: { secrecy: ['customer:*'] } };

describe('the budget of workers', () => {
  it('is used by each label that a compartment can run at', () => {
    const { demands, needed } = plan({ a: { kind: 'worker', clearance: { secrecy: ['staff'] } } }, 2, 0);
    expect(demands).toMatchObject([{ compartment: 'a', kind: 'worker', labels: ['public', '{staff}'], instances: 2 }]);
    expect(needed).toBe(2);
  });

  it('is used up to limits.instances by a family, and by what lives for a call', () => {
    const { demands } = plan(
      {
        a: { ...anyCustomer, limits: { instances: 5, memory: '1MiB' } },
        b: { kind: 'worker', instances: 'per-call', limits: { instances: 3 } },
        c: { clearance: { secrecy: ['customer:*'] } },
      },
      64,
      0,
    );
    expect(demands.map(({ compartment, instances }) => [compartment, instances])).toEqual([
      ['a', 5],
      ['b', 3],
    ]);
    expect(demands[0]?.memoryBytes).toBe(5 * 2 ** 20);
  });

  it('fits exactly, and with one failure more it does not', () => {
    const compartments = { a: { ...anyCustomer, limits: { instances: 5 } }, b: { kind: 'worker' } };
    expect(plan(compartments, 8, 2)).toMatchObject({ left: 6, needed: 6, ok: true, starved: [] });
    expect(plan(compartments, 8, 3)).toMatchObject({ left: 5, needed: 6, ok: false, starved: ['b'] });
    expect(plan(compartments, 8, 9)).toMatchObject({ left: 0, ok: false, starved: ['a', 'b'] });
  });

  it('is told in words', () => {
    const text = renderFailures(plan({ a: { ...anyCustomer, limits: { instances: 5 } }, b: { kind: 'worker' } }, 8, 3));
    expect(text).toContain('  b (worker): up to 1, 64MiB, at public\n');
    expect(text).toContain('8 workers (limits.workers), 3 failed: 5 left\n');
    expect(text).toContain('raise limits.workers to 9');
    expect(renderFailures(plan({ a: {} }, 8, 3))).toMatch(/no compartment has kind worker[\s\S]*ok\n$/);
  });
});
