import { type Case, load } from './case.ts';

const good = {
  version: 1,
  principals: { desk: {} },
  tags: { 'customer:*': { kind: 'secrecy', owner: 'desk' }, vetted: { kind: 'integrity', owner: 'desk' } },
  compartments: { a: { wasm: './good.wasm', abi: 'core', wit: { text: 'package a:b; world w {}' } } },
};
const a = (changes: object) => ({ ...good, compartments: { a: { ...good.compartments.a, ...changes } } });
const manifest = (what: string, code: Case[1], value: unknown): Case => [
  `a manifest: ${what}`,
  code,
  (place) => load(value as object, place),
];
const text = (what: string, code: Case[1], content: string | Uint8Array): Case => [
  `a manifest file: ${what}`,
  code,
  (place) => load(place.write('manifest.yaml', content), place),
];
const deep = () => {
  let value: unknown = 1;
  for (let i = 0; i < 10_000; i++) value = [value];
  return value;
};
const circle = () => {
  const value: Record<string, unknown> = { ...good };
  value.extra = value;
  return value;
};

export const MANIFESTS: readonly Case[] = [
  manifest('nothing', 'MANIFEST_MISSING_KEY', {}),
  manifest('null', 'MANIFEST_TYPE', null),
  manifest('a list', 'MANIFEST_TYPE', []),
  manifest('another version', 'MANIFEST_VALUE', { ...good, version: 2 }),
  manifest('an unknown key', 'MANIFEST_UNKNOWN_KEY', { ...good, link: [] }),
  manifest('a date for a map', 'MANIFEST_TYPE', { ...good, compartments: new Date(0) }),
  manifest('a function', 'MANIFEST_TYPE', { ...good, compartments: () => good.compartments }),
  manifest('nested without end', 'MANIFEST_LIMIT', { ...good, links: deep() }),
  manifest('in a circle', 'MANIFEST_TYPE', circle()),
  manifest('a hundred thousand links', 'MANIFEST_LIMIT', { ...good, links: Array(100_000).fill({ from: 'a' }) }),
  manifest(
    'a compartment called __proto__',
    'MANIFEST_UNKNOWN_KEY',
    JSON.parse('{"version":1,"compartments":{"__proto__":{"wasm":"./a.wasm"}}}'),
  ),
  manifest('a compartment called host', 'MANIFEST_NAME', { ...good, compartments: { host: good.compartments.a } }),
  manifest('a link from nobody', 'MANIFEST_LINK_DANGLING', { ...good, links: [{ from: 'b', import: 'f', to: 'a' }] }),
  manifest('an entry to nobody', 'MANIFEST_REFERENCE', { ...good, entries: [{ call: 'b' }] }),
  manifest('a tag with a capital', 'MANIFEST_TAG_SYNTAX', a({ clearance: { secrecy: ['Vetted'] } })),
  manifest('a tag that nobody declared', 'MANIFEST_TAG_UNDECLARED', a({ clearance: { secrecy: ['other'] } })),
  manifest('an integrity tag as a secret', 'MANIFEST_TAG_KIND', a({ clearance: { secrecy: ['vetted'] } })),
  manifest('a base label above its clearance', 'MANIFEST_LABEL', a({ label: { secrecy: ['customer:acme'] } })),
  manifest('a gate without its privilege', 'MANIFEST_PRIVILEGE', a({ gates: { f: { declassify: ['customer:*'] } } })),
  manifest('memory of half a page', 'MANIFEST_VALUE', a({ limits: { memory: '32KiB' } })),
  manifest('a negative limit', 'MANIFEST_VALUE', a({ limits: { instances: -1 } })),
  manifest('not a number', 'MANIFEST_TYPE', a({ limits: { instances: Number.NaN } })),
  manifest('code from a URL', 'MANIFEST_VALUE', a({ wasm: 'https://example.com/a.wasm' })),
  manifest('code from nowhere', 'LOAD_NOT_FOUND', a({ wasm: './absent.wasm' })),
  manifest('code with a NUL in its name', 'MANIFEST_VALUE', a({ wasm: './a\0.wasm' })),
  manifest('a hash that is not one', 'MANIFEST_VALUE', a({ sha256: 'beef' })),
  manifest('another hash', 'LOAD_HASH_MISMATCH', a({ sha256: 'b'.repeat(64) })),
  manifest('an adapter that is not there', 'ADAPTER_INVALID', a({ abi: 'adapter', adapter: './absent.ts' })),
  text('empty', 'MANIFEST_TYPE', ''),
  text('a bracket that never closes', 'MANIFEST_SYNTAX', 'version: ['),
  text('an anchor', 'MANIFEST_YAML_FEATURE', 'version: &a 1'),
  text('a billion laughs', 'MANIFEST_YAML_FEATURE', 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]'),
  text('a key twice', 'MANIFEST_DUPLICATE_KEY', 'version: 1\nversion: 1'),
  text('no UTF-8', 'MANIFEST_SYNTAX', Uint8Array.of(0x76, 0xff, 0xfe)),
  text('two megabytes', 'MANIFEST_LIMIT', `version: 1 # ${'x'.repeat(2 ** 21)}`),
  text('50,000 brackets', 'MANIFEST_LIMIT', '['.repeat(50_000)),
  ['a manifest file: a folder', 'MANIFEST_FILE_MISSING', (place) => load(place.folder, place)],
  ['a manifest file: none', 'MANIFEST_FILE_MISSING', (place) => load(`${place.folder}/absent.yaml`, place)],
];
