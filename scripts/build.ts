import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { thirdPartyLicenses } from './licenses.ts';
import { emitTypes } from './types.ts';

/*
 * The published package: everything bundled into dist/, so that it has no runtime dependencies. With wasm-tools come only
 * the files that are used of its package, not the JavaScript engines and optimisers beside it.
 */

const ROOT = new URL('../', import.meta.url);
const DIST = new URL('dist/', ROOT);
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
};

/** They load their core modules from beside their code; the second only for components with async functions. */
const WASM_TOOLS = ['wasm-tools', 'js-component-bindgen-component'].flatMap((part) =>
  ['core', 'core2'].map((core) => new URL(`@bytecodealliance/jco-transpile/vendor/${part}.${core}.wasm`, MODULES)),
);

const STARTER = ['cofferdam.yaml', 'greet.wasm', 'greet.wit', 'src/greet.ts'];

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

async function bundle(): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: ENTRIES,
    outdir: fileURLToPath(DIST),
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
  return metafile;
}

async function copyFiles(): Promise<void> {
  for (const file of WASM_TOOLS) await cp(file, new URL(basename(file.pathname), DIST));
  for (const file of STARTER) await cp(new URL(`guests/starter/${file}`, ROOT), new URL(`starter/${file}`, DIST));
}

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
const [metafile] = await Promise.all([bundle(), emitTypes(ROOT, new URL('types/', DIST)), copyFiles()]);
await writeFile(new URL('THIRD-PARTY-LICENSES.txt', DIST), await thirdPartyLicenses(metafile, ROOT));
const { version } = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')) as { version: string };
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(
  `dist/ holds cofferdam ${version}: ${Math.round(bytes / 1024)} KiB of JavaScript in ${Object.keys(metafile.outputs).length} files`,
);
