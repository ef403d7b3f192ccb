import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cofferdam, cofferdamInside, errorCode, makeFolder, makeStarter } from './support.ts';

const REDACT = 'npm:@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm';

describe('inspect', () => {
  it('shows a component of a stranger, without running it', async () => {
    const text = await cofferdam(['inspect', REDACT]);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toContain('arcjet:redact/custom-redact#detect-sensitive-info: func(tokens: list<string>)');
    expect(text.stdout).toContain('  compartments:\n');
    const json = await cofferdamInside(['inspect', REDACT, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ kind: 'component', file: REDACT });
  });

  it('--links says how each link is crossed, and why', async () => {
    const desk = 'examples/support-desk/cofferdam.yaml';
    const { stdout } = await cofferdamInside(['inspect', '--links', desk]);
    expect(stdout).toContain(
      'redact -> detect: desk:privacy/detect#redact (as redact)\n  generated Wasm\n' +
        'notify -> webhook: desk:out/webhook#post\n  lift and lower, since webhook is a function of the program\n',
    );
    const json = await cofferdamInside(['inspect', '--links', desk, '--json']);
    expect(JSON.parse(json.stdout).links[0]).toEqual({
      from: 'summarise',
      import: 'desk:out/notify#send',
      to: 'notify',
      export: 'desk:out/notify#send',
      crossing: 'lift and lower',
      reason: 'it is a post',
    });
    const none = await cofferdamInside(['inspect', '--links', makeStarter()]);
    expect([none.code, none.stdout]).toEqual([0, 'no links\n']);
    const missing = await cofferdamInside(['inspect', '--links', './no-such.yaml', '--json']);
    expect([missing.code, errorCode(missing)]).toEqual([1, 'MANIFEST_FILE_MISSING']);
  });

  const failures: readonly (readonly [string, string, string])[] = [
    ['no file', './no-such.wasm', 'LOAD_NOT_FOUND'],
    ['no WebAssembly', './README.md', 'WASM_MALFORMED'],
    ['a folder', './guests', 'LOAD_NOT_A_FILE'],
    ['a URL', 'https://example.com/a.wasm', 'LOAD_SOURCE'],
    ['no package', 'npm:no-such-package/a.wasm', 'LOAD_PACKAGE_MISSING'],
  ];
  it.for(failures)('%s is refused', async ([, file, code]) => {
    const ended = await cofferdamInside(['inspect', file, '--json']);
    expect([ended.code, ended.stdout, errorCode(ended)]).toEqual([1, '', code]);
  });
});

describe('types', () => {
  it('of a manifest go to a file', async () => {
    const output = join(makeFolder(), 'guests.d.ts');
    const ended = await cofferdam(['types', makeStarter(), '-o', output]);
    expect(ended).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(output, 'utf8')).toContain(
      'greet(name: string, options?: CallOptions): Promise<Reply<string>>;',
    );
  });

  it('of a component go to stdout', async () => {
    const { code, stdout } = await cofferdamInside(['types', REDACT]);
    expect(code).toBe(0);
    expect(stdout).toContain('export interface ArcjetAnalyzeBindingsRedact {');
  });

  it('of a module that carries none are refused', async () => {
    const ended = await cofferdamInside(['types', 'guests/starter/greet.wasm', '--json']);
    expect([ended.code, errorCode(ended)]).toEqual([1, 'LOAD_KIND']);
  });

  it('are not written where they cannot be', async () => {
    const ended = await cofferdamInside(['types', REDACT, '-o', '/no/such/folder/a.d.ts', '--json']);
    expect([ended.code, ended.stdout, errorCode(ended)]).toEqual([1, '', 'CLI_FILE']);
  });
});
