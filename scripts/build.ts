import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { bundlePage, bundleProgram } from './bundle.ts';
import { thirdPartyLicenses } from './licenses.ts';
import { emitTypes } from './types.ts';

/*
 * The published package: everything bundled into dist/, so that it has no runtime dependencies. With wasm-tools come only
 * the files that are used of its package, not the JavaScript engines and optimisers beside it.
 */

const ROOT = new URL('../', import.meta.url);
const DIST = new URL('dist/', ROOT);

/** What is read at run time, by where it lies in the package's dist folder. */
const FILES = {
  ...Object.fromEntries(
    ['cofferdam.yaml', 'greet.wasm', 'greet.wit', 'src/greet.ts'].map((file) => [
      `starter/${file}`,
      `guests/starter/${file}`,
    ]),
  ),
  // Guests of the suite's cases that a toolchain built, and their worlds.
  ...Object.fromEntries(
    ['deputy', 'careless-realloc', 'telemetry', 'hidden.component'].map((name) => [
      `attacks/${name}.wasm`,
      `guests/attacks/${name}.wasm`,
    ]),
  ),
  'attacks/attacks.wit': 'guests/wit/attacks.wit',
  'bench/guests': 'bench/guests',
  'bench/peers/package.json': 'bench/peers/package.json',
  'bench/peers/absent': 'bench/peers/absent',
};

async function copyFiles(): Promise<void> {
  for (const [to, from] of Object.entries(FILES)) await cp(new URL(from, ROOT), new URL(to, DIST), { recursive: true });
}

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
const [metafile] = await Promise.all([bundleProgram(DIST), emitTypes(ROOT, new URL('types/', DIST)), copyFiles()]);
await writeFile(new URL('bench/page.js', DIST), await bundlePage());
await writeFile(new URL('THIRD-PARTY-LICENSES.txt', DIST), await thirdPartyLicenses(metafile, ROOT));
const { version } = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')) as { version: string };
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(
  `dist/ holds cofferdam ${version}: ${Math.round(bytes / 1024)} KiB of JavaScript in ${Object.keys(metafile.outputs).length} files`,
);
