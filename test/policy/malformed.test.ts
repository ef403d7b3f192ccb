import { describe, expect, it } from 'vitest';
import type { Code } from '../../src/codes.ts';
import { CofferdamError } from '../../src/error.ts';
import { type Problem, parseManifest } from '../../src/policy/index.ts';

/** `▲` stands just before the place that the error must name. */
const HEAD =
  'version: 1\nprincipals: { desk: {} }\ntags:\n  customer:*: { kind: secrecy, owner: desk }\n  vetted: { kind: integrity, owner: desk }\n';
const BODY = 'compartments:\n  a: { wasm: ./a.wasm }\n';
const PLAIN_SET = 'abi: core, wit: a.wit, modules: { M: a, N: b }';
const SET = PLAIN_SET.replace('modules', '▲modules');
const CLEARED = 'compartments:\n  a: { wasm: ./a.wasm, clearance: { secrecy: ["customer:*"] } }\n';

const MALFORMED: readonly (readonly [what: string, code: Code, text: string])[] = [
  // syntax
  ['an open flow sequence', 'MANIFEST_SYNTAX', 'version: [▲'],
  ['a quote that never ends', 'MANIFEST_SYNTAX', 'version: "1▲'],
  ['a tab as indentation', 'MANIFEST_SYNTAX', 'version: 1\ncompartments:\n▲\ta: 1\n'],
  ['NUL', 'MANIFEST_SYNTAX', 'version: 1\nna▲\0me: 1'],
  ['a byte order mark in the middle', 'MANIFEST_SYNTAX', 'version: 1\n▲\ufeffa: 1'],
  ['text that shows in another order than it is read', 'MANIFEST_SYNTAX', 'version: 1 # ▲\u202e note'],
  ['half a surrogate pair', 'MANIFEST_SYNTAX', 'version: "▲\ud800"'],
  // refused parts of YAML
  ['an anchor', 'MANIFEST_YAML_FEATURE', 'version: ▲&one 1'],
  ['an alias', 'MANIFEST_YAML_FEATURE', 'version: ▲*one'],
  ['a tag', 'MANIFEST_YAML_FEATURE', 'version: ▲!!str 1'],
  ['a custom tag', 'MANIFEST_YAML_FEATURE', `version: 1\ncompartments: ▲!evil { a: 1 }`],
  ['a merge key', 'MANIFEST_YAML_FEATURE', 'version: 1\n▲<<: { a: 1 }'],
  ['a directive', 'MANIFEST_YAML_FEATURE', '▲%YAML 1.1\n---\nversion: 1'],
  ['a second document', 'MANIFEST_YAML_FEATURE', 'version: 1\n▲---\nversion: 1'],
  ['a key that stands twice', 'MANIFEST_DUPLICATE_KEY', 'version: 1\n▲version: 1'],
  ['a key that stands twice in JSON, once escaped', 'MANIFEST_DUPLICATE_KEY', '{"version": 1, ▲"\\u0076ersion": 2}'],
  ['a map as key', 'MANIFEST_TYPE', 'version: 1\n? ▲{ a: 1 }\n: 2'],
  // shape
  ['an empty document', 'MANIFEST_TYPE', '▲'],
  ['a list', 'MANIFEST_TYPE', '▲- version: 1'],
  ['another version', 'MANIFEST_VALUE', `version: ▲2\n${BODY}`],
  ['no version', 'MANIFEST_MISSING_KEY', `▲${BODY}`],
  ['no compartments', 'MANIFEST_MISSING_KEY', '▲version: 1'],
  ['an unknown key at the top', 'MANIFEST_UNKNOWN_KEY', `${HEAD}${BODY}▲link: []\n`],
  [
    'an unknown key in a compartment',
    'MANIFEST_UNKNOWN_KEY',
    `${HEAD}compartments:\n  a:\n    wasm: ./a.wasm\n    ▲grant: []\n`,
  ],
  ['__proto__ as a key', 'MANIFEST_UNKNOWN_KEY', `${HEAD}compartments:\n  ▲__proto__: { wasm: ./a.wasm }\n`],
  ['no code', 'MANIFEST_MISSING_KEY', `${HEAD}compartments:\n  ▲a: { kind: inline }\n`],
  ['an empty compartment', 'MANIFEST_TYPE', `${HEAD}compartments:\n  ▲a:\n`],
  ['a number for the code', 'MANIFEST_TYPE', `${HEAD}compartments:\n  a: { wasm: ▲7 }\n`],
  ['a list of compartments', 'MANIFEST_TYPE', `${HEAD}compartments: ▲[a]\n`],
  ['a URL for the code', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: ▲"https://example.com/a.wasm" }\n`],
  [
    'a package file outside its package',
    'MANIFEST_VALUE',
    `${HEAD}compartments:\n  a: { wasm: ▲"npm:a/../../b.wasm" }\n`,
  ],
  ['a hash that is too short', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, sha256: ▲"00ff" }\n`],
  ['a kind that nobody knows', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, kind: ▲thread }\n`],
  ['a compartment name with a capital', 'MANIFEST_NAME', `${HEAD}compartments:\n  ▲Notify: { wasm: a }\n`],
  ['a compartment that is called host', 'MANIFEST_NAME', `${HEAD}compartments:\n  ▲host: { wasm: a }\n`],
  ['a compartment that is called constructor', 'MANIFEST_NAME', `${HEAD}compartments:\n  ▲constructor: { wasm: a }\n`],
  [
    'a resource with the name of a compartment',
    'MANIFEST_NAME',
    `${HEAD}${BODY}resources:\n  ▲a: { function: true }\n`,
  ],
  ['one file and several modules', 'MANIFEST_CONFLICT', `${HEAD}compartments:\n  a: { wasm: a, ${SET} }\n`],
  [
    'a pin for all modules',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments:\n  a: { ▲sha256: "${'0f'.repeat(32)}", ${PLAIN_SET} }\n`,
  ],
  ['modules of a component', 'MANIFEST_CONFLICT', `${HEAD}compartments:\n  a: { ▲modules: { M: a } }\n`],
  [
    'modules of AssemblyScript',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments:\n  a: { abi: assemblyscript, wit: a.wit, ▲modules: { M: a } }\n`,
  ],
  ['no modules', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { abi: core, wit: a.wit, modules: ▲{} }\n`],
  [
    'a module with a dot in its name',
    'MANIFEST_NAME',
    `${HEAD}compartments:\n  a: { abi: core, wit: a.wit, modules: { ▲M.n: a } }\n`,
  ],
  [
    'an unknown key in a module',
    'MANIFEST_UNKNOWN_KEY',
    `${HEAD}compartments:\n  a: { abi: core, wit: a.wit, modules: { M: { wasm: a, ▲wit: a.wit } } }\n`,
  ],
  [
    'a memory shared by one module',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments:\n  a: { wasm: a, ▲sharedMemory: env.memory }\n`,
  ],
  [
    'a shared memory without a module',
    'MANIFEST_VALUE',
    `${HEAD}compartments:\n  a: { ${PLAIN_SET}, sharedMemory: ▲memory }\n`,
  ],
  // numbers
  ['decimal megabytes', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, limits: { memory: ▲64MB } }\n`],
  [
    'memory that is no whole page',
    'MANIFEST_VALUE',
    `${HEAD}compartments:\n  a: { wasm: a, limits: { memory: ▲65537 } }\n`,
  ],
  ['memory past 4 GiB', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, limits: { memory: ▲5GiB } }\n`],
  ['half an instance', 'MANIFEST_TYPE', `${HEAD}compartments:\n  a: { wasm: a, limits: { instances: ▲0.5 } }\n`],
  ['no instances', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, limits: { instances: ▲0 } }\n`],
  [
    'a deadline without a unit',
    'MANIFEST_TYPE',
    `${HEAD}compartments:\n  a: { wasm: a, limits: { deadline: ▲250 } }\n`,
  ],
  ['no time at all', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, limits: { deadline: ▲0ms } }\n`],
  ['more than a day', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, limits: { deadline: ▲25h } }\n`],
  ['no CPU time', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, limits: { cpu: ▲none } }\n`],
  ['binary fuel', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, limits: { fuel: ▲10MiB } }\n`],
  ['no fuel', 'MANIFEST_VALUE', `${HEAD}compartments:\n  a: { wasm: a, limits: { fuel: ▲0 } }\n`],
  ['no memory for anybody', 'MANIFEST_VALUE', `${HEAD}${BODY}limits: { memory: ▲1KiB }\n`],
  ['infinite calls', 'MANIFEST_TYPE', `${HEAD}${BODY}limits: { callDepth: ▲.inf }\n`],
  [
    'a rate without a period',
    'MANIFEST_VALUE',
    `${HEAD}compartments:\n  a: { wasm: a, gates: { f: { budget: { calls: ▲"100" } } } }\n`,
  ],
  [
    'a rate of nothing',
    'MANIFEST_VALUE',
    `${HEAD}compartments:\n  a: { wasm: a, gates: { f: { budget: { bytes: ▲0/min } } } }\n`,
  ],
  // tags
  [
    'a tag that is not declared',
    'MANIFEST_TAG_UNDECLARED',
    `${HEAD}compartments:\n  a: { wasm: a, clearance: { secrecy: [▲secret] } }\n`,
  ],
  [
    'a member of a family that is not declared',
    'MANIFEST_TAG_UNDECLARED',
    `${HEAD}compartments:\n  a: { wasm: a, clearance: { secrecy: [▲"tenant:acme"] } }\n`,
  ],
  [
    'an integrity tag as secrecy',
    'MANIFEST_TAG_KIND',
    `${HEAD}compartments:\n  a: { wasm: a, clearance: { secrecy: [▲vetted] } }\n`,
  ],
  [
    'a tag with a capital',
    'MANIFEST_TAG_SYNTAX',
    `${HEAD}compartments:\n  a: { wasm: a, clearance: { secrecy: [▲"customer:Acme"] } }\n`,
  ],
  ['a family in a label', 'MANIFEST_TAG_SYNTAX', `${HEAD}${BODY}defaultLabel: { secrecy: [▲"customer:*"] }\n`],
  [
    'a member declared by itself',
    'MANIFEST_TAG_SYNTAX',
    'version: 1\nprincipals: { desk: {} }\ntags:\n  ▲customer:acme: { kind: secrecy, owner: desk }\ncompartments: {}\n',
  ],
  [
    'a tag twice in one list',
    'MANIFEST_VALUE',
    `${HEAD}compartments:\n  a: { wasm: a, clearance: { secrecy: ["customer:a", ▲"customer:a"] } }\n`,
  ],
  [
    'an owner who is not declared',
    'MANIFEST_PRIVILEGE',
    'version: 1\nprincipals: { desk: {} }\ntags:\n  secret: { kind: secrecy, owner: ▲dsek }\ncompartments: {}\n',
  ],
  [
    'a right that means nothing for the tag',
    'MANIFEST_CONFLICT',
    'version: 1\nprincipals: { desk: {} }\ntags:\n  secret: { kind: secrecy, owner: desk, public: [▲endorse] }\ncompartments: {}\n',
  ],
  [
    'a label of 65 tags',
    'MANIFEST_LIMIT',
    `${HEAD}${BODY}defaultLabel: ▲{ secrecy: [${Array.from({ length: 65 }, (_, index) => `"customer:c${index}"`).join()}] }\n`,
  ],
  // privileges and labels
  ['a privilege without a sign', 'MANIFEST_TAG_SYNTAX', `${HEAD}compartments:\n  a: { wasm: a, grants: [▲vetted] }\n`],
  [
    'endorsing a secrecy tag',
    'MANIFEST_TAG_KIND',
    `${HEAD}compartments:\n  a: { wasm: a, grants: [▲"customer:*+"] }\n`,
  ],
  [
    'a gate that releases what its holder may not',
    'MANIFEST_PRIVILEGE',
    `${HEAD}compartments:\n  a: { wasm: a, grants: ["customer:acme-"], gates: { f: { declassify: [▲"customer:*"] } } }\n`,
  ],
  [
    'a link that endorses what its holder may not',
    'MANIFEST_PRIVILEGE',
    `${HEAD}compartments: { a: { wasm: a }, b: { wasm: b, grants: [vetted+] } }\nlinks:\n  - { from: a, import: f, to: b, endorse: [▲vetted] }\n`,
  ],
  [
    'a base label above the clearance',
    'MANIFEST_LABEL',
    `${HEAD}compartments:\n  a: { wasm: a, label: ▲{ secrecy: ["customer:acme"] } }\n`,
  ],
  // references
  ['a link from nowhere', 'MANIFEST_LINK_DANGLING', `${HEAD}${BODY}links:\n  - { from: ▲b, import: f, to: a }\n`],
  ['a link to nowhere', 'MANIFEST_LINK_DANGLING', `${HEAD}${BODY}links:\n  - { from: a, import: f, to: ▲b }\n`],
  [
    'a link to a resource that the compartment may not reach',
    'MANIFEST_LINK_DANGLING',
    `${HEAD}${BODY}resources: { out: { function: true } }\nlinks:\n  - { from: a, import: f, to: ▲out }\n`,
  ],
  [
    'an import that is linked twice',
    'MANIFEST_CONFLICT',
    `${HEAD}${BODY}links:\n  - { from: a, import: f, to: a }\n  - ▲{ from: a, import: f, to: a }\n`,
  ],
  [
    'an export of a resource',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments: { a: { wasm: a, resources: [out] } }\nresources: { out: { function: true } }\nlinks:\n  - { from: a, import: f, to: out, ▲export: g }\n`,
  ],
  [
    'a resource that is not declared',
    'MANIFEST_REFERENCE',
    `${HEAD}compartments:\n  a: { wasm: a, resources: [▲out] }\n`,
  ],
  ['an entry into nowhere', 'MANIFEST_REFERENCE', `${HEAD}${BODY}entries:\n  - { call: ▲b.run }\n`],
  ['a forbidden flow to nowhere', 'MANIFEST_REFERENCE', `${HEAD}${BODY}forbid:\n  - ▲customer:* -> out\n`],
  ['a forbidden flow that is not written so', 'MANIFEST_VALUE', `${HEAD}${BODY}forbid:\n  - ▲customer:* to out\n`],
  // code and types
  ['a core module without types', 'MANIFEST_MISSING_KEY', `${HEAD}compartments:\n  ▲a: { wasm: a, abi: core }\n`],
  [
    'a component with types of its own and others',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments:\n  a: { wasm: a, ▲wit: a.wit }\n`,
  ],
  [
    'types that are no .wit file',
    'MANIFEST_VALUE',
    `${HEAD}compartments:\n  a: { wasm: a, abi: core, wit: ▲package a }\n`,
  ],
  [
    'types given twice',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments:\n  a: { wasm: a, abi: core, wit: ▲{ text: "package a:b;", path: a.wit } }\n`,
  ],
  [
    'an adapter that nobody would use',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments:\n  a: { wasm: a, ▲adapter: ./a.ts }\n`,
  ],
  // resources
  ['a resource that is nothing', 'MANIFEST_CONFLICT', `${HEAD}${BODY}resources:\n  ▲out: {}\n`],
  [
    'a resource that is two things',
    'MANIFEST_CONFLICT',
    `${HEAD}${BODY}resources:\n  ▲out: { function: true, fs: ./x, label: {} }\n`,
  ],
  ['files without a label', 'MANIFEST_MISSING_KEY', `${HEAD}${BODY}resources:\n  ▲out: { fs: ./x }\n`],
  [
    'a function with a folder in its label',
    'MANIFEST_TAG_SYNTAX',
    `${HEAD}${BODY}resources:\n  out: { function: true, label: { secrecy: [▲"customer:{dir}"] } }\n`,
  ],
  [
    'a placeholder that nobody knows',
    'MANIFEST_TAG_SYNTAX',
    `${HEAD}${BODY}resources:\n  out: { fs: ./x, label: { secrecy: [▲"customer:{file}"] } }\n`,
  ],
  // what this build cannot enforce
  ['a kind that is a wrapper', 'MANIFEST_UNSUPPORTED', `${HEAD}compartments:\n  a: { wasm: a, kind: ▲enclave }\n`],
  // enclaves
  ['an enclave that is none', 'MANIFEST_TYPE', `${HEAD}compartments:\n  a: { wasm: a, enclave: ▲"yes" }\n`],
  [
    'a signer without a signature',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments:\n  a: { wasm: a, enclave: ▲{ signer: ${'A'.repeat(43)}, version: 1 } }\n`,
  ],
  [
    'an enclave with an adapter',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments:\n  a: { wasm: a, abi: adapter, adapter: ./a.ts, wit: ./a.wit, ▲enclave: true }\n`,
  ],
  [
    'a link to what the host serves',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments: { a: { wasm: a }, b: { wasm: b } }\nlinks:\n  - { from: a, import: ▲"cofferdam:enclave/sealing@0.1.0", to: b }\n`,
  ],
  [
    'two ends that measure each other',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments: { a: { wasm: a }, b: { wasm: b } }\nlinks:\n  - { from: a, import: f, to: b, ▲measurement: { from: "${'0'.repeat(64)}", to: "${'1'.repeat(64)}" } }\n`,
  ],
  [
    'the measurement of a resource',
    'MANIFEST_CONFLICT',
    `${HEAD}compartments: { a: { wasm: a, resources: [r] } }\nresources: { r: { function: true } }\nlinks:\n  - { from: a, import: f, to: r, ▲measurement: "${'0'.repeat(64)}" }\n`,
  ],
  [
    'a measurement that is no hash',
    'MANIFEST_VALUE',
    `${HEAD}compartments: { a: { wasm: a }, b: { wasm: b } }\nlinks:\n  - { from: a, import: f, to: b, measurement: ▲abc }\n`,
  ],
  ['http', 'MANIFEST_UNSUPPORTED', `${HEAD}${BODY}resources:\n  out: { ▲http: ["https://example.com/*"] }\n`],
  ['files to write', 'MANIFEST_UNSUPPORTED', `${HEAD}${BODY}resources:\n  out: { fs: ./x, label: {}, mode: ▲write }\n`],
  [
    'a link to files',
    'MANIFEST_UNSUPPORTED',
    `${HEAD}compartments: { a: { wasm: a, resources: [in] } }\nresources: { in: { fs: ./x, label: {} } }\nlinks:\n  - { from: a, import: f, to: ▲in }\n`,
  ],
];

