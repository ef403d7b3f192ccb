import { cp, mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { thirdPartyLicenses } from './licenses.ts';

const ROOT = new URL('../', import.meta.url);
const MODULES = new URL('node_modules/', ROOT);

/** Flat, since each of them looks for its worker, its starter or its core modules beside itself. */
const ENTRIES = {
  index: 'src/index.ts',
  cli: 'src/cli/main.ts',
  suite: 'src/suite/index.ts',
  'case-worker': 'src/suite/case-worker.ts',
  'parse-worker': 'src/load/parse-worker.ts',
  'watchdog-worker': 'src/compartment/watchdog-worker.ts',
  'guest-thread': 'src/host/guest-thread.ts',
  warden: 'src/compartment/remote/warden.ts',
  'guest-process': 'src/host/guest-process.ts',
  'lifeline-worker': 'src/compartment/process/lifeline-worker.ts',
  'bench-load-once': 'src/bench/children/load-once.ts',
  'bench-start-once': 'src/bench/children/start-once.ts',
  'bench-many-once': 'src/bench/children/many-once.ts',
  'bench-answer': 'src/bench/children/answer.ts',
  'bench-load-jco': 'src/bench/children/load-jco.ts',
};

/** They load their core modules from beside their code; the second only for components with async functions. */
const WASM_TOOLS = ['wasm-tools', 'js-component-bindgen-component'].flatMap((part) =>
  ['core', 'core2'].map((core) => new URL(`@bytecodealliance/jco-transpile/vendor/${part}.${core}.wasm`, MODULES)),
);

/**
 * wasm-tools is given WASI by the shim for browsers, which has no file system and no environment behind it, and which
 * starts no thread: it needs neither, and reads hostile bytes.
 */
const emptyWasi: Plugin = {
  name: 'empty-wasi',
  setup({ onResolve }) {
    onResolve({ filter: /^@bytecodealliance\/preview2-shim\// }, ({ path }) => ({
      path: fileURLToPath(new URL(`@bytecodealliance/preview2-shim/dist/browser/${basename(path)}.js`, MODULES)),
    }));
  },
};

/** The program as it is published, into a folder: its JavaScript, and the core modules that lie beside it. */
export async function bundleProgram(folder: URL): Promise<Metafile> {
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: ENTRIES,
    outdir: fileURLToPath(folder),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    chunkNames: 'chunk-[hash]',
    metafile: true,
    legalComments: 'none', // all licences stand in one file
    logLevel: 'warning',
    plugins: [emptyWasi],
    // Some of what is bundled was written for CommonJS: it calls `require` for Node's own modules, and asks where it is.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url); const __dirname = import.meta.dirname;",
    },
  });
  for (const file of WASM_TOOLS) await cp(file, new URL(basename(file.pathname), folder));
  return metafile;
}

/** The script that draws the charts of the benchmark's page, with the library that draws and its licences: one text. */
export async function bundlePage(): Promise<string> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: ['bench/page/page.ts'],
    outfile: 'bench-page.js',
    write: false,
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    charset: 'ascii',
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [{ text } = { text: '' }] = outputFiles;
  const licenses = (await thirdPartyLicenses(metafile, ROOT)).replaceAll('*/', '* /');
  return `/*\n${licenses}\n*/\n${text}`;
}
