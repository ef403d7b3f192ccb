import * as z from 'zod';
import { parseTagOrFamily } from '../label/index.ts';
import { compartmentLimits, hostLimits } from './limits.ts';
import { isName, WIT_NAME_PATTERN } from './names.ts';
import { BYTE_RATE_PATTERN, CALL_RATE_PATTERN, parseByteRate, parseCallRate } from './quantity.ts';
import { restart } from './restart.ts';
import { attestation, enclave, measurement } from './schema-enclave.ts';
import {
  ceiling,
  checked,
  codePath,
  fileLabel,
  label,
  list,
  matching,
  moduleKey,
  name,
  nameKey,
  path,
  privilege,
  tag,
  tagKey,
  tagOrFamily,
  witName,
} from './schema-values.ts';

const SHARED_MEMORY_PATTERN = '^([A-Za-z_][A-Za-z0-9_-]*)\\.([A-Za-z0-9_.-]+)$';

/*
 * The shape of a manifest, part by part: what each value is made of. What values mean together (does that tag exist?) is
 * resolve.ts. The published JSON Schema is made from this, so every part says what it is in `description`.
 */

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

const sha256 = checked(
  'MANIFEST_VALUE',
  '^[0-9a-f]{64}$',
  matching('^[0-9a-f]{64}$'),
  'write 64 lower-case hexadecimal digits',
)
  .optional()
  .meta({ description: 'The SHA-256 that the code must have.' });

const compartment = z
  .strictObject({
    wasm: codePath.optional().meta({
      description: "The code: './guest.wasm', or 'npm:package/file.wasm' of an installed package.",
    }),
    sha256,
    modules: z
      .record(moduleKey, z.union([codePath, z.strictObject({ wasm: codePath, sha256 })]))
      .optional()
      .meta({
        description:
          "Instead of `wasm`: core modules that import each other, keyed by the name by which they do. For abi 'core' and 'adapter'.",
      }),
    sharedMemory: checked(
      'MANIFEST_VALUE',
      SHARED_MEMORY_PATTERN,
      parseImport,
      "write the import as 'module.name', such as 'env.memory'",
    )
      .optional()
      .meta({ description: "The memory that the modules import and none of them has: 'env.memory'." }),
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
    clock: z
      .enum(['coarse', 'virtual'])
      .optional()
      .meta({ description: 'virtual: a millisecond later each time it is read, and nothing of the time outside.' }),
    label: label.optional().meta({ description: 'Base label: what every instance carries at least.' }),
    clearance: ceiling.optional().meta({
      description: 'The most secrecy it may be given, and the least integrity it accepts. Default: public data only.',
    }),
    grants: list(privilege)
      .optional()
      .meta({ description: "Privileges that the tags' owners give: 'customer:*-' declassifies, 'vetted+' endorses." }),
    gates: z.record(witName, gate).optional().meta({ description: 'Exports that release, by name.' }),
    resources: list(name).optional().meta({ description: 'Resources that links of this compartment may lead to.' }),
    enclave: enclave.optional(),
    kind: z.enum(['inline', 'worker', 'process']).optional().meta({ description: 'Where instances run.' }),
    instances: z.enum(['per-label', 'per-call']).optional().meta({ description: 'How long an instance lives.' }),
    busy: z
      .enum(['queue', 'refuse'])
      .optional()
      .meta({ description: 'What calls of the host do while the instance is suspended in another call.' }),
    restart: restart.optional(),
    snapshot: z
      .union([z.boolean(), z.strictObject({ call: witName })])
      .optional()
      .meta({
        description:
          'Instances start from the state that one had after it was initialised, with nothing given to it; `call`: and after this export without parameters was called.',
      }),
    limits: compartmentLimits.optional(),
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
    measurement: measurement.optional(),
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
  .meta({
    description: 'A labelled thing outside Wasm.',
    oneOf: ['function', 'fs'].map((key) => ({ type: 'object', properties: { [key]: {} }, required: [key] })),
  });

const entry = z
  .strictObject({
    call: checked('MANIFEST_VALUE', null, parseCall, "write 'compartment' or 'compartment.export'").meta({
      description: "'compartment' or 'compartment.export'.",
    }),
    upTo: ceiling.optional().meta({ description: 'The labels that the host may use there.' }),
  })
  .meta({ description: 'Something that host code may call.' });

function parseImport(text: string): { readonly module: string; readonly name: string } | null {
  const [, module, name] = new RegExp(SHARED_MEMORY_PATTERN).exec(text) ?? [];
  return module === undefined || name === undefined ? null : { module, name };
}

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
    attestation: attestation.optional(),
    limits: hostLimits.optional(),
    defaultLabel: label
      .optional()
      .meta({ description: 'The label of host input that has none; absent: such input is an error.' }),
  })
  .meta({ title: 'Cofferdam manifest' });

/** A manifest of the right shape, its strings parsed. */
export type Manifest = z.output<typeof manifestSchema>;
