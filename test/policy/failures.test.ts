import { describe, expect, it } from 'vitest';
import { analyse, parseManifest, planFailures, renderFailures } from '../../src/policy/index.ts';

const plan = (compartments: Record<string, object>, workers: number, failures: number, memory?: string) => {
  const entries = Object.entries(compartments).map(([name, entry]) => [name, { wasm: './a.wasm', ...entry }]);
  const policy = parseManifest({
    version: 1,
    principals: { desk: {} },
    tags: { 'customer:*': { kind: 'secrecy', owner: 'desk' }, staff: { kind: 'secrecy', owner: 'desk' } },
    compartments: Object.fromEntries(entries),
    limits: { workers, ...(memory === undefined ? {} : { memory }) },
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

  it('is one of memory, too, of which what failed keeps the largest part', () => {
    const compartments = {
      a: { kind: 'worker', clearance: { secrecy: ['staff'] }, limits: { memory: '4MiB' } }, // public and staff
      b: { kind: 'process', limits: { memory: '8MiB' } },
      c: { limits: { memory: '2MiB' } }, // inline
    };
    const memoryOf = (failures: number, memory: string) => plan(compartments, 64, failures, memory);
    const MIB = 2 ** 20;
    expect(memoryOf(0, '18MiB')).toMatchObject({ ok: true, memory: { left: 18 * MIB, needed: 18 * MIB, ok: true } });
    expect(memoryOf(0, '17MiB')).toMatchObject({ ok: false, memory: { ok: false } });
    expect(memoryOf(1, '26MiB')).toMatchObject({ ok: true, memory: { left: 18 * MIB } });
    expect(memoryOf(1, '25MiB').ok).toBe(false);
    expect(memoryOf(2, '30MiB').ok).toBe(true);
    expect(memoryOf(2, '29MiB').ok).toBe(false);
    expect(memoryOf(9, '34MiB').ok).toBe(true); // no more than there are
    expect(plan(compartments, 64, 9).memory).toBeNull();
    expect(renderFailures(memoryOf(1, '25MiB'))).toContain('not ok: raise limits.memory to 26MiB');
  });

  it('is told in words', () => {
    const text = renderFailures(plan({ a: { ...anyCustomer, limits: { instances: 5 } }, b: { kind: 'worker' } }, 8, 3));
    expect(text).toContain('  b (worker): up to 1, 64MiB, at public\n');
    expect(text).toContain('8 workers (limits.workers), 3 failed: 5 left\n');
    expect(text).toContain('raise limits.workers to 9');
    expect(renderFailures(plan({ a: {} }, 8, 3))).toMatch(/no compartment has kind worker[\s\S]*ok\n$/);
  });
});
