import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CofferdamError } from '../../src/error.ts';
import { DOCUMENT_LIMITS, parseManifest } from '../../src/policy/index.ts';
import { SUPPORT_DESK } from './support-desk.ts';

const GOOD = 'version: 1\ncompartments: {}\n';
/** A slow machine under load is allowed this; the parser needs a tenth of it. */
const MAX_MS = 1_000;

/** The code of the refusal, or null. Anything but a CofferdamError fails the test, and so does a long time. */
function codeOf(input: unknown): string | null {
  const before = process.cpuUsage();
  try {
    parseManifest(input as object);
    return null;
  } catch (error) {
    if (!(error instanceof CofferdamError)) throw error;
    return error.code;
  } finally {
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(MAX_MS);
  }
}

describe('limits of a document', () => {
  it('1 MiB is read, one byte more is not', () => {
    const fill = (bytes: number) => `${GOOD}#${'x'.repeat(bytes - GOOD.length - 1)}`;
    expect(codeOf(fill(DOCUMENT_LIMITS.maxBytes))).toBe(null);
    expect(codeOf(fill(DOCUMENT_LIMITS.maxBytes + 1))).toBe('MANIFEST_LIMIT');
    expect(codeOf(`${GOOD}#${'ä'.repeat(DOCUMENT_LIMITS.maxBytes / 2)}`)).toBe('MANIFEST_LIMIT');
  });

  it.each(['yaml', 'object'])('%s: 32 levels are read, one more is not', (form) => {
    const nested = (levels: number) => {
      const text = `${'['.repeat(levels)}${']'.repeat(levels)}`;
      return form === 'yaml' ? text : JSON.parse(text);
    };
    expect(codeOf(nested(DOCUMENT_LIMITS.maxDepth))).toBe('MANIFEST_TYPE');
    expect(codeOf(nested(DOCUMENT_LIMITS.maxDepth + 1))).toBe('MANIFEST_LIMIT');
  });

  it.each(['yaml', 'object'])('%s: 20,000 values are read, one more is not', (form) => {
    const list = (values: number) => {
      const text = `[${'1,'.repeat(values - 2)}1]`;
      return form === 'yaml' ? text : JSON.parse(text);
    };
    expect(codeOf(list(DOCUMENT_LIMITS.maxNodes))).toBe('MANIFEST_TYPE');
    expect(codeOf(list(DOCUMENT_LIMITS.maxNodes + 1))).toBe('MANIFEST_LIMIT');
  });
});

describe('documents that cost more than they look', () => {
  const fill = (piece: string) => piece.repeat(Math.floor(DOCUMENT_LIMITS.maxBytes / piece.length));
  const lines = (make: (index: number) => string, count: number) =>
    Array.from({ length: count }, (_, index) => make(index)).join('\n');

  it.each([
    ['brackets', fill('[')],
    ['braces', fill('{a: ')],
    ['dashes', fill('- ')],
    ['question marks', fill('? ')],
    ['colons', fill(': ')],
    ['anchors', fill('&a ')],
    ['aliases', fill('*a ')],
    ['tags', fill('!a ')],
    ['empty lines', fill('\n')],
    ['comments', fill('#\n')],
    ['documents', fill('---\n')],
    ['one long word', fill('a')],
    ['one long string of escapes', `"${fill('\\\\').slice(2)}"`],
    ['one long string of line ends', `"${fill('\n').slice(2)}"`],
    ['one long string of spaces and line ends', `"${fill(' \n').slice(2)}"`],
    ['a long block', `a: |\n${fill(' a\n').slice(8)}`],
    ['a long number', fill('1')],
    ['stairs', lines((index) => `${' '.repeat(index)}a:`, 1_000)],
    ['many keys', lines((index) => `k${index}: 1`, 15_000)],
    ['many near misses', `${GOOD}${lines((index) => `compartment${index}: 1`, 9_000)}`],
    ['many keys that are alike', lines(() => 'version: 1', 9_000)],
    [
      'many compartments',
      `version: 1\ncompartments:\n${lines((index) => `  c${index}: { wasm: a, resources: [r] }`, 3_000)}`,
    ],
    [
      'many links to nowhere',
      `version: 1\ncompartments: { a: { wasm: a } }\nlinks:\n${lines((index) => `- { from: a${index}, import: f, to: b }`, 2_500)}`,
    ],
    [
      'many wrong links',
      `version: 1\ncompartments: { a: { wasm: a } }\nlinks:\n${lines(() => '- { from: 1, import: f, to: b }', 2_500)}`,
    ],
    ['a long list of one tag', `version: 1\ncompartments: { a: { wasm: a, grants: [${'x-,'.repeat(9_000)}] } }`],
    ['a forbidden flow of spaces', `${GOOD}forbid: ["${'a '.repeat(2_000)}"]`],
    ['a forbidden flow of commas', `${GOOD}forbid: ["a -> b except ${'a , '.repeat(1_000)}"]`],
  ])('%s', (_, text) => {
    expect(codeOf(text)).not.toBe(null);
  });

  it('the billion laughs', () => {
    const laughs = lines((index) => `l${index}: &l${index} [${`*l${index - 1},`.repeat(9)}]`, 9);
    expect(codeOf(laughs)).toBe('MANIFEST_YAML_FEATURE');
  });
});

