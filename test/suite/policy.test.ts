import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { attackPolicy, type Finding } from '../../src/suite/policy/attack-policy.ts';
import { fill, holds } from '../../src/suite/policy/canary.ts';
import { renderFindings } from '../../src/suite/policy/report.ts';
import type { ValType } from '../../src/wasm/types.ts';
import { ALLOCATOR, type Arena, manifestOf } from '../arena.ts';

const DESK = join(import.meta.dirname, '../../examples/support-desk/cofferdam.yaml');
const by = (findings: readonly Finding[], hostile: string) => findings.filter((each) => each.hostile === hostile);

describe('an attack on the support desk', async () => {
  const report = await attackPolicy(DESK);
  const { findings } = report;

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
    const text = renderFindings(report);
    expect(text).toMatch(/^hostile +tag +resource +arrived\n/);
    expect(text).toMatch(/\d+ attempts: 0 leaks, \d+ through gates that the manifest declares\n$/);
  });
});

/** Gives away all that it is told: `plugin` by a gate, `reader` by nothing but hope. */
const teller = {
  wit: 'world guest { import tell: func(text: string); export read: func(text: string) -> string; }',
  wat: `(module (import "$root" "tell" (func $tell (param i32 i32))) ${ALLOCATOR}
    (func (export "read") (param i32 i32) (result i32)
      (call $tell (local.get 0) (local.get 1))
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))`,
  clearance: { secrecy: ['staff'] },
  resources: ['vendor', 'records', 'idle'],
};
const link = (from: string, to: string, more = {}) => ({ from, import: 'tell', to, ...more });
const LEAKY: Arena = {
  tags: { staff: { kind: 'secrecy', owner: 'desk' } },
  compartments: { plugin: { ...teller, grants: ['staff-'] }, reader: teller, clerk: teller },
  links: [link('plugin', 'vendor', { declassify: ['staff'] }), link('reader', 'vendor'), link('clerk', 'records')],
  resources: {
    vendor: { function: true },
    records: { function: true, label: { secrecy: ['staff'] } },
    idle: { function: true },
  },
  audit: { path: './audit.db' },
};

describe('an attack on a manifest with a hole in it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-leaky-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'cofferdam.json');
  writeFileSync(file, JSON.stringify(manifestOf(LEAKY, folder)));
  const report = await attackPolicy(file, { kinds: [null, 'worker'] });

  it.each([null, 'worker'] as const)('tells what arrived where, and how (%s)', (kind) => {
    const found = report.findings.filter((each) => each.kind === kind);
    const arrivals = Object.fromEntries(
      found.map(({ hostile, resource, arrival }) => [`${hostile} -> ${resource}`, arrival]),
    );
    // The hole is there whoever is hostile: the program gives everybody everything, also the honest clerk.
    expect(arrivals).toEqual({
      'plugin -> vendor': 'gate',
      'plugin -> records': 'labelled',
      'plugin -> idle': 'stopped',
      'reader -> vendor': 'gate',
      'reader -> records': 'labelled',
      'reader -> idle': 'stopped',
      'clerk -> vendor': 'gate',
      'clerk -> records': 'labelled',
      'clerk -> idle': 'stopped',
    });
    const [hole] = found;
    expect(hole?.detail).toContain('declassifies staff');
  });

  it('is told by kind', () => {
    const text = renderFindings(report);
    expect(text).toMatch(/^plugin +as declared +staff +vendor +gate/m);
    expect(text).toMatch(/^plugin +worker +staff +vendor +gate/m);
  });

  it('leaves no journal', () => {
    expect(existsSync(join(folder, 'audit.db'))).toBe(false);
  });
});

it('a compartment that cannot be of the kind is told, and stays as it was', async () => {
  const { findings, stayed } = await attackPolicy(DESK, { kinds: ['enclave'] });
  expect(stayed.map(({ compartment }) => compartment)).toEqual(['format']);
  expect(findings.filter(({ arrival }) => arrival === 'leak')).toEqual([]);
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
