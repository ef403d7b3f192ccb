import { open, stat } from 'node:fs/promises';
import { dirname, resolve as resolvePath } from 'node:path';
import { CofferdamError } from '../error.ts';
import { Context } from './context.ts';
import { DOCUMENT_LIMITS } from './defaults.ts';
import { checkFiles } from './files.ts';
import type { Policy } from './policy.ts';
import { Problems } from './problems.ts';
import { readObject } from './read-object.ts';
import { readYaml } from './read-yaml.ts';
import { resolve } from './resolve.ts';
import { checkShape } from './shape.ts';
import { isTreeMap, type Source } from './source.ts';
import { findUnsupported } from './unsupported.ts';

export interface ParseOptions {
  /** The manifest's file, for messages, and its folder as `baseDir`. Nothing is read from it. */
  readonly file?: string;
  /** The folder that relative paths in the manifest start from; default: that of `file`, or the working directory. */
  readonly baseDir?: string;
  /** Also look whether the named files are there. Default: false. */
  readonly checkFiles?: boolean;
}

/**
 * Text (YAML or JSON) or an object of the same shape to a policy. Throws one CofferdamError for the first problem
 * (MANIFEST_…); `details` has its file, line, column and path, and `details.problems` all problems (at most 50).
 */
export function parseManifest(input: string | object, options: ParseOptions = {}): Policy {
  const file = options.file ?? null;
  const baseDir = resolvePath(options.baseDir ?? (file === null ? '.' : dirname(file)));
  const problems = new Problems(file);
  const source = read(input, problems);
  problems.throwIfAny();
  if (source === null) throw new CofferdamError('INTERNAL', 'A manifest was not read, and nobody said why.');
  problems.locateIn(source);
  if (!isTreeMap(source.root)) problems.add('MANIFEST_TYPE', [], 'a manifest is a map — start with `version: 1`');
  problems.throwIfAny();
  const shaped = checkShape(source, findUnsupported(source, problems), problems);
  const policy = shaped && {
    ...resolve(new Context(shaped.manifest, shaped.cuts, { source, problems }), { file, baseDir }),
    tree: source.root,
  };
  if (policy !== null && options.checkFiles === true) checkFiles(policy, problems);
  problems.throwIfAny();
  if (policy === null) throw new CofferdamError('INTERNAL', 'A manifest has no shape, and nobody said why.');
  return deepFreeze(policy);
}

/** Reads a manifest and looks whether the files that it names are there. Throws MANIFEST_… as parseManifest does. */
export async function loadManifest(path: string): Promise<Policy> {
  const text = await readText(path);
  return parseManifest(text, { file: path, checkFiles: true });
}

async function readText(path: string): Promise<string> {
  const details = { file: path };
  const bytes = await readAtMost(path, DOCUMENT_LIMITS.maxBytes + 1).catch((cause: unknown) => {
    throw new CofferdamError('MANIFEST_FILE_MISSING', `${path}: cannot be read — check the path`, { cause, details });
  });
  if (bytes.length > DOCUMENT_LIMITS.maxBytes) {
    const text = `${path}: larger than ${DOCUMENT_LIMITS.maxBytes} bytes — move WIT texts into files`;
    throw new CofferdamError('MANIFEST_LIMIT', text, { details });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CofferdamError('MANIFEST_SYNTAX', `${path}: is not UTF-8 — save it as UTF-8`, { cause, details });
  }
}

/** Regular files only: a device has no end, and a pipe may never begin. */
async function readAtMost(path: string, maxBytes: number): Promise<Uint8Array> {
  if (!(await stat(path)).isFile()) throw new TypeError('it is no regular file');
  await using file = await open(path);
  const buffer = new Uint8Array(maxBytes);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, maxBytes - length);
    length += bytesRead;
    if (bytesRead === 0 || length === maxBytes) return buffer.subarray(0, length);
  }
}

function read(input: unknown, problems: Problems): Source | null {
  if (typeof input === 'string') return readYaml(input, problems);
  if (typeof input === 'object' && input !== null) return readObject(input, problems);
  problems.add('MANIFEST_TYPE', [], 'a manifest is text or an object — give one of the two');
  return null;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of value instanceof Map ? value.values() : Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
