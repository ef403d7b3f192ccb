import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const run = promisify(execFile);

/** A project of a user: what is published, installed, and nothing else of ours. */
const project = mkdtempSync(join(tmpdir(), 'cofferdam-package-'));
const PACKAGE = join(project, 'node_modules/cofferdam');
/** The Node that runs the tests, before any other. */
const env = {
  ...process.env,
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  XDG_CACHE_HOME: join(project, '.cache'),
  npm_config_cache: join(project, '.npm'),
};

function inProject(file: string, args: readonly string[]) {
  return run(file, args, { cwd: project, env });
}

/** The first fence of the README in this language that holds the word. */
function fenceOfReadme(language: string, word: string): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const fences = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  const found = fences.find(([, name, text]) => name === language && text?.includes(word));
  if (found?.[2] === undefined) throw new Error(`the README has no ${language} with ${word}`);
  return found[2];
}

beforeAll(async () => {
  const packed = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: ROOT, env });
  // The build before it may print a line.
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.search(/^\[/m))) as [{ filename: string }];
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  await inProject('npm', ['install', `./${filename}`, '--ignore-scripts', '--no-audit', '--no-fund', '--offline']);
}, 60_000);

afterAll(() => rmSync(project, { recursive: true }));

describe('the published package', () => {
  it('brings nothing along and says whose code it contains', async () => {
    const { stdout } = await inProject('npm', ['ls', '--all', '--json']);
    const { dependencies } = JSON.parse(stdout) as { dependencies: Record<string, object> };
    expect(Object.keys(dependencies)).toEqual(['cofferdam']);
    expect(dependencies.cofferdam).not.toHaveProperty('dependencies');
    const licenses = readFileSync(join(PACKAGE, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of ['@bytecodealliance/jco-transpile', 'commander', 'yaml', 'zod']) {
      expect(licenses).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
    expect(readFileSync(join(PACKAGE, 'LICENSE'), 'utf8')).toContain('Apache License');
    expect(JSON.parse(readFileSync(join(PACKAGE, 'schema/manifest.schema.json'), 'utf8'))).toHaveProperty('properties');
  });

  it("runs the README's code against the README's manifest", async () => {
    writeFileSync(join(project, 'cofferdam.yaml'), fenceOfReadme('yaml', 'compartments:'));
    writeFileSync(join(project, 'readme.mjs'), fenceOfReadme('ts', 'createHost'));
    mkdirSync(join(project, 'guests'));
    for (const guest of ['summarise', 'notify']) {
      cpSync(join(ROOT, `guests/${guest}/${guest}.wasm`), join(project, `guests/${guest}.wasm`));
    }
    cpSync(join(ROOT, 'guests/wit/desk.wit'), join(project, 'guests/desk.wit'));
    const { stdout } = await inProject('node', ['readme.mjs']);
    expect(stdout).toContain("[ 'customer:acme' ]");
    expect(stdout).toContain('denied by rule 1 (clearance): host may not post to notify');
    expect(stdout).not.toContain('the world gets');
  });

  it('measures itself, and draws a page of it', async () => {
    const args = ['bench', '--quick', '--peers', 'none', '--rows', '^(call.record|start)', '--html', 'bench.html'];
    const { stdout } = await inProject('npx', ['--no-install', 'cofferdam', ...args]);
    expect(stdout).toMatch(/start\.first-call[\s\S]*\n {2}cofferdam +[\d.,]+ ms/);
    expect(readFileSync(join(project, 'bench.html'), 'utf8')).toContain('<h3>call.record.inline</h3>');
  });

  it('starts a project that can be checked, run and asked', async () => {
    const cofferdam = (...args: string[]) => inProject('npx', ['--no-install', 'cofferdam', ...args]);
    await cofferdam('init', 'demo');
    await cofferdam('check', 'demo/cofferdam.yaml');
    const call = ['--call', 'greet.greet', '--args', '["Ada"]', '--secrecy', 'customer:acme', '--json'];
    const { stdout } = await cofferdam('run', 'demo/cofferdam.yaml', ...call);
    expect(JSON.parse(stdout)).toMatchObject({ value: 'Hello, Ada!', label: { secrecy: ['customer:acme'] } });
    const verified = await cofferdam('audit', 'verify', 'demo/cofferdam.yaml', '--json');
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true });
    await cofferdam('types', 'demo/cofferdam.yaml', '-o', 'guests.d.ts');
  });

  it('looks into a component with the decoder and the tools that it carries', async () => {
    cpSync(join(ROOT, 'node_modules/@arcjet/redact-wasm/wasm'), join(project, 'arcjet'), { recursive: true });
    const file = './arcjet/arcjet_analyze_bindings_redact.component.wasm';
    const { stdout } = await inProject('npx', ['--no-install', 'cofferdam', 'types', file]);
    expect(stdout).toContain('export interface ArcjetAnalyzeBindingsRedact {');
  });

  it('runs a component with async functions, with the part of jco that it carries', async () => {
    cpSync(join(ROOT, 'guests/relay/relay.wasm'), join(project, 'guests/relay.wasm'));
    writeFileSync(
      join(project, 'async.mjs'),
      `import { createHost } from 'cofferdam';
       await using host = await createHost(
         { version: 1,
           compartments: { relay: { wasm: './guests/relay.wasm', resources: ['slow'] } },
           links: [{ from: 'relay', import: 'test:wait/slow', to: 'slow' }],
           resources: { slow: { function: true } } },
         { resources: { slow: async (key) => key + '!' } });
       console.log((await host.call('relay.relay', ['async'], { label: {} })).value);`,
    );
    const { stdout } = await inProject('node', ['async.mjs']);
    expect(stdout).toBe('async!\n');
  });

  it('has types for a program that uses it, and for the declarations that it writes', async () => {
    writeFileSync(
      join(project, 'usage.ts'),
      `import { createHost, isCofferdamError, type Reply } from 'cofferdam';
       import type { Greet } from './guests.d.ts';
       await using host = await createHost('./demo/cofferdam.yaml', { resources: { webhook: async () => undefined } });
       const reply: Reply<string> = await host.compartment<Greet>('greet').greet('Ada', { label: {} });
       const tags: readonly string[] = reply.label.secrecy;
       try { await host.call('greet.greet', [1], { from: reply }); }
       catch (error) { if (isCofferdamError(error, 'ARGUMENT_TYPE')) console.log(error.details, tags); }
       host.on('denied', ({ explanation }) => console.log(explanation.remedy));`,
    );
    const compilerOptions = {
      target: 'es2025',
      lib: ['es2025', 'esnext'],
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      typeRoots: [join(ROOT, 'node_modules/@types')],
      types: ['node'],
      skipLibCheck: false,
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['usage.ts'] }));
    const compiled = await inProject(join(ROOT, 'node_modules/.bin/tsc'), ['--pretty', 'false']).catch(
      (error) => error,
    );
    expect(compiled.stdout).toBe('');
  });
});
