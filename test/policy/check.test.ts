import { describe, expect, it } from 'vitest';
import {
  analyse,
  check,
  formatWay,
  parseManifest,
  renderWhy,
  type TypedWorld,
  type Worlds,
  why,
} from '../../src/policy/index.ts';
import { SUPPORT_DESK } from './support-desk.ts';

const ask = (manifest: string | object, tag: string, resource: string, worlds?: Worlds): string[] =>
  why(analyse(parseManifest(manifest), worlds), tag, resource).map(formatWay);

describe('the support desk', () => {
  const policy = parseManifest(SUPPORT_DESK);
  const report = check(policy);

  it('lets a customer’s data out by one way, through the gate', () => {
    expect(ask(SUPPORT_DESK, 'customer:acme', 'webhook')).toEqual([
      'host → redact@{customer:acme} → [redact.redact declassifies customer:acme] → host → notify@public → webhook',
    ]);
  });

  it('lets it out by none when the gate declassifies nothing', () => {
    const closed = SUPPORT_DESK.replace('declassify: ["customer:*"], ', '');
    expect(ask(closed, 'customer:acme', 'webhook')).toEqual([]);
    expect(renderWhy('customer:acme', 'webhook', [])).toBe('There is no way for customer:acme to get to webhook.\n');
    expect(check(parseManifest(closed)).reach).toEqual([]);
  });

  it('runs each compartment at the labels that it may have, and no other', () => {
    const ids = report.nodes.map(({ id }) => id);
    expect(ids).toContain('summarise@{customer:*}');
    expect(ids.filter((id) => id.startsWith('notify@'))).toEqual(['notify@public']);
    expect(ids).toContain('webhook');
  });

  it('says which link is denied, at which label, and what would allow it', () => {
    expect(report.denied).toEqual([
      expect.objectContaining({
        from: 'summarise',
        to: 'notify',
        import: 'desk:out/notify',
        labels: ['{customer:*}'],
        rule: 1,
        condition: 'clearance',
      }),
    ]);
    expect(report.denied[0]?.remedy).toContain('compartments.notify.clearance.secrecy');
    expect(JSON.stringify(report)).not.toContain('any.member');
  });

  it('lists its gates and where each tag gets', () => {
    expect(report.gates).toEqual([
      {
        gate: 'redact.redact',
        holder: 'redact',
        on: 'export',
        declassify: ['customer:*'],
        endorse: [],
        requires: ['vetted'],
        budget: { calls: { amount: 100, perMs: 60_000 }, bytes: null },
        isUsed: true,
      },
    ]);
    expect(report.reach).toEqual([
      { tag: 'customer:*', resource: 'webhook', gates: ['redact.redact'], isUngated: false },
    ]);
  });

  it('keeps its rule, and breaks one without the exception', () => {
    expect(report).toMatchObject({ ok: true, forbidViolations: [] });
    const strict = check(parseManifest(SUPPORT_DESK.replace(' except redact', '')));
    expect(strict.ok).toBe(false);
    expect(strict.forbidViolations).toMatchObject([{ rule: 'customer:* -> webhook', line: 25 }]);
    expect(formatWay(strict.forbidViolations[0]?.path ?? [])).toContain('redact.redact');
  });
});

const TAGS = {
  version: 1,
  principals: { p: {} },
  tags: {
    'customer:*': { kind: 'secrecy', owner: 'p' },
    key: { kind: 'secrecy', owner: 'p' },
    vetted: { kind: 'integrity', owner: 'p' },
  },
};
const all = { secrecy: ['customer:*', 'key'] };
const out = { function: true };

