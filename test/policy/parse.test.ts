import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { COMPARTMENT_LIMITS, HOST_LIMITS, loadManifest, type Policy, parseManifest } from '../../src/policy/index.ts';
import { SUPPORT_DESK } from './support-desk.ts';

const FULL = `
version: 1
principals: { desk: {}, bank: }
tags:
  customer:*: { kind: secrecy, owner: desk, public: [declassify] }
  key: { kind: secrecy, owner: bank }
  vetted: { kind: integrity, owner: desk }
compartments:
  keeper:
    wasm: ./keeper.wasm
    sha256: ${'0f'.repeat(32)}
    abi: core
    wit: { text: "package bank:keeper;", world: keeper }
    wasi: minimal
    clock: virtual
    label: { secrecy: [key], integrity: [vetted] }
    clearance: { secrecy: [key, "customer:*"], integrity: [vetted] }
    grants: [key-, vetted+]
    gates:
      "bank:keys/sign#sign": { declassify: [key], endorse: [vetted], requires: { integrity: [vetted] }, budget: { calls: 3/s, bytes: 64KiB/day } }
    resources: [log]
    kind: inline
    enclave: { debug: true, signer: ${'A'.repeat(43)}, version: 7, signature: ${'A'.repeat(86)} }
    instances: per-call
    busy: refuse
    restart: { policy: restart, backoff: 100ms, ceiling: 10/min }
    snapshot: { call: warm-up }
    limits: { memory: 128KiB, table: 0, instances: 15000, message: 16, queue: 0, output: 1KiB, deadline: 250ms, cpu: 2s, fuel: 10M }
  shout: { wasm: "npm:@scope/shout/dist/shout.wasm", abi: adapter, wit: ./shout.wit, adapter: ./shout.ts }
links:
  - { from: keeper, import: shout, to: shout, export: loud, declassify: ["customer:acme"], budget: { bytes: 64/min }, measurement: { from: "${'1'.repeat(64)}" } }
  - { from: keeper, import: log, to: log, post: true }
resources:
  log: { function: true, label: { secrecy: [key] } }
  notes: { fs: ./notes, mode: read, label: { secrecy: ["customer:{dir}"] } }
entries:
  - { call: keeper.bank:keys/sign#sign, upTo: { secrecy: ["customer:*"], integrity: [vetted] } }
  - { call: shout }
forbid: ["key -> log except keeper", "customer:* -> log"]
audit: { path: ./audit.db }
attestation: { state: ./state }
limits: { instances: 5, memory: 1GiB, callDepth: 128, waiting: 0, workers: 3, heartbeat: 500ms }
defaultLabel: { secrecy: ["customer:acme"] }
`;

const lineOf = (text: string) => FULL.slice(0, FULL.indexOf(text)).split('\n').length;

