import { z } from 'zod';
import type { Code } from '../codes.ts';
import { isCofferdamError } from '../error.ts';
import { parsePrivilege, parseTag, parseTagOrFamily } from '../label/index.ts';
import { BOUNDS, DOCUMENT_LIMITS } from './defaults.ts';
import { isName, NAME_PATTERN, nameAdvice, WIT_NAME_PATTERN } from './names.ts';
import {
  BYTE_RATE_PATTERN,
  CALL_RATE_PATTERN,
  parseByteRate,
  parseCallRate,
  parseSize,
  SIZE_PATTERN,
} from './quantity.ts';

/*
 * The shape of a manifest, part by part: what each value is made of. What values mean together (does that tag exist?) is
 * resolve.ts. The published JSON Schema is made from this, so every part says what it is in `description`.
 */

/** A string that `check` reads; what it throws or refuses becomes a problem with `code`. */
function checked<T>(code: Code, pattern: string | null, check: (text: string) => T | null, advice: string) {
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

const tag = checked('MANIFEST_TAG_SYNTAX', TAG_PATTERN, parseTag, '');
const tagOrFamily = checked('MANIFEST_TAG_SYNTAX', TAG_OR_FAMILY_PATTERN, parseTagOrFamily, '');
const privilege = checked('MANIFEST_TAG_SYNTAX', PRIVILEGE_PATTERN, parsePrivilege, '');
/** `{dir}` is a placeholder for a member, so the tag must be one that a member could complete. */
const fileTag = checked(
  'MANIFEST_TAG_SYNTAX',
  FILE_TAG_PATTERN,
  (text) => (parseTag(text.endsWith(':{dir}') ? `${text.slice(0, -'{dir}'.length)}dir` : text) === '' ? null : text),
  '',
);
const isNameText = (text: string): string | null => (isName(text) ? text : null);
const nameKey = z
  .string()
  .meta({ pattern: NAME_PATTERN })
  .superRefine((text, context) => {
    if (!isName(text))
      context.addIssue({ code: 'custom', message: nameAdvice(text), params: { code: 'MANIFEST_NAME' } });
  });
const tagKey = z
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
const name = checked('MANIFEST_NAME', NAME_PATTERN, isNameText, nameAdvice(''));
const witName = checked(
  'MANIFEST_VALUE',
  WIT_NAME_PATTERN,
  matching(WIT_NAME_PATTERN),
  "write a name as WIT does, such as 'desk:text/classify' or 'redact'",
);
const path = z.string().min(1).max(DOCUMENT_LIMITS.maxTextLength);
const codePath = checked(
  'MANIFEST_VALUE',
  null,
  (text) => (text !== '' && (isNpmPath(text) || !/^[a-z][a-z0-9+.-]+:/i.test(text)) ? text : null),
  "write a path ('./guest.wasm') or a file of an installed package ('npm:package/guest.wasm')",
);

function matching(pattern: string): (text: string) => string | null {
  return (text) => (new RegExp(pattern).test(text) ? text : null);
}

/** `npm:name/file` or `npm:@scope/name/file`, without `..`: a package cannot point out of itself. */
function isNpmPath(text: string): boolean {
  return (
    /^npm:(@[a-z0-9._~-]+\/)?[a-z0-9][a-z0-9._~-]*\/[^\\]+$/.test(text) &&
    !text.split('/').some((part) => part === '..' || part === '')
  );
}

function size([least, most]: readonly [number, number], description: string) {
  const advice = `write a size from ${least} to ${most} bytes, such as '64KiB' or '8MiB'`;
  return z
    .union([z.int(), checked('MANIFEST_VALUE', SIZE_PATTERN, parseSize, advice)])
    .refine((bytes) => bytes >= least && bytes <= most, { message: advice, params: { code: 'MANIFEST_VALUE' } })
    .meta({ description });
}

function count([least, most]: readonly [number, number], description: string) {
  return z.int().min(least).max(most).meta({ description });
}

/** Lists are bounded, and hold nothing twice: a reviewer must not take a repetition for a difference. */
function list<T extends z.ZodType>(item: T) {
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

const label = z
  .strictObject({ secrecy: list(tag).optional(), integrity: list(tag).optional() })
  .meta({ description: 'A label: who may learn this (secrecy) and who vouches for it (integrity).' });
const ceiling = z
  .strictObject({ secrecy: list(tagOrFamily).optional(), integrity: list(tag).optional() })
  .meta({ description: 'The most secrecy it may be given, and the least integrity it accepts.' });
const fileLabel = z
  .strictObject({ secrecy: list(fileTag).optional(), integrity: list(fileTag).optional() })
  .meta({ description: "A label; '{dir}' as the member of a family stands for the name of a file's first folder." });

const gateParts = {
  declassify: list(tagOrFamily)
    .optional()
    .meta({ description: 'Secrecy tags and families that passing this gate removes.' }),
  endorse: list(tag).optional().meta({ description: 'Integrity tags that passing this gate adds.' }),
  requires: z
    .strictObject({ integrity: list(tag) })
    .optional()
    .meta({ description: 'Integrity tags that the request must carry, or the gate stays closed.' }),
  budget: z
    .strictObject({
      calls: checked(
        'MANIFEST_VALUE',
        CALL_RATE_PATTERN,
        parseCallRate,
        "write calls per time, such as '100/min' (s, min, h, day)",
      )
        .optional()
        .meta({ description: "Uses per time: '100/min'." }),
      bytes: checked(
        'MANIFEST_VALUE',
        BYTE_RATE_PATTERN,
        parseByteRate,
        "write bytes per time, such as '64KiB/min' (s, min, h, day)",
      )
        .optional()
        .meta({ description: "Bytes released per time: '64KiB/min'." }),
    })
    .optional()
    .meta({ description: 'How often and how much may pass, counted per gate and label.' }),
};
const gate = z
  .strictObject(gateParts)
  .meta({ description: 'A gate: what an export returns has lost and gained these tags.' });

const wit = z
  .union([
    checked(
      'MANIFEST_VALUE',
      '\\.wit$',
      (text) => (text.endsWith('.wit') ? text : null),
      'write the path of a .wit file, or { text: …, world: … }',
    ),
    z.strictObject({ text: z.string().min(1).optional(), path: path.optional(), world: witName.optional() }),
  ])
  .meta({ description: 'The types of a module that is no component: the path of a .wit file, or its text.' });

const compartment = z
  .strictObject({
    wasm: codePath.meta({
      description: "The code: './guest.wasm', or 'npm:package/file.wasm' of an installed package.",
    }),
    sha256: checked(
      'MANIFEST_VALUE',
      '^[0-9a-f]{64}$',
      matching('^[0-9a-f]{64}$'),
      'write 64 lower-case hexadecimal digits',
    )
      .optional()
      .meta({ description: 'The SHA-256 that the code must have.' }),
    abi: z
      .enum(['component', 'core', 'assemblyscript', 'adapter'])
      .optional()
      .meta({ description: 'How the module speaks.' }),
    wit: wit.optional(),
    adapter: path
      .optional()
      .meta({ description: "The trusted TypeScript module that speaks for it, with abi 'adapter'." }),
    wasi: z
      .enum(['none', 'minimal'])
      .optional()
      .meta({ description: 'minimal: output as events, coarse clock, random, exit.' }),
    label: label.optional().meta({ description: 'Base label: what every instance carries at least.' }),
    clearance: ceiling.optional().meta({
      description: 'The most secrecy it may be given, and the least integrity it accepts. Default: public data only.',
    }),
    grants: list(privilege)
      .optional()
      .meta({ description: "Privileges that the tags' owners give: 'customer:*-' declassifies, 'vetted+' endorses." }),
    gates: z.record(witName, gate).optional().meta({ description: 'Exports that release, by name.' }),
    resources: list(name).optional().meta({ description: 'Resources that links of this compartment may lead to.' }),
    kind: z.enum(['inline']).optional().meta({ description: 'Where instances run.' }),
    instances: z.enum(['per-label', 'per-call']).optional().meta({ description: 'How long an instance lives.' }),
    limits: z
      .strictObject({
        memory: size(BOUNDS.memoryBytes, 'Linear memory of one instance, in whole pages of 64KiB.').optional(),
        table: count(BOUNDS.tableEntries, 'Table entries of one instance.').optional(),
        instances: count(BOUNDS.instances, 'Live instances of this compartment.').optional(),
        message: size(BOUNDS.messageBytes, 'One message: arguments or result.').optional(),
        queue: count(BOUNDS.queue, 'Posted messages that wait, per label.').optional(),
        output: size(BOUNDS.outputBytes, 'Output of one call.').optional(),
      })
      .optional(),
  })
  .meta({ description: 'Code that is loaded, and all that it may do.' });

const link = z
  .strictObject({
    from: name.meta({ description: 'The compartment that imports.' }),
    import: witName.meta({
      description: "An interface ('desk:text/classify'), one function of it ('…#name'), or a function.",
    }),
    to: name.meta({ description: 'The compartment or resource that serves it.' }),
    export: witName.optional().meta({ description: 'The export that serves it, when it is named differently.' }),
    post: z
      .boolean()
      .optional()
      .meta({ description: 'One way: the caller goes on at once and learns nothing. For functions without a result.' }),
    ...gateParts,
  })
  .meta({ description: 'An import served by an export. With `declassify` or `endorse` it is a gate.' });

const resource = z
  .strictObject({
    function: z.literal(true).optional().meta({ description: 'A function that the embedding program offers.' }),
    fs: path.optional().meta({ description: 'A folder whose files the host reads with their label.' }),
    mode: z.enum(['read']).optional(),
    label: fileLabel.optional(),
  })
  .meta({ description: 'A labelled thing outside Wasm.', oneOf: [{ required: ['function'] }, { required: ['fs'] }] });

const entry = z
  .strictObject({
    call: checked('MANIFEST_VALUE', null, parseCall, "write 'compartment' or 'compartment.export'").meta({
      description: "'compartment' or 'compartment.export'.",
    }),
    upTo: ceiling.optional().meta({ description: 'The labels that the host may use there.' }),
  })
  .meta({ description: 'Something that host code may call.' });

function parseCall(text: string): { readonly compartment: string; readonly export: string | null } | null {
  const dot = text.indexOf('.');
  const compartment = dot < 0 ? text : text.slice(0, dot);
  const exported = dot < 0 ? null : text.slice(dot + 1);
  if (!isName(compartment) || (exported !== null && !new RegExp(WIT_NAME_PATTERN).test(exported))) return null;
  return { compartment, export: exported };
}

const FORBID_ADVICE = "write 'tag -> resource' or 'tag -> resource except compartment, compartment'";
function parseForbid(text: string) {
  const match = /^ *([^ ]{1,200}) +-> +([^ ]{1,200})(?: +except +([^ ,]+(?: *, *[^ ,]+)*))? *$/.exec(text);
  if (match === null) return null;
  const [, ruleTag = '', to = '', except = ''] = match;
  const names = except
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return { text, tag: parseTagOrFamily(ruleTag), resource: to, except: names };
}

export const manifestSchema = z
  .strictObject({
    $schema: z.string().optional().meta({ description: 'For editors; ignored.' }),
    version: z.literal(1).meta({ description: 'The version of this format.' }),
    principals: z
      .record(nameKey, z.strictObject({}).nullable())
      .optional()
      .meta({ description: 'The parties that own tags.' }),
    tags: z
      .record(
        tagKey,
        z.strictObject({
          kind: z.enum(['secrecy', 'integrity']),
          owner: name,
          public: list(z.enum(['declassify', 'endorse']))
            .optional()
            .meta({ description: 'Rights that the owner leaves open to everyone.' }),
        }),
      )
      .optional()
      .meta({ description: "Tags ('vetted') and tag families ('customer:*')." }),
    compartments: z.record(nameKey, compartment),
    links: z.array(link).max(5_000).optional(),
    resources: z.record(nameKey, resource).optional(),
    entries: z.array(entry).max(1_000).optional().meta({ description: 'What the host may call; absent: everything.' }),
    forbid: z
      .array(checked('MANIFEST_VALUE', null, parseForbid, FORBID_ADVICE))
      .max(1_000)
      .optional()
      .meta({
        description: "Flows that `cofferdam check` must find impossible: 'customer:* -> webhook except redact'.",
      }),
    audit: z.strictObject({ path: path.optional().meta({ description: 'The file of the journal.' }) }).optional(),
    limits: z
      .strictObject({
        instances: count(BOUNDS.instances, 'Live instances of all compartments.').optional(),
        callDepth: count(BOUNDS.callDepth, 'Calls nested in one another.').optional(),
        waiting: count(BOUNDS.waiting, 'Calls that wait for one busy instance.').optional(),
      })
      .optional(),
    defaultLabel: label
      .optional()
      .meta({ description: 'The label of host input that has none; absent: such input is an error.' }),
  })
  .meta({ title: 'Cofferdam manifest' });

/** A manifest of the right shape, its strings parsed. */
export type Manifest = z.output<typeof manifestSchema>;
