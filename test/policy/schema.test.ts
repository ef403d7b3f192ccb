import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { manifestJsonSchema } from '../../scripts/schema.ts';
import { CODES } from '../../src/codes.ts';
import { COMPARTMENT_LIMITS, formatSize, HOST_LIMITS, parseManifest } from '../../src/policy/index.ts';
import { SUPPORT_DESK } from './support-desk.ts';

const ROOT = join(import.meta.dirname, '../..');
const published = readFileSync(join(ROOT, 'schema/manifest.schema.json'), 'utf8');
const reference = readFileSync(join(ROOT, 'docs/manifest.md'), 'utf8');
/** The published schema as a validator of its own, without the checks that only the parser has. */
const byEditor = z.fromJSONSchema(JSON.parse(published));
const isShaped = (manifest: unknown) => byEditor.safeParse(manifest).success;

describe('the published schema', () => {
  it('is the parser’s own', () => {
    expect(published).toBe(manifestJsonSchema());
  });

  const files = globSync('{examples,guests}/*/cofferdam.yaml', { cwd: ROOT });
  it.each(files)('accepts what the parser accepts: %s', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    expect(parseManifest(text).compartments.size).toBeGreaterThan(0);
    expect(isShaped(parse(text))).toBe(true);
  });

  const desk = parse(SUPPORT_DESK);
  it.each([
    ['an unknown key', { ...desk, link: [] }],
    ['no version', { ...desk, version: undefined }],
    ['a kind that there is none of', { ...desk, compartments: { a: { wasm: 'a', kind: 'enclave' } } }],
    ['a size in decimal units', { ...desk, compartments: { a: { wasm: 'a', limits: { memory: '64MB' } } } }],
    ['a tag with a capital', { ...desk, defaultLabel: { secrecy: ['customer:Acme'] } }],
    [
      'a rate without a period',
      { ...desk, compartments: { a: { wasm: 'a', gates: { f: { budget: { calls: '100' } } } } } },
    ],
  ])('refuses as the parser does: %s', (_, manifest) => {
    expect(() => parseManifest(manifest)).toThrowError();
    expect(isShaped(JSON.parse(JSON.stringify(manifest)))).toBe(false);
  });
});

describe('the reference', () => {
  const blocks = [...reference.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);
  const whole = blocks.filter((text) => text.includes('version: 1'));

  it('shows whole manifests that are right', () => {
    expect(whole.length).toBeGreaterThan(1);
    for (const text of whole) {
      expect(parseManifest(text).compartments.size).toBeGreaterThan(0);
      expect(isShaped(parse(text))).toBe(true);
    }
  });

  it('has every error code of the room', () => {
    const codes = Object.keys(CODES).filter((code) => /^(MANIFEST|CHECK)_/.test(code));
    expect(codes.filter((code) => !reference.includes(`\`${code}\``))).toEqual([]);
  });

  it('has every key that the schema has', () => {
    expect(
      [...keysOf(JSON.parse(published))].filter(
        (key) => !reference.includes(`\`${key}`) && !reference.includes(`.${key}\``),
      ),
    ).toEqual([]);
  });

  it('has the defaults that hold', () => {
    const { memoryBytes, messageBytes, outputBytes, tableEntries, instances, queue } = COMPARTMENT_LIMITS;
    const rows: [string, string | number][] = [
      ['memory', formatSize(memoryBytes)],
      ['message', formatSize(messageBytes)],
      ['output', formatSize(outputBytes)],
      ['table', tableEntries],
      ['instances', instances],
      ['queue', queue],
      ['limits.instances', HOST_LIMITS.instances],
      ['limits.callDepth', HOST_LIMITS.callDepth],
      ['limits.waiting', HOST_LIMITS.waiting],
      ['limits.workers', HOST_LIMITS.workers],
      ['limits.heartbeat', `${HOST_LIMITS.heartbeatMs / 1_000}s`],
    ];
    for (const [key, value] of rows)
      expect(reference).toMatch(new RegExp(`\\| \`${key.replace('.', '\\.')}\` \\|[^|]*\\| \`${value}\` \\|`));
  });
});

/** Every key that a manifest can have, at any depth. */
function* keysOf(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return;
  if ('properties' in schema && typeof schema.properties === 'object' && schema.properties !== null)
    yield* Object.keys(schema.properties);
  for (const inner of Object.values(schema)) yield* keysOf(inner);
}