describe('why', () => {
  it('shows one way for each set of gates, the shortest first', () => {
    const two = SUPPORT_DESK.replace(
      '  count: { wasm: ./count.wasm,',
      '  count: { wasm: ./count.wasm, grants: ["customer:*-"],',
    ).replace(
      'links:\n',
      'links:\n  - { from: count, import: "desk:out/notify", to: notify, declassify: ["customer:*"] }\n',
    );
    expect(ask(two, 'customer:acme', 'webhook')).toEqual([
      'host → count@{customer:acme} → [count -> notify (desk:out/notify) declassifies customer:acme] → notify@public → webhook',
      'host → redact@{customer:acme} → [redact.redact declassifies customer:acme] → host → notify@public → webhook',
    ]);
    expect(check(parseManifest(two)).forbidViolations).toHaveLength(1);
  });

  it('tells a customer whom the manifest names from the others', () => {
    const one = SUPPORT_DESK.replace('declassify: ["customer:*"]', 'declassify: ["customer:globex"]');
    expect(ask(one, 'customer:globex', 'webhook')).toHaveLength(1);
    expect(ask(one, 'customer:acme', 'webhook')).toEqual([]);
    expect(ask(one, 'customer:*', 'webhook')).toEqual([]);
    expect(check(parseManifest(one)).reach).toMatchObject([{ tag: 'customer:globex' }]);
  });

  it('shows a way on which the tag stays', () => {
    const manifest = {
      ...TAGS,
      compartments: { a: { wasm: 'a', clearance: all, resources: ['vault'] } },
      resources: { vault: { ...out, label: { secrecy: ['key'] } } },
      links: [{ from: 'a', import: 'f', to: 'vault' }],
    };
    expect(ask(manifest, 'key', 'vault')).toEqual(['host → a@{key} → vault']);
    expect(ask(manifest, 'customer:acme', 'vault')).toEqual([]);
    expect(check(parseManifest(manifest)).reach).toEqual([
      { tag: 'key', resource: 'vault', gates: [], isUngated: true },
    ]);
  });

  it('follows data back out of a resource', () => {
    const manifest = {
      ...TAGS,
      compartments: {
        a: { wasm: 'a', clearance: all, grants: ['customer:*-'], resources: ['store'] },
        b: { wasm: 'b', resources: ['store', 'web'] },
      },
      resources: { store: out, web: out },
      links: [
        { from: 'a', import: 'put', to: 'store', declassify: ['customer:*'], post: true },
        { from: 'b', import: 'get', to: 'store' },
        { from: 'b', import: 'send', to: 'web' },
      ],
    };
    expect(ask(manifest, 'customer:acme', 'web')).toEqual([
      'host → a@{customer:acme} → [a -> store (put) declassifies customer:acme] → store → b@public → web',
    ]);
  });

  it.each([
    ['a tag that is not declared', 'secret', 'webhook'],
    ['a member of a family that is not declared', 'tenant:acme', 'webhook'],
    ['an integrity tag', 'vetted', 'webhook'],
    ['no tag at all', 'customer:Acme', 'webhook'],
    ['a resource that is not declared', 'customer:acme', 'webhok'],
  ])('is not asked about %s', (_, tag, resource) => {
    expect(() => ask(SUPPORT_DESK, tag, resource)).toThrowError(expect.objectContaining({ code: 'CHECK_QUESTION' }));
  });
});

describe('a base label', () => {
  const keeper = {
    ...TAGS,
    compartments: {
      keeper: {
        wasm: 'k',
        label: { secrecy: ['key'] },
        clearance: all,
        grants: ['key-'],
        gates: { sign: { declassify: ['key'] } },
      },
      web: { wasm: 'w', resources: ['net'] },
    },
    resources: { net: out },
    links: [{ from: 'web', import: 'send', to: 'net' }],
  };

  it('is where the data of its tag starts', () => {
    expect(ask({ ...keeper, entries: [{ call: 'keeper.sign', upTo: {} }, { call: 'web' }] }, 'key', 'net')).toEqual([
      'keeper@{key} → [keeper.sign declassifies key] → host → web@public → net',
    ]);
  });

  it('keeps its tag when only another export may be called', () => {
    expect(ask({ ...keeper, entries: [{ call: 'keeper.list', upTo: {} }, { call: 'web' }] }, 'key', 'net')).toEqual([]);
  });

  it('is needed by a caller that waits for the answer, beside the label of the data', () => {
    const manifest = {
      ...TAGS,
      compartments: {
        a: { wasm: 'a', clearance: all },
        keeper: {
          wasm: 'k',
          label: { secrecy: ['key'] },
          clearance: all,
          grants: ['customer:*-', 'key-'],
          resources: ['net'],
        },
      },
      resources: { net: out },
      links: [
        { from: 'a', import: 'f', to: 'keeper' },
        { from: 'keeper', import: 'send', to: 'net', declassify: ['customer:*', 'key'], post: true },
      ],
      entries: [{ call: 'a', upTo: all }],
    };
    expect(ask(manifest, 'customer:acme', 'net')).toEqual([
      'host → a@{customer:acme, key} → keeper@{customer:acme, key} → [keeper -> net (send) declassifies customer:acme, key] → net',
    ]);
    expect(
      ask({ ...manifest, entries: [{ call: 'a', upTo: { secrecy: ['customer:*'] } }] }, 'customer:acme', 'net'),
    ).toEqual([]);
  });
});

