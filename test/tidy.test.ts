import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CODES } from '../src/codes.ts';
import { VERSION } from '../src/version.ts';

const ROOT = join(import.meta.dirname, '..');
const MAX_FILE_LINES = 320;
/** Of code: blank lines and comments are not counted, or there would be a prize for leaving out reasons. */
const MAX_CORE_LINES = 11_500;

/** Which rooms a room may import. `error.ts`, `codes.ts` and `version.ts` are free to all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  label: [],
  wasm: [],
  policy: ['label'],
  audit: ['label'],
  attest: ['label', 'policy', 'wasm'],
  abi: ['wasm'],
  load: ['wasm', 'policy'],
  compartment: ['wasm', 'abi'],
  convention: ['wasm', 'abi', 'compartment'],
  broker: ['label', 'policy', 'wasm', 'abi', 'compartment', 'audit'],
  services: ['label', 'policy', 'broker'],
  host: [
    'convention',
    'label',
    'policy',
    'wasm',
    'abi',
    'load',
    'compartment',
    'broker',
    'services',
    'audit',
    'attest',
  ],
  cli: [
    'convention',
    'label',
    'policy',
    'wasm',
    'abi',
    'load',
    'compartment',
    'broker',
    'services',
    'audit',
    'host',
    'suite',
    'bench',
  ],
  bench: ['host', 'label', 'audit', 'policy', 'abi', 'wasm', 'compartment', 'load', 'broker', 'suite'],
  suite: ['host', 'label', 'audit', 'policy', 'abi', 'wasm', 'compartment', 'load'],
};
const CORE = ['label', 'abi', 'compartment', 'broker'];
/** Files that something other than an import starts. */
const ENTRIES = [
  'src/index.ts',
  'src/cli/main.ts',
  'src/load/parse-worker.ts',
  'src/compartment/watchdog-worker.ts',
  'src/host/guest-thread.ts',
  'src/compartment/remote/warden.ts',
  'src/host/guest-process.ts',
  'src/compartment/process/lifeline-worker.ts',
  'src/suite/index.ts',
  'src/suite/case-worker.ts',
  'src/bench/children/load-once.ts',
  'src/bench/children/start-once.ts',
  'src/bench/children/many-once.ts',
  'src/bench/children/load-jco.ts',
  'src/bench/children/answer.ts',
];

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** Paths of the project's files that it imports. */
  readonly imports: readonly string[];
}

function filesBelow(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => {
      const path = normalize(join(folder, name));
      const text = readFileSync(join(ROOT, path), 'utf8');
      const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map(([, target = '']) =>
        normalize(join(dirname(path), target)),
      );
      return { path, text, lines: text.split('\n').length, imports };
    });
}

const sources = filesBelow('src');
const tests = filesBelow('test');
const others = ['examples', 'bench', 'scripts', 'guests'].flatMap(filesBelow);
const roomOf = (path: string) => (path.split('/').length > 2 ? path.split('/')[1] : undefined);

describe('tidy', () => {
  it('imports go one way', () => {
    const wrong = sources.flatMap(({ path, imports }) => {
      const room = roomOf(path);
      if (room === undefined) return [];
      const may = MAY_IMPORT[room];
      if (may === undefined) return [`${path}: the room ${room} is not in the rule`];
      return imports
        .filter(
          (target) => roomOf(target) !== undefined && roomOf(target) !== room && !may.includes(roomOf(target) ?? ''),
        )
        .map((target) => `${path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('the enforcing core can be read in a day', () => {
    const core = sources.filter(({ path }) => CORE.includes(roomOf(path) ?? ''));
    const lines = core.flatMap(({ text }) => text.split('\n')).filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line));
    expect(lines.length).toBeLessThanOrEqual(MAX_CORE_LINES);
  });

  it('files are short, and named in kebab-case', () => {
    expect(sources.filter(({ lines }) => lines > MAX_FILE_LINES).map(({ path, lines }) => `${path}: ${lines}`)).toEqual(
      [],
    );
    const names = [...sources, ...tests, ...others].map(({ path }) => basename(path));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d|\.config)?\.ts$/.test(name))).toEqual([]);
  });

  it('nothing is left to do, and nothing escapes the type checker without a reason', () => {
    const words = ['TODO', 'FIXME', 'XXX', 'HACK', '@ts-ignore', '@ts-nocheck', '@ts-expect-error'];
    const found = [...sources, ...tests, ...others]
      .filter(({ path }) => path !== 'test/tidy.test.ts')
      .flatMap(({ path, text }) =>
        words.filter((word) => new RegExp(`(?<!\\w)${word}(?!\\w)`).test(text)).map((word) => `${path}: ${word}`),
      );
    expect(found).toEqual([]);
  });

  it('no file is dead', () => {
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const target of sources.find((file) => file.path === path)?.imports ?? []) visit(target);
    };
    for (const entry of ENTRIES) visit(entry);
    const dead = sources.map(({ path }) => path).filter((path) => !reached.has(path) && !path.endsWith('.d.ts'));
    expect(dead).toEqual([]);
  });

  it('no export is dead', () => {
    const everything = [...sources, ...tests, ...others];
    const dead = sources
      .filter(({ path }) => !ENTRIES.includes(path))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/^export (?:async )?(?:abstract )?(?:function|const|class)\*? (\w+)/gm)].flatMap(
          ([, name = '']) => {
            const used = everything.some((file) => file.path !== path && new RegExp(`\\b${name}\\b`).test(file.text));
            return used ? [] : [`${path}: ${name}`];
          },
        ),
      );
    expect(dead).toEqual([]);
  });

  it('every code is documented, and every documented code exists', () => {
    const text = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
    const documented = [...text.matchAll(/^### (\w+)$/gm)].map(([, code]) => code);
    expect([...documented].sort()).toEqual(Object.keys(CODES).sort());
    const used = sources
      .filter(({ path }) => path !== 'src/codes.ts')
      .map((file) => file.text)
      .join('\n');
    expect(Object.keys(CODES).filter((code) => !new RegExp(`['"\`]${code}['"\`]`).test(used))).toEqual([]);
  });

  it('the version is one', () => {
    expect(VERSION).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
  });

  it('links in the documents lead somewhere', () => {
    const documents = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((path) =>
      path.endsWith('.md'),
    );
    const broken = documents.flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].flatMap(
        ([, target = '']) => {
          const file = join(ROOT, dirname(path), target);
          try {
            readdirSync(dirname(file));
            readFileSync(file);
            return [];
          } catch (error) {
            return (error as NodeJS.ErrnoException).code === 'EISDIR' ? [] : [`${path}: ${relative(ROOT, file)}`];
          }
        },
      ),
    );
    expect(broken).toEqual([]);
  });
});
