import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/** Paths of programs that are started anew for each sample. */
export interface Programs {
  readonly loadOnce: string;
  readonly startOnce: string;
  readonly manyOnce: string;
}

const CHILDREN = new URL('children/', import.meta.url);
const SOURCES = new URL('../../src/', import.meta.url);

/**
 * Bundled as the package is (which has the parsing worker beside it, and wasm-tools' core modules beside that), since
 * stripping the types of two hundred source files would be most of what a fresh process does.
 */
export async function bundlePrograms(folder: string): Promise<Programs> {
  await build({
    entryPoints: {
      'load-once': fileURLToPath(new URL('load-once.ts', CHILDREN)),
      'start-once': fileURLToPath(new URL('start-once.ts', CHILDREN)),
      'many-once': fileURLToPath(new URL('many-once.ts', CHILDREN)),
      'parse-worker': fileURLToPath(new URL('load/parse-worker.ts', SOURCES)),
    },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    logLevel: 'error',
    plugins: [emptyWasi()],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
  const tools = import.meta.resolve('@bytecodealliance/jco-transpile/wasm-tools');
  for (const name of ['wasm-tools.core.wasm', 'wasm-tools.core2.wasm']) {
    cpSync(new URL(`../vendor/${name}`, tools), join(folder, name));
  }
  return {
    loadOnce: join(folder, 'load-once.js'),
    startOnce: join(folder, 'start-once.js'),
    manyOnce: join(folder, 'many-once.js'),
  };
}

/** As in the published build: wasm-tools gets the WASI for browsers, with nothing behind it. */
function emptyWasi(): Plugin {
  return {
    name: 'empty-wasi',
    setup({ onResolve }) {
      onResolve({ filter: /^@bytecodealliance\/preview2-shim\// }, ({ path }) => ({
        path: fileURLToPath(
          new URL(
            `../../node_modules/@bytecodealliance/preview2-shim/dist/browser/${basename(path)}.js`,
            import.meta.url,
          ),
        ),
      }));
    },
  };
}