describe('a gate', () => {
  it('that is used up keeps the label, and so leads elsewhere', () => {
    const manifest = (budget: object) => ({
      ...TAGS,
      compartments: {
        a: { wasm: 'a', clearance: all, grants: ['key-'] },
        b: { wasm: 'b', clearance: all, resources: ['vault'] },
      },
      resources: { vault: { ...out, label: { secrecy: ['key'] } } },
      links: [
        { from: 'a', import: 'f', to: 'b', declassify: ['key'], ...budget },
        { from: 'b', import: 'g', to: 'vault' },
      ],
      entries: [{ call: 'a' }],
    });
    expect(ask(manifest({}), 'key', 'vault')).toEqual([]);
    expect(ask(manifest({ budget: { calls: '1/day' } }), 'key', 'vault')).toEqual(['host → a@{key} → b@{key} → vault']);
  });

  it('that requires what its callers never carry stays closed', () => {
    const untrusted = `${SUPPORT_DESK}entries:\n  - { call: summarise }\n  - { call: notify }\n`.replace(
      'links:\n',
      'links:\n  - { from: summarise, import: "desk:text/redact", to: redact }\n',
    );
    expect(ask(untrusted, 'customer:acme', 'webhook')).toEqual([]);
    expect(check(parseManifest(untrusted)).gates).toMatchObject([{ gate: 'redact.redact', isUsed: false }]);
  });

  it('releases what others left in an instance that is kept, but not in one that ends with its call', () => {
    const desk = (instances: string) => ({
      ...TAGS,
      compartments: {
        redact: {
          wasm: 'r',
          clearance: all,
          instances,
          grants: ['customer:*-'],
          gates: { redact: { declassify: ['customer:*'], requires: { integrity: ['vetted'] } } },
        },
        web: { wasm: 'w', resources: ['net'] },
      },
      resources: { net: out },
      links: [{ from: 'web', import: 'send', to: 'net' }],
      // Customers' data is never vouched for when it enters; only data without a tag is.
      entries: [
        { call: 'redact.load', upTo: { secrecy: ['customer:*'] } },
        { call: 'redact.redact', upTo: { secrecy: ['customer:*'], integrity: ['vetted'] } },
        { call: 'web' },
      ],
    });
    const closed = {
      ...desk('per-call'),
      entries: [{ call: 'redact.load', upTo: { secrecy: ['customer:*'] } }, { call: 'web' }],
    };
    expect(ask(desk('per-label'), 'customer:acme', 'net')).toHaveLength(1);
    expect(ask(desk('per-call'), 'customer:acme', 'net')).toHaveLength(1);
    expect(ask(closed, 'customer:acme', 'net')).toEqual([]);
  });
});

describe('a per-call instance', () => {
  const desk = (instances: string) => ({
    ...TAGS,
    compartments: {
      reader: { wasm: 'a', clearance: all, grants: ['customer:*-'] },
      shared: { wasm: 's', instances },
      web: { wasm: 'w', resources: ['net'] },
    },
    resources: { net: out },
    links: [
      { from: 'reader', import: 'f', to: 'shared', declassify: ['customer:*'], post: true },
      { from: 'web', import: 'g', to: 'shared' },
      { from: 'web', import: 'send', to: 'net' },
    ],
    entries: [{ call: 'reader' }, { call: 'web' }],
  });

  it('carries nothing from one caller to the next, as a kept one may', () => {
    expect(ask(desk('per-label'), 'customer:acme', 'net')).toEqual([
      'host → reader@{customer:acme} → [reader -> shared (f) declassifies customer:acme] → shared@public → web@public → net',
    ]);
    expect(ask(desk('per-call'), 'customer:acme', 'net')).toEqual([]);
  });
});