describe('a manifest that says everything', () => {
  const policy = parseManifest(FULL, { file: '/desk/cofferdam.yaml' });

  it('keeps what it says of a compartment', () => {
    expect(policy.compartments.get('keeper')).toEqual({
      name: 'keeper',
      wasm: './keeper.wasm',
      sha256: '0f'.repeat(32),
      modules: null,
      sharedMemory: null,
      abi: 'core',
      wit: { text: 'package bank:keeper;', path: null, world: 'keeper' },
      adapter: null,
      wasi: 'minimal',
      clock: 'virtual',
      base: { secrecy: ['key'], integrity: ['vetted'] },
      clearance: { secrecy: ['key', 'customer:*'], integrity: ['vetted'] },
      grants: [
        { tag: 'key', right: 'declassify' },
        { tag: 'vetted', right: 'endorse' },
      ],
      gates: new Map([
        [
          'bank:keys/sign#sign',
          {
            declassify: ['key'],
            endorse: ['vetted'],
            requires: ['vetted'],
            budget: { calls: { amount: 3, perMs: 1_000 }, bytes: { amount: 65_536, perMs: 86_400_000 } },
          },
        ],
      ]),
      resources: ['log'],
      kind: 'inline',
      enclave: { debug: true, signer: 'A'.repeat(43), version: 7, signature: 'A'.repeat(86) },
      instances: 'per-call',
      busy: 'refuse',
      restart: { policy: 'restart', backoffMs: 100, ceiling: { amount: 10, perMs: 60_000 } },
      snapshot: { call: 'warm-up' },
      limits: {
        memoryBytes: 131_072,
        tableEntries: 0,
        instances: 15_000,
        messageBytes: 16,
        queue: 0,
        outputBytes: 1_024,
        deadlineMs: 250,
        isDeadlineGiven: true,
        cpuMs: 2_000,
        fuel: 10_000_000,
      },
      isInterruptible: true,
    });
    expect(policy.compartments.get('shout')).toMatchObject({
      abi: 'adapter',
      wit: { text: null, path: './shout.wit', world: null },
      adapter: './shout.ts',
    });
  });

  it('keeps what it says of links, resources, entries and rules, with their lines', () => {
    expect(policy.links).toEqual([
      {
        from: 'keeper',
        import: 'shout',
        to: 'shout',
        toKind: 'compartment',
        export: 'loud',
        gate: {
          declassify: ['customer:acme'],
          endorse: [],
          requires: [],
          budget: { calls: null, bytes: { amount: 64, perMs: 60_000 } },
        },
        measurement: { from: '1'.repeat(64), to: null },
        post: false,
        line: lineOf('- { from: keeper, import: shout'),
      },
      {
        from: 'keeper',
        import: 'log',
        to: 'log',
        toKind: 'resource',
        export: null,
        gate: null,
        measurement: null,
        post: true,
        line: lineOf('- { from: keeper, import: log'),
      },
    ]);
    expect(policy.attestation).toEqual({ state: './state' });
    expect([...policy.resources.values()]).toEqual([
      { kind: 'function', name: 'log', label: { secrecy: ['key'], integrity: [] } },
      { kind: 'fs', name: 'notes', root: './notes', label: { secrecy: ['customer:{dir}'], integrity: [] } },
    ]);
    expect(policy.entries).toEqual([
      {
        compartment: 'keeper',
        export: 'bank:keys/sign#sign',
        upTo: { secrecy: ['customer:*'], integrity: ['vetted'] },
      },
      { compartment: 'shout', export: null, upTo: null },
    ]);
    expect(policy.forbid).toEqual([
      { text: 'key -> log except keeper', tag: 'key', resource: 'log', except: ['keeper'], line: lineOf('forbid:') },
      { text: 'customer:* -> log', tag: 'customer:*', resource: 'log', except: [], line: lineOf('forbid:') },
    ]);
  });

  it('keeps what it says of tags and of the host', () => {
    expect(policy.principals).toEqual(['desk', 'bank']);
    expect(policy.tags.get('customer:*')).toEqual({
      name: 'customer:*',
      kind: 'secrecy',
      owner: 'desk',
      isFamily: true,
      public: ['declassify'],
    });
    expect(policy.tags.get('key')).toEqual({ name: 'key', kind: 'secrecy', owner: 'bank', isFamily: false });
    expect(policy).toMatchObject({
      file: '/desk/cofferdam.yaml',
      baseDir: '/desk',
      audit: { path: './audit.db' },
      limits: { instances: 5, memoryBytes: 2 ** 30, callDepth: 128, waiting: 0, workers: 3, heartbeatMs: 500 },
      defaultLabel: { secrecy: ['customer:acme'], integrity: [] },
    });
  });

  it('is the same as JSON, and as an object, but for places', () => {
    const withoutPlaces = (given: Policy) => ({
      ...given,
      links: given.links.map((link) => ({ ...link, line: null })),
      forbid: given.forbid.map((rule) => ({ ...rule, line: null })),
    });
    const object: object = parse(FULL);
    for (const same of [JSON.stringify(object), JSON.stringify(object, null, '\t'), object, policy.tree as object]) {
      expect(withoutPlaces(parseManifest(same, { file: '/desk/cofferdam.yaml' }))).toEqual(withoutPlaces(policy));
    }
  });

  it('cannot be changed', () => {
    for (const part of [
      policy,
      policy.links,
      policy.links[0],
      policy.compartments.get('keeper')?.clearance.secrecy,
      policy.tree,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});

describe('a manifest that says little', () => {
  const policy = parseManifest('version: 1\ncompartments: { a: { wasm: ./a.wasm } }\n', { baseDir: '/x' });

  it('gives no reach', () => {
    expect(policy.compartments.get('a')).toEqual({
      name: 'a',
      wasm: './a.wasm',
      sha256: null,
      modules: null,
      sharedMemory: null,
      abi: 'component',
      wit: null,
      adapter: null,
      wasi: 'none',
      clock: 'coarse',
      base: { secrecy: [], integrity: [] },
      clearance: { secrecy: [], integrity: [] },
      grants: [],
      gates: new Map(),
      resources: [],
      kind: 'inline',
      enclave: null,
      instances: 'per-label',
      busy: 'queue',
      restart: { policy: 'restart', backoffMs: 0, ceiling: { amount: 100, perMs: 60_000 } },
      snapshot: null,
      limits: COMPARTMENT_LIMITS,
      isInterruptible: true,
    });
    expect(policy).toMatchObject({
      links: [],
      entries: null,
      forbid: [],
      audit: { path: null },
      attestation: { state: null },
      limits: HOST_LIMITS,
      defaultLabel: null,
    });
  });
});

describe('the files that a manifest names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'manifest-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const put = (name: string, text = '') => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  put('desk/cofferdam.yaml', SUPPORT_DESK);
  for (const name of ['summarise', 'classify', 'format', 'count', 'notify']) put(`desk/${name}.wasm`);
  put('node_modules/redact/redact.wasm');
  put('desk/tickets/acme/1.md');

  it('must be there', async () => {
    const policy = await loadManifest(join(folder, 'desk/cofferdam.yaml'));
    expect(policy.baseDir).toBe(join(folder, 'desk'));
  });

  it.each([
    ['a module', './notify.wasm', './nobody.wasm', 'compartments.notify.wasm'],
    ['a module in a package', 'npm:redact/redact.wasm', 'npm:redact/other.wasm', 'compartments.redact.wasm'],
    ['a path that is too long to be one', './notify.wasm', `./${'x'.repeat(4_000)}`, 'compartments.notify.wasm'],
    ['a folder where a module should be', './notify.wasm', './tickets', 'compartments.notify.wasm'],
    ['a file where a folder should be', 'fs: ./tickets', 'fs: ./notify.wasm', 'resources.tickets.fs'],
  ])('or else: %s', async (_, there, missing, path) => {
    put('desk/other.yaml', SUPPORT_DESK.replace(there, missing));
    await expect(loadManifest(join(folder, 'desk/other.yaml'))).rejects.toMatchObject({
      code: 'MANIFEST_FILE_MISSING',
      details: { path },
    });
  });

  it('are not looked for unless asked', () => {
    expect(parseManifest(SUPPORT_DESK, { baseDir: '/nowhere' }).compartments.size).toBe(6);
  });

  it('include the manifest itself', async () => {
    await expect(loadManifest(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'MANIFEST_FILE_MISSING' });
    put('latin.yaml', '');
    writeFileSync(join(folder, 'latin.yaml'), Buffer.from([0x61, 0xff]));
    await expect(loadManifest(join(folder, 'latin.yaml'))).rejects.toMatchObject({ code: 'MANIFEST_SYNTAX' });
    writeFileSync(join(folder, 'large.yaml'), Buffer.alloc(2 ** 20 + 1, 0x23));
    await expect(loadManifest(join(folder, 'large.yaml'))).rejects.toMatchObject({ code: 'MANIFEST_LIMIT' });
  });

  it('are files: a device that never ends is not read', async () => {
    await expect(loadManifest('/dev/zero')).rejects.toMatchObject({ code: 'MANIFEST_FILE_MISSING' });
    await expect(loadManifest(folder)).rejects.toMatchObject({ code: 'MANIFEST_FILE_MISSING' });
  });
});
