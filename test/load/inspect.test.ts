import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { inspectFile } from '../../src/load/index.ts';
import { makeFolder } from './folder.ts';
import { coreModule, REDACT, section, wat } from './modules.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('inspecting', () => {
  it('a real component shows its types, modules and producers', async () => {
    const found = await inspectFile(REDACT, { baseDir: ROOT });
    const bytes = await readFile(join(ROOT, 'node_modules', REDACT.slice('npm:'.length)));
    expect(found).toMatchObject({
      file: REDACT,
      kind: 'component',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      isAsync: false,
    });
    expect(found.exports).toEqual([
      { name: 'redact', type: expect.stringMatching(/^func\(content: string, options: /) },
    ]);
    expect(found.imports.map(({ name }) => name).sort()).toEqual([
      'arcjet:redact/custom-redact#detect-sensitive-info',
      'arcjet:redact/custom-redact#redact-sensitive-info',
    ]);
    expect(found.modules.length).toBe(3);
    expect(found.modules[0]?.memories).toEqual([{ initial: expect.any(Number), maximum: null, imported: false }]);
    expect(found.producers).toContainEqual({ field: 'processed-by', name: 'wit-component', version: '0.244.0' });
    expect(parse(found.manifestEntry)).toEqual({
      compartments: {
        'arcjet-analyze-bindings-redact': {
          wasm: REDACT,
          sha256: found.sha256,
          abi: 'component',
          clearance: { secrecy: [] },
        },
      },
    });
    expect(found.manifestEntry).toContain('import: "arcjet:redact/custom-redact", to:');
  });

  it('a real core module shows its functions in text format', async () => {
    const found = await inspectFile('npm:@dprint/markdown/plugin.wasm', { baseDir: ROOT });
    expect(found.kind).toBe('core');
    expect(found.exports).toContainEqual({ name: 'get_shared_bytes_ptr', type: '(func (result i32))' });
    expect(found.imports.length).toBe(4);
    expect(found.targetFeatures).toContain('bulk-memory');
    expect(found.producers).toContainEqual({ field: 'language', name: 'Rust', version: '' });
    expect(parse(found.manifestEntry)).toMatchObject({
      compartments: { plugin: { abi: 'adapter', wit: './world.wit' } },
    });
  });

  it('a module that wants WASI is told what it gets', async () => {
    await using folder = await makeFolder();
    const text = `(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
      (import "desk:out/notify@1.0.0" "send" (func (param i32))) (import "$root" "log" (func)) (memory (export "memory") 2 9) (func (export "_start")))`;
    await folder.write('My Tool 2.wasm', await wat(text));
    const found = await inspectFile('./My Tool 2.wasm', { baseDir: folder.path });
    expect(found.modules[0]?.memories).toEqual([{ initial: 2, maximum: 9, imported: false }]);
    expect(parse(found.manifestEntry)).toMatchObject({
      compartments: { 'my-tool-2': { abi: 'core', wasi: 'minimal' } },
    });
    expect(found.manifestEntry).toContain('import: "desk:out/notify@1.0.0", to:');
    expect(found.manifestEntry).toContain('import: "log", to:');
    expect(found.manifestEntry).not.toContain('fd_write');
  });

  it('names that would play tricks on a terminal or on YAML stay harmless', async () => {
    await using folder = await makeFolder();
    const name = (text: string) => [Buffer.byteLength(text), ...Buffer.from(text)];
    const evil = '\u001b[2J\n  evil: true # \u202e"';
    const bytes = coreModule(
      section(1, [1, 0x60, 0, 0]),
      section(2, [1, ...name(evil), ...name(evil), 0, 0]),
      section(0, [...name(evil), 1, 2, 3]),
    );
    await folder.write('evil.wasm', bytes);
    const found = await inspectFile('./evil.wasm', { baseDir: folder.path });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(JSON.stringify(found)).not.toMatch(/\\u001b|[\u0000-\u001f\u202e]/);
    expect(Object.keys(parse(found.manifestEntry))).toEqual(['compartments']);
    expect(Object.keys(parse(found.manifestEntry).compartments.evil)).not.toContain('evil');
    expect(found.custom[0]?.bytes).toBe(3);
  });

  it.each([
    ['text', 'hello', /^WASM_/],
    ['nothing', '', /^WASM_/],
  ])('%s is refused', async (_, content, code) => {
    await using folder = await makeFolder();
    await folder.write('a.wasm', content);
    await expect(inspectFile('./a.wasm', { baseDir: folder.path })).rejects.toThrow(
      expect.objectContaining({ code: expect.stringMatching(code) }),
    );
    await expect(inspectFile('./b.wasm', { baseDir: folder.path })).rejects.toThrow(
      expect.objectContaining({ code: 'LOAD_NOT_FOUND' }),
    );
  });
});
