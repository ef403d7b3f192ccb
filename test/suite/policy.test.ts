import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attackPolicy, type Finding } from '../../src/suite/policy/attack-policy.ts';
import { fill, holds } from '../../src/suite/policy/canary.ts';
import { renderFindings } from '../../src/suite/policy/report.ts';
import type { ValType } from '../../src/wasm/types.ts';

const DESK = join(import.meta.dirname, '../../examples/support-desk/cofferdam.yaml');
const by = (findings: readonly Finding[], hostile: string) => findings.filter((each) => each.hostile === hostile);

describe('an attack on the support desk', async () => {
  const findings = await attackPolicy(DESK);

  it('tries every compartment against every function resource', () => {
    expect(new Set(findings.map(({ hostile }) => hostile)).size).toBeGreaterThanOrEqual(8);
    expect(new Set(findings.map(({ resource }) => resource))).toEqual(new Set(['webhook']));
  });

  it('finds no leak', () => {
    expect(findings.filter(({ arrival }) => arrival === 'leak')).toEqual([]);
  });

  it('finds the gate, and names it', () => {
    const [found] = by(findings, 'redact');
    expect(found).toMatchObject({ tag: 'customer:*', resource: 'webhook', arrival: 'gate' });
    expect(found?.detail).toContain('redact.redact declassifies customer:*');
  });

  it('is told to people', () => {
    const text = renderFindings(findings);
    expect(text).toMatch(/^hostile +tag +resource +arrived\n/);
    expect(text).toMatch(/\d+ attempts: 0 leaks, \d+ through gates that the manifest declares\n$/);
  });
});

describe('a canary', () => {
  const canary = { text: 'canary-0123456789', number: 2_000_000_011 };
  const types: readonly ValType[] = [
    { kind: 'string' },
    { kind: 'u32' },
    { kind: 's32' },
    { kind: 'u64' },
    { kind: 'f32' },
    { kind: 'list', element: { kind: 'u8' } },
    { kind: 'list', element: { kind: 'u32' } },
    { kind: 'record', fields: [{ name: 'to-whom', type: { kind: 'option', some: { kind: 'string' } } }] },
    { kind: 'tuple', elements: [{ kind: 'bool' }, { kind: 'u32' }] },
    {
      kind: 'variant',
      cases: [
        { name: 'none', type: null },
        { name: 'some', type: { kind: 'string' } },
      ],
    },
    { kind: 'result', ok: { kind: 'string' }, err: null },
  ];

  it.each(types)('is found in what it was put into: $kind', (type) => {
    expect(holds(fill(type, canary), canary)).toBe(true);
    expect(holds(fill(type, { text: 'weather', number: 12 }), canary)).toBe(false);
  });

  it('is found within a longer text', () => {
    expect(holds([{ a: `x${canary.text}y` }], canary)).toBe(true);
  });
});