describe('objects', () => {
  const withCompartments = (compartments: unknown) => ({ version: 1, compartments });

  it('run none of their code', () => {
    let runs = 0;
    const trap = () => {
      runs += 1;
      throw new Error('ran');
    };
    const accessor = Object.defineProperty({}, 'a', { get: trap, enumerable: true });
    const proxy = new Proxy({}, { get: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap });
    const child: object = Object.create(proxy);
    for (const hostile of [accessor, proxy, child, { a: { wasm: { toString: trap, toJSON: trap, valueOf: trap } } }]) {
      expect(codeOf(withCompartments(hostile))).toBe('MANIFEST_TYPE');
    }
    expect(codeOf(proxy)).toBe('MANIFEST_TYPE');
    expect(runs).toBe(0);
  });

  it('are trees of plain data', () => {
    const cycle: Record<string, unknown> = {};
    cycle.a = { wasm: cycle };
    const sparse = { version: 1, compartments: {}, links: new Array(2 ** 32 - 1) };
    const refused = [
      cycle,
      { a: () => 1 },
      { a: Symbol('a') },
      { [Symbol('a')]: 1 },
      { a: 1n },
      new Map(),
      new Date(),
      new (class A {})(),
    ];
    for (const compartments of refused) expect(codeOf(withCompartments(compartments))).toBe('MANIFEST_TYPE');
    expect(codeOf(sparse)).toBe('MANIFEST_TYPE');
    for (const root of [null, undefined, 1, true, Symbol('a'), () => 1]) expect(codeOf(root)).toBe('MANIFEST_TYPE');
  });

  it('may leave a property undefined, and may repeat a part', () => {
    const part = { wasm: './a.wasm', wit: undefined };
    expect(codeOf({ version: 1, compartments: { a: part, b: part }, links: undefined })).toBe(null);
  });

  it('count only with what is their own', () => {
    const inherited: object = Object.create({ version: 1, compartments: {} });
    expect(codeOf(inherited)).toBe('MANIFEST_TYPE');
    expect(codeOf(Object.defineProperty({ version: 1 }, 'compartments', { value: {}, enumerable: false }))).toBe(
      'MANIFEST_MISSING_KEY',
    );
  });

  it('hold printable text', () => {
    expect(codeOf(withCompartments({ a: { wasm: 'a\0b' } }))).toBe('MANIFEST_VALUE');
    expect(codeOf('version: 1\ncompartments: { a: { wasm: "a\\0b" } }')).toBe('MANIFEST_VALUE');
  });
});

describe('prototypes', () => {
  it.each([
    `${GOOD}__proto__: { polluted: 1 }`,
    '{"version": 1, "compartments": {"__proto__": {"polluted": 1}}}',
    `${GOOD}constructor: { prototype: { polluted: 1 } }`,
    JSON.parse('{"version": 1, "compartments": {}, "__proto__": {"polluted": 1}}'),
  ])('stay as they are', (input) => {
    expect(codeOf(input)).toBe('MANIFEST_UNKNOWN_KEY');
    expect(({} as Record<string, unknown>).polluted).toBe(undefined);
  });

  it('lend no key to a manifest', () => {
    for (const name of ['toString', 'valueOf', 'hasOwnProperty']) {
      expect(codeOf({ version: 1, compartments: { a: { wasm: 'a', resources: [name.toLowerCase()] } } })).toBe(
        'MANIFEST_REFERENCE',
      );
      expect(codeOf(`${GOOD}resources: { r: { function: true, label: { ${name}: [] } } }`)).toBe(
        'MANIFEST_UNKNOWN_KEY',
      );
    }
  });
});

describe('harmless things', () => {
  it.each([
    ['a byte order mark at the start', `\ufeff${GOOD}`],
    ['line ends of Windows', GOOD.replaceAll('\n', '\r\n')],
    ['a document mark at the start', `---\n${GOOD}...\n`],
    ['keys that look like numbers or nothing', 'version: 1\nprincipals: { }\ncompartments: { }\n'],
  ])('%s', (_, text) => {
    expect(codeOf(text)).toBe(null);
  });

  it('a key is text, whatever it looks like', () => {
    expect(codeOf(`${GOOD}1: 2`)).toBe('MANIFEST_UNKNOWN_KEY');
    expect(codeOf(`${GOOD}null: 2`)).toBe('MANIFEST_UNKNOWN_KEY');
  });
});

describe('any input', () => {
  const words = [
    'version',
    'compartments',
    'tags',
    'links',
    'resources',
    'a',
    'wasm',
    'secrecy',
    'label',
    'customer:*',
    'gates',
    'limits',
    'forbid',
    'entries',
    '__proto__',
  ];
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(1, 0, null, true, -1.5, '', 'a', './a', 'customer:*', 'secrecy', '64MiB'),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(fc.constantFrom(...words), tie('value'), { maxKeys: 6 }),
  }));

  it('is parsed or refused with a code: objects and JSON', () => {
    fc.assert(
      fc.property(json.value, (value) => {
        codeOf(value);
        codeOf(JSON.stringify(value) ?? '');
      }),
      { numRuns: 500 },
    );
  });

  it('is parsed or refused with a code: text of YAML signs', () => {
    const piece = fc.constantFrom(
      '\n',
      '  ',
      '- ',
      ': ',
      'a',
      'b:',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '#',
      '&x',
      '*x',
      '!',
      '|',
      '>',
      '? ',
      '<<',
      '---\n',
      '%',
      '\t',
      '\0',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => void codeOf(pieces.join(''))),
      { numRuns: 2_000 },
    );
  });

  it('is parsed or refused with a code: a manifest with one edit', () => {
    const edit = fc.record({
      at: fc.nat(SUPPORT_DESK.length),
      cut: fc.nat(30),
      put: fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom(...words)),
    });
    fc.assert(
      fc.property(
        edit,
        ({ at, cut, put }) => void codeOf(SUPPORT_DESK.slice(0, at) + put + SUPPORT_DESK.slice(at + cut)),
      ),
      { numRuns: 1_000 },
    );
  });
});
