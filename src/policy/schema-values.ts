import * as z from 'zod';
import type { Code } from '../codes.ts';
import { isCofferdamError } from '../error.ts';
import { parsePrivilege, parseTag, parseTagOrFamily } from '../label/index.ts';
import { DOCUMENT_LIMITS } from './defaults.ts';
import { isName, NAME_PATTERN, nameAdvice, WIT_NAME_PATTERN } from './names.ts';
import { parseSize, SIZE_PATTERN } from './quantity.ts';

/*
 * The smallest parts of a manifest: tags, names, paths, sizes, lists, labels. Each takes a string or number as it is
 * written and gives what it means.
 */

/** A string that `check` reads; what it throws or refuses becomes a problem with `code`. */
export function checked<T>(code: Code, pattern: string | null, check: (text: string) => T | null, advice: string) {
  return z
    .string()
    .max(DOCUMENT_LIMITS.maxTextLength)
    .meta(pattern === null ? {} : { pattern })
    .transform((text, context): T => {
      try {
        const value = check(text);
        if (value !== null) return value;
        context.addIssue({ code: 'custom', message: advice, params: { code } });
      } catch (error) {
        if (!isCofferdamError(error)) throw error;
        context.addIssue({ code: 'custom', message: error.message, params: { code } });
      }
      return z.NEVER;
    });
}

const TAG_PATTERN = '^[a-z][a-z0-9]*(-[a-z0-9]+)*(:[a-z0-9]([a-z0-9._-]*[a-z0-9])?)?$';
const TAG_OR_FAMILY_PATTERN = '^[a-z][a-z0-9]*(-[a-z0-9]+)*(:(\\*|[a-z0-9]([a-z0-9._-]*[a-z0-9])?))?$';
const DECLARED_PATTERN = '^[a-z][a-z0-9]*(-[a-z0-9]+)*(:\\*)?$';
const PRIVILEGE_PATTERN = '^[a-z][a-z0-9]*(-[a-z0-9]+)*(:(\\*|[a-z0-9]([a-z0-9._-]*[a-z0-9])?))?[-+]$';
const FILE_TAG_PATTERN = '^[a-z][a-z0-9]*(-[a-z0-9]+)*(:(\\{dir\\}|[a-z0-9]([a-z0-9._-]*[a-z0-9])?))?$';

export const tag = checked('MANIFEST_TAG_SYNTAX', TAG_PATTERN, parseTag, '');
export const tagOrFamily = checked('MANIFEST_TAG_SYNTAX', TAG_OR_FAMILY_PATTERN, parseTagOrFamily, '');
export const privilege = checked('MANIFEST_TAG_SYNTAX', PRIVILEGE_PATTERN, parsePrivilege, '');
/** `{dir}` is a placeholder for a member, so the tag must be one that a member could complete. */
const fileTag = checked(
  'MANIFEST_TAG_SYNTAX',
  FILE_TAG_PATTERN,
  (text) => (parseTag(text.endsWith(':{dir}') ? `${text.slice(0, -'{dir}'.length)}dir` : text) === '' ? null : text),
  '',
);
const isNameText = (text: string): string | null => (isName(text) ? text : null);
export const nameKey = z
  .string()
  .meta({ pattern: NAME_PATTERN })
  .superRefine((text, context) => {
    if (!isName(text))
      context.addIssue({ code: 'custom', message: nameAdvice(text), params: { code: 'MANIFEST_NAME' } });
  });
/** By which core modules import each other. No dot, so that `module.name` can be read in one way only. */
const MODULE_PATTERN = '^[A-Za-z_][A-Za-z0-9_-]{0,99}$';
export const moduleKey = z
  .string()
  .meta({ pattern: MODULE_PATTERN })
  .superRefine((text, context) => {
    if (new RegExp(MODULE_PATTERN).test(text)) return;
    const message = 'write a name of letters, digits, _ and -, as the modules import it';
    context.addIssue({ code: 'custom', message, params: { code: 'MANIFEST_NAME' } });
  });