describe('a floor', () => {
  it('keeps out what nobody vouches for', () => {
    const manifest = {
      ...TAGS,
      compartments: {
        a: {
          wasm: 'a',
          label: { integrity: ['vetted'] },
          clearance: { secrecy: ['key'], integrity: ['vetted'] },
          resources: ['vault'],
        },
      },
      resources: { vault: { ...out, label: { secrecy: ['key'] } } },
      links: [{ from: 'a', import: 'f', to: 'vault', post: true }],
    };
    expect(check(parseManifest(manifest)).nodes.map(({ id }) => id)).toEqual([
      'a@{key | vetted}',
      'a@{| vetted}',
      'vault',
    ]);
    expect(ask(manifest, 'key', 'vault')).toEqual(['host → a@{key | vetted} → vault']);
    expect(ask({ ...manifest, entries: [{ call: 'a', upTo: { secrecy: ['key'] } }] }, 'key', 'vault')).toHaveLength(1);
  });
});

describe('types', () => {
  const func = (owner: string | null, name: string) => ({
    interface: owner,
    name,
    id: owner === null ? name : `${owner}#${name}`,
  });
  const world = (imports: TypedWorld['imports'], exports: TypedWorld['exports']): TypedWorld => ({ imports, exports });
  const manifest = {
    ...TAGS,
    compartments: {
      a: { wasm: 'a', clearance: all, resources: ['net'] },
      keeper: {
        wasm: 'k',
        label: { secrecy: ['key'] },
        clearance: all,
        grants: ['key-'],
        gates: { sign: { declassify: ['key'] } },
      },
    },
    resources: { net: out },
    links: [
      { from: 'a', import: 'p:keys/use', to: 'keeper' },
      { from: 'a', import: 'send', to: 'net' },
    ],
    entries: [{ call: 'a' }],
  };
  const withImport = (name: string): Worlds =>
    new Map([
      ['a', world([func('p:keys/use', name), func(null, 'send')], [func(null, 'run')])],
      ['keeper', world([], [func('p:keys/use', 'sign'), func('p:keys/use', 'list')])],
    ]);

  it('tell whether a link that names an interface leads to its gate', () => {
    expect(ask(manifest, 'key', 'net')).toHaveLength(1);
    expect(ask(manifest, 'key', 'net', withImport('sign'))).toEqual([
      'keeper@{key} → [keeper.sign declassifies key] → a@public → net',
    ]);
    expect(ask(manifest, 'key', 'net', withImport('list'))).toEqual([]);
  });

  it('tell which exports the host may call', () => {
    const open = {
      ...manifest,
      links: [{ from: 'a', import: 'send', to: 'net' }],
      entries: [{ call: 'a' }, { call: 'keeper' }],
    };
    const without: Worlds = new Map([['keeper', world([], [func('p:keys/use', 'list')])]]);
    expect(ask(open, 'key', 'net')).toHaveLength(1);
    expect(ask(open, 'key', 'net', without)).toEqual([]);
  });
});

describe('limits', () => {
  const bases = (count: number) => ({
    ...TAGS,
    tags: Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`k${index}`, { kind: 'secrecy', owner: 'p' }]),
    ),
    compartments: Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `c${index}`,
        { wasm: 'a', label: { secrecy: [`k${index}`] }, clearance: { secrecy: [`k${index}`] } },
      ]),
    ),
  });

  it('12 tags that base labels combine are looked at, 13 are not', () => {
    expect(check(parseManifest(bases(12))).nodes).toHaveLength(12);
    expect(() => check(parseManifest(bases(13)))).toThrowError(expect.objectContaining({ code: 'CHECK_LIMIT' }));
  });

  it('a thousand customers by name are looked at', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `customer:c${index}`);
    const desk = SUPPORT_DESK.replace(
      'clearance: { secrecy: ["customer:*"] }',
      `clearance: { secrecy: ${JSON.stringify(names)} }`,
    );
    const before = process.cpuUsage();
    expect(check(parseManifest(desk)).reach).toHaveLength(1_001);
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
  });
});
