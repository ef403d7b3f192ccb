import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { CofferdamError } from '../error.ts';
import type { Label, LabelSpace } from '../label/index.ts';
import type { Policy, ResourcePolicy } from '../policy/policy.ts';

/** A file's text, with the label that its path gives it. */
export interface LabelledFile {
  readonly value: string;
  readonly label: Label;
  readonly path: string;
}

/** A file that a guest may be given fits in a message; more is a mistake in the manifest. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_FILES = 10_000;

type FilesPolicy = Extract<ResourcePolicy, { kind: 'fs' }>;

/**
 * For trusted host code: reads `path` below the resource's root. Throws RESOURCE_UNKNOWN, FILE_NOT_FOUND, FILE_ESCAPES
 * (also by a symbolic link), FILE_TOO_LARGE, FILE_NOT_TEXT, and LABEL_TAG_SYNTAX where `{dir}` is no tag name.
 */
export async function readLabelledFile(
  policy: Policy,
  space: LabelSpace,
  resource: string,
  path: string,
): Promise<LabelledFile> {
  const files = filesOf(policy, resource);
  const root = await realpath(resolve(policy.baseDir, files.root));
  const real = await realpath(resolve(root, path)).catch((cause) => {
    throw new CofferdamError('FILE_NOT_FOUND', `${resource} has no file ${path}.`, {
      cause,
      details: { resource, path },
    });
  });
  const inside = relative(root, real);
  if (inside === '' || inside.startsWith('..') || resolve(root, inside) !== real) {
    throw new CofferdamError('FILE_ESCAPES', `${path} leads out of ${resource}. Name a file below its folder.`, {
      details: { resource, path },
    });
  }
  const label = labelOf(space, files, inside);
  const value = await readText(real, resource, path);
  return { value, label, path: inside };
}

export async function listFiles(policy: Policy, resource: string): Promise<readonly string[]> {
  const root = await realpath(resolve(policy.baseDir, filesOf(policy, resource).root));
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  if (files.length > MAX_FILES) {
    throw new CofferdamError('FILE_TOO_MANY', `${resource} holds more than ${MAX_FILES} files. Name a smaller folder.`);
  }
  return files.map((entry) => relative(root, join(entry.parentPath, entry.name))).sort();
}

/** The real path decides, not the one that was asked for: a link from one customer's folder into another's changes nothing. */
function labelOf(space: LabelSpace, { name, label }: FilesPolicy, inside: string): Label {
  const [dir, ...rest] = inside.split(sep);
  const fill = (tag: string) => {
    if (!tag.includes('{dir}')) return tag;
    if (dir !== undefined && rest.length > 0) return tag.replace('{dir}', dir);
    throw new CofferdamError(
      'FILE_UNLABELLED',
      `${inside} lies in no folder of ${name}, so it has no label. Move it into one.`,
      {
        details: { resource: name, path: inside },
      },
    );
  };
  return space.label({ secrecy: label.secrecy.map(fill), integrity: label.integrity.map(fill) });
}

async function readText(real: string, resource: string, path: string): Promise<string> {
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new CofferdamError('FILE_NOT_FOUND', `${path} in ${resource} is not a file.`);
    if (stat.size > MAX_FILE_BYTES) {
      throw new CofferdamError('FILE_TOO_LARGE', `${path} in ${resource} is larger than ${MAX_FILE_BYTES} bytes.`);
    }
    const bytes = await file.readFile();
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new CofferdamError('FILE_NOT_TEXT', `${path} in ${resource} is not UTF-8 text.`, { cause });
  } finally {
    await file.close();
  }
}

function filesOf(policy: Policy, resource: string): FilesPolicy {
  const found = policy.resources.get(resource);
  if (found?.kind === 'fs') return found;
  throw new CofferdamError(
    'RESOURCE_UNKNOWN',
    `${resource} is not a folder of files in the manifest. Declare it under resources with \`fs\`.`,
    {
      details: { resource },
    },
  );
}