describe('a malformed manifest', () => {
  it.each(MALFORMED)('%s', (_, code, marked) => {
    const text = marked.replace('▲', '');
    const before = marked.slice(0, marked.indexOf('▲')).split('\n');
    const error = refusal(text);
    expect(error).toMatchObject({
      code,
      details: { file: 'desk.yaml', line: before.length, column: (before.at(-1) ?? '').length + 1 },
    });
    expect(error.message).toMatch(/^desk\.yaml:\d+:\d+: .+ — .+|^desk\.yaml:\d+:\d+: .+\?/s);
  });
});

describe('many problems at once', () => {
  const text = `${HEAD}${CLEARED}  b: { wsam: ./b.wasm }\n  c: { wasm: c, kind: enclave, clearance: { secrecy: [secret] } }\nlinks:\n  - { from: a, import: f, to: bb }\n  - { from: a, import: 7, to: b }\n  - { from: a, import: g, to: d }\n`;

  it('are all listed, in the order of the file, with the places of what follows a wrong item', () => {
    const { details, message } = refusal(text);
    const lines = (details.problems as Problem[]).map(({ code, path, line }) => `${line} ${path} ${code}`);
    expect(lines).toEqual([
      '8 compartments.b.wasm MANIFEST_MISSING_KEY',
      '8 compartments.b.wsam MANIFEST_UNKNOWN_KEY',
      '9 compartments.c.kind MANIFEST_UNSUPPORTED',
      '9 compartments.c.clearance.secrecy[0] MANIFEST_TAG_UNDECLARED',
      '11 links[0].to MANIFEST_LINK_DANGLING',
      '12 links[1].import MANIFEST_TYPE',
      '13 links[2].to MANIFEST_LINK_DANGLING',
    ]);
    expect(message).toContain('(and 6 more problems)');
  });

  it('name the key that was meant', () => {
    const problems = refusal(text).details.problems as Problem[];
    expect(problems.find(({ code }) => code === 'MANIFEST_UNKNOWN_KEY')?.message).toBe(
      "desk.yaml:8:8: compartments.b.wsam: unknown key — did you mean 'wasm'?",
    );
  });

  it('are listed up to 50', () => {
    const many = Array.from({ length: 51 }, (_, index) => `x${index}: 1\n`).join('');
    expect(refusal(`${HEAD}${BODY}${many}`).details.problems).toHaveLength(50);
  });
});

function refusal(text: string): CofferdamError {
  try {
    parseManifest(text, { file: 'desk.yaml' });
  } catch (error) {
    if (error instanceof CofferdamError) return error;
    throw error;
  }
  throw new Error('was accepted');
}
