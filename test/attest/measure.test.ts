import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical } from '../../src/attest/canonical.ts';
import { measure } from '../../src/attest/measure.ts';
import { parseManifest } from '../../src/policy/index.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { World } from '../../src/wasm/types.ts';

const WORLD: World = {
  imports: [],
  exports: [{ interface: null, name: 'run', id: 'run', type: { params: [], result: { kind: 'u32' }, async: false } }],
  resources: [],
};
const CODE = { sha256: '0f'.repeat(32), world: WORLD };

const MANIFEST = `
version: 1
principals: { desk: {}, bank: {} }
tags:
  customer:*: { kind: secrecy, owner: desk }
  key: { kind: secrecy, owner: bank, public: [declassify] }
  vetted: { kind: integrity, owner: desk }
  unused: { kind: secrecy, owner: bank }
compartments:
  vault:
    wasm: ./vault.wasm
    abi: core
    wit: ./vault.wit
    wasi: minimal
    label: { secrecy: [key] }
    clearance: { secrecy: [key, "customer:*"], integrity: [] }
    grants: ["key-", "vetted+"]
    gates: { open: { declassify: [key], requires: { integrity: [vetted] }, budget: { calls: 3/s, bytes: 1KiB/min } } }
    resources: [log]
    instances: per-call
    busy: refuse
    enclave: { signer: ${'A'.repeat(43)}, version: 3, signature: ${'A'.repeat(86)} }
    limits: { memory: 1MiB, table: 10, instances: 5, message: 1KiB, queue: 2, output: 1KiB }
  reader: { wasm: ./reader.wasm, clearance: { secrecy: ["customer:*"] }, grants: ["customer:*-"] }
  other: { wasm: ./other.wasm, clearance: { secrecy: ["unused"] } }
links:
  - { from: vault, import: log, to: log, post: true }
  - { from: vault, import: "a:b/c", to: reader, export: "d:e/f", measurement: "${'1'.repeat(64)}" }
  - { from: reader, import: "a:b/open", to: vault, declassify: ["customer:acme"], budget: { bytes: 64/min } }
  - { from: other, import: read, to: reader }
resources:
  log: { function: true, label: { secrecy: [key] } }
  sink: { function: true }
entries:
  - { call: vault.open, upTo: { secrecy: ["customer:acme"] } }
  - { call: reader }
forbid: ["key -> log except vault"]
limits: { instances: 50, callDepth: 20, waiting: 3 }
defaultLabel: { secrecy: [key] }
`;

const parse = (text: string) => parseManifest(text, { baseDir: '/x' });
const ofText = (text: string, name = 'vault') => measure(parse(text), name, CODE, '0.1.0');
const BASE = ofText(MANIFEST);

/** All leaves of a plain value, with what puts another value in their place. */
function* leavesOf(value: unknown, path: readonly (string | number)[] = []): Generator<readonly (string | number)[]> {
  if (typeof value !== 'object' || value === null) yield path;
  else if (value instanceof Map) for (const [key, part] of value) yield* leavesOf(part, [...path, key]);
  else for (const [key, part] of Object.entries(value)) yield* leavesOf(part, [...path, key]);
}

function changed(value: unknown, [step, ...rest]: readonly (string | number)[]): unknown {
  if (step === undefined) {
    if (typeof value === 'number') return value + 1;
    if (typeof value === 'boolean') return !value;
    return value === null ? 'something' : `${value}x`;
  }
  if (value instanceof Map)
    return new Map([...value].map(([key, part]) => [key, key === step ? changed(part, rest) : part]));
  if (Array.isArray(value)) return value.map((part, i) => (String(i) === step ? changed(part, rest) : part));
  const record = value as Record<string, unknown>;
  return { ...record, [step]: changed(record[step], rest) };
}

/** Names of files, and what is measured otherwise: see `sliceOf`. */
const NOT_MEASURED =
  /^compartments\.vault\.(wasm|sha256|modules|wit\..*|adapter|enclave\.signature)$|^links\.\d+\.line$|^links\.1\.measurement\.from$/;