export const tagKey = z
  .string()
  .meta({ pattern: DECLARED_PATTERN })
  .superRefine((text, context) => {
    try {
      parseTagOrFamily(text);
      const colon = text.indexOf(':');
      if (colon < 0 || text.endsWith(':*')) return;
      const message = `members are not declared one by one — declare the family '${text.slice(0, colon)}:*'`;
      context.addIssue({ code: 'custom', message, params: { code: 'MANIFEST_TAG_SYNTAX' } });
    } catch (error) {
      if (!isCofferdamError(error)) throw error;
      context.addIssue({ code: 'custom', message: error.message, params: { code: 'MANIFEST_TAG_SYNTAX' } });
    }
  });
export const name = checked('MANIFEST_NAME', NAME_PATTERN, isNameText, nameAdvice(''));
export const witName = checked(
  'MANIFEST_VALUE',
  WIT_NAME_PATTERN,
  matching(WIT_NAME_PATTERN),
  "write a name as WIT does, such as 'desk:text/classify' or 'redact'",
);
export const path = z.string().min(1).max(DOCUMENT_LIMITS.maxTextLength);
export const codePath = checked(
  'MANIFEST_VALUE',
  null,
  (text) => (text !== '' && (isNpmPath(text) || !/^[a-z][a-z0-9+.-]+:/i.test(text)) ? text : null),
  "write a path ('./guest.wasm') or a file of an installed package ('npm:package/guest.wasm')",
);

export function matching(pattern: string): (text: string) => string | null {
  return (text) => (new RegExp(pattern).test(text) ? text : null);
}

/** `npm:name/file`, `npm:@scope/name/file` or `npm:name@1.2.3/file`, without `..`: a package cannot point out of itself. */
function isNpmPath(text: string): boolean {
  return (
    /^npm:(@[a-z0-9._~-]+\/)?[a-z0-9][a-z0-9._~-]*(@[0-9][a-zA-Z0-9.+-]*)?\/[^\\]+$/.test(text) &&
    !text.split('/').some((part) => part === '..' || part === '')
  );
}

export function size([least, most]: readonly [number, number], description: string) {
  const advice = `write a size from ${least} to ${most} bytes, such as '64KiB' or '8MiB'`;
  return z
    .union([z.int(), checked('MANIFEST_VALUE', SIZE_PATTERN, parseSize, advice)])
    .refine((bytes) => bytes >= least && bytes <= most, { message: advice, params: { code: 'MANIFEST_VALUE' } })
    .meta({ description });
}

export function count([least, most]: readonly [number, number], description: string) {
  return z.int().min(least).max(most).meta({ description });
}

/** Lists are bounded, and hold nothing twice: a reviewer must not take a repetition for a difference. */
export function list<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .max(1_000)
    .superRefine((items, context) => {
      const seen = new Set<string>();
      for (const [index, value] of items.entries()) {
        const text = JSON.stringify(value) ?? '';
        if (seen.has(text)) {
          context.addIssue({
            code: 'custom',
            path: [index],
            message: 'stands in the list already — keep one',
            params: { code: 'MANIFEST_VALUE' },
          });
        }
        seen.add(text);
      }
    })
    .meta({ uniqueItems: true });
}

export const label = z
  .strictObject({ secrecy: list(tag).optional(), integrity: list(tag).optional() })
  .meta({ description: 'A label: who may learn this (secrecy) and who vouches for it (integrity).' });
export const ceiling = z
  .strictObject({ secrecy: list(tagOrFamily).optional(), integrity: list(tag).optional() })
  .meta({ description: 'The most secrecy it may be given, and the least integrity it accepts.' });
export const fileLabel = z
  .strictObject({ secrecy: list(fileTag).optional(), integrity: list(fileTag).optional() })
  .meta({ description: "A label; '{dir}' as the member of a family stands for the name of a file's first folder." });
