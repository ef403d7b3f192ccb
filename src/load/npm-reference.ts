import { realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { CofferdamError } from '../error.ts';
import { readBounded } from './bounded-file.ts';

/** `npm:package/path`, `npm:@scope/package/path`, either with `@version` behind the package. */
export interface NpmReference {
  readonly package: string;
  /** Demanded exactly, or null. */
  readonly version: string | null;
  /** Relative to the package, `/` between its parts. */
  readonly path: string;
}

const MAX_PACKAGE_JSON_BYTES = 1_048_576;
const PATTERN = /^npm:((?:@[A-Za-z0-9~_-][\w.~-]*\/)?[A-Za-z0-9~_-][\w.~-]*)(?:@([\w.+-]+))?\/(.+)$/;

/** Throws LOAD_SOURCE. */
export function parseNpmReference(text: string): NpmReference {
  const [, name, version, path] = PATTERN.exec(text) ?? [];
  if (name === undefined || path === undefined || !isPlainPath(path)) {
    throw new CofferdamError(
      'LOAD_SOURCE',
      `${JSON.stringify(text)} is not a module in a package — write npm:package/path/to.wasm, without "..".`,
    );
  }
  return { package: name, version: version ?? null, path };
}

/**
 * The real path of the file that the reference names: the package is looked for in the `node_modules` folders from
 * `baseDir` upward, as Node does, but by the file system alone: no import maps, no `exports`. Throws
 * LOAD_PACKAGE_MISSING, LOAD_PACKAGE_VERSION, LOAD_PACKAGE_ESCAPE and LOAD_NOT_FOUND.
 */
export async function resolveNpmReference(reference: NpmReference, baseDir: string): Promise<string> {
  const root = await findPackage(reference, baseDir);
  if (reference.version !== null) await assertVersion(reference, reference.version, root);
  const file = await realPathOrNull(join(root, reference.path));
  if (file === null) {
    throw new CofferdamError(
      'LOAD_NOT_FOUND',
      `The package ${reference.package} has no file ${reference.path} — check the path, or the package's version.`,
    );
  }
  // A symbolic link inside a package must not turn the reference into a way to read the rest of the machine.
  if (!file.startsWith(root + sep)) {
    throw new CofferdamError(
      'LOAD_PACKAGE_ESCAPE',
      `${reference.path} leads out of the package ${reference.package} — name the file where it really is.`,
    );
  }
  return file;
}

/** The package's folder with all symbolic links resolved (package managers link whole packages). */
async function findPackage(reference: NpmReference, baseDir: string): Promise<string> {
  let folder = resolve(baseDir);
  for (;;) {
    const root = await realPathOrNull(join(folder, 'node_modules', reference.package));
    if (root !== null && (await stat(root)).isDirectory()) return root;
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  const wanted = reference.version === null ? reference.package : `${reference.package}@${reference.version}`;
  throw new CofferdamError(
    'LOAD_PACKAGE_MISSING',
    `The package ${reference.package} is in no node_modules folder from ${baseDir} upward — run npm install ${wanted}.`,
  );
}

async function assertVersion(reference: NpmReference, version: string, root: string): Promise<void> {
  const shown = `package.json of ${reference.package}`;
  const text = new TextDecoder().decode(readBounded(join(root, 'package.json'), shown, MAX_PACKAGE_JSON_BYTES));
  const found = versionOf(text);
  if (found === version) return;
  throw new CofferdamError(
    'LOAD_PACKAGE_VERSION',
    `The package ${reference.package} is installed as ${found ?? 'an unknown version'}, not ${version} — ` +
      `run npm install ${reference.package}@${version}.`,
    { details: { expected: version, actual: found } },
  );
}

function versionOf(packageJson: string): string | null {
  try {
    const parsed: unknown = JSON.parse(packageJson);
    const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : null;
    return typeof version === 'string' ? version.slice(0, 256) : null;
  } catch {
    // Not JSON: a package without a version, which is what the caller then says.
    return null;
  }
}

function isPlainPath(path: string): boolean {
  return !/[\\\0]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

async function realPathOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new CofferdamError('LOAD_UNREADABLE', `${path} cannot be reached (${String(code)}).`, { cause: error });
  }
}