describe('a measurement', () => {
  it('changes with every leaf of the policy that is about the compartment', () => {
    const policy = parse(MANIFEST);
    const about: readonly (readonly (string | number)[])[] = [
      ['compartments', 'vault'],
      ['links', 0],
      ['links', 1],
      ['links', 2],
      ['entries', 0],
      ['resources', 'log'],
      ['tags', 'customer:*'],
      ['tags', 'key'],
      ['tags', 'vetted'],
      ['limits'],
      ['defaultLabel'],
    ];
    const seen = new Set([BASE]);
    let count = 0;
    for (const start of about) {
      const part = start.reduce<unknown>(
        (at, step) => (at instanceof Map ? at.get(step) : Reflect.get(at as object, step)),
        policy,
      );
      for (const rest of leavesOf(part)) {
        const path = [...start, ...rest].map(String);
        // Whose part it is cannot change without its being another's.
        if (
          NOT_MEASURED.test(path.join('.')) ||
          /^(links\.\d\.(from|to|toKind)|entries\.0\.compartment|resources\.log\.name|tags\..*\.name|compartments\.vault\.resources\.0)$/.test(
            path.join('.'),
          )
        )
          continue;
        const measured = measure(changed(policy, path) as Policy, 'vault', CODE, '0.1.0');
        expect(seen.has(measured), path.join('.')).toBe(false);
        seen.add(measured);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(60);
  });

  it('changes with the code, its types, and the runtime', () => {
    const policy = parse(MANIFEST);
    const others = [
      measure(policy, 'vault', { ...CODE, sha256: '0e'.repeat(32) }, '0.1.0'),
      measure(policy, 'vault', { ...CODE, world: { ...WORLD, exports: [] } }, '0.1.0'),
      measure(policy, 'vault', CODE, '0.1.1'),
      measure(policy, 'reader', CODE, '0.1.0'),
    ];
    expect(new Set([BASE, ...others]).size).toBe(5);
  });

  it.each([
    ['a link to it', 'links:', 'links:\n  - { from: other, import: more, to: vault }'],
    ['an entry', 'entries:', 'entries:\n  - { call: vault.close }'],
    ['no entries list', /entries:\n.*\n.*\n/, ''],
    ['a debug build', 'enclave: {', 'enclave: { debug: true,'],
    ['no enclave', /enclave: .*\n/, '\n'],
    ['the privilege of a link to it', 'declassify: ["customer:acme"]', 'declassify: ["customer:globex"]'],
    ['a public right', ', public: [declassify]', ''],
  ])('changes with %s', (_, from, to) => {
    const text = MANIFEST.replace(from, to);
    expect(text).not.toBe(MANIFEST);
    expect(ofText(text)).not.toBe(BASE);
  });

  it.each([
    ['the other compartments', './reader.wasm', './reader-2.wasm'],
    ['their clearances', 'clearance: { secrecy: ["unused"] }', 'limits: { memory: 2MiB }'],
    ['their links', 'import: read,', 'import: read-more,'],
    [
      'resources that it has no link to',
      'sink: { function: true }',
      'sink: { function: true, label: { secrecy: [key] } }',
    ],
    [
      'tags that it does not mention',
      'unused: { kind: secrecy, owner: bank }',
      'unused: { kind: secrecy, owner: desk }',
    ],
    ['entries of others', '- { call: reader }', '- { call: reader.run }'],
    ['where its code lies', './vault.wasm', './build/vault.wasm'],
    ['the order of links', /( {2}- \{ from: vault, import: log.*\n)( {2}- .*\n)/, '$2$1'],
    ['what only `check` reads', 'except vault', 'except vault, reader'],
    ['where the journal is', 'defaultLabel', 'audit: { path: ./a.db }\ndefaultLabel'],
    ['the signature', 'A'.repeat(86), `${'B'.repeat(85)}A`],
  ])('stays the same with %s', (_, from, to) => {
    const text = MANIFEST.replace(from, to);
    expect(text).not.toBe(MANIFEST);
    expect(ofText(text)).toBe(BASE);
  });

  it('leaves out of a demand only what it would have to contain itself', () => {
    const demand = (hex: string) => MANIFEST.replace('1'.repeat(64), hex.repeat(64));
    expect(ofText(demand('2'), 'reader')).toBe(ofText(demand('1'), 'reader'));
    const undemanded = MANIFEST.replace(`, measurement: "${'1'.repeat(64)}"`, '');
    expect(ofText(undemanded, 'reader')).toBe(ofText(MANIFEST, 'reader'));
    expect(ofText(demand('2'), 'vault')).not.toBe(BASE);
  });
});

describe('canonical text', () => {
  it('is the same for the same value whatever the order of its keys, and another for another', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (one, other) => {
        const normal = (value: unknown) => JSON.parse(JSON.stringify(value));
        expect(canonical(normal(one))).toBe(canonical(reversed(normal(one))));
        const isSame = isDeepStrictEqual(normal(one), normal(other));
        expect(canonical(normal(one)) === canonical(normal(other))).toBe(isSame);
      }),
    );
  });

  it.each([
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [-0],
    [1n],
    [() => 1],
    [new Date(0)],
    [new Set([1])],
    [[undefined]],
  ])('refuses what JSON would turn into something else: %s', (value) => {
    expect(() => canonical(value)).toThrow();
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reversed(part)]),
  );
}
