import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../src/load/answer.ts';
import { boundedText } from '../../src/load/bounded-text.ts';
import { namesInWit } from '../../src/load/second-opinion.ts';
import { writeShared } from '../../src/load/shared-json.ts';
import { readUnderstanding } from '../../src/load/understanding-shape.ts';

// Attack: a parsing worker taken over by the bytes it parses answers as it likes.

describe('an answer of the worker', () => {
  it('is its text, or the error it names', () => {
    expect(readAnswer({ ok: true, text: '{}' })).toBe('{}');
    const failure = { ok: false, code: 'LOAD_WIT', message: 'no\u001b[2Jnsense', details: '{"offset":3}' };
    expect(() => readAnswer(failure)).toThrow(
      expect.objectContaining({ code: 'LOAD_WIT', message: 'no [2Jnsense', details: { offset: 3 } }),
    );
    expect(() => readAnswer({ ...failure, details: '][' })).toThrow(expect.objectContaining({ details: {} }));
  });

  it.each([
    [null],
    ['text'],
    [{}],
    [{ ok: 'true', text: '{}' }],
    [{ ok: true, text: {} }],
    [{ ok: false, code: 'NO_SUCH_CODE', message: '', details: '{}' }],
    [{ ok: false, code: 'toString', message: '', details: '{}' }],
    [{ ok: false, code: 'LOAD_WIT', message: 5, details: '{}' }],
  ])('%j is none', (answer) => {
    expect(() => readAnswer(answer)).toThrow(expect.objectContaining({ code: 'LOAD_CRASHED' }));
  });
});

describe('an understanding', () => {
  const options = { encoding: 'utf8', memory: null, realloc: null, postReturn: null };
  const type = { params: [], result: null, async: false };
  const lifted = { core: { kind: 'export', instance: 0, name: 'f' }, type, options, scope: 0 };
  const good = () => ({
    plan: {
      world: { imports: [], exports: [{ interface: null, name: 'f', id: 'f', type }], resources: [] },
      modules: [{ start: 0, end: 100 }],
      instantiations: [{ module: 0, args: [] as unknown[] }],
      exports: [lifted] as unknown[],
      resources: [] as unknown[],
      scopes: 1,
      initialize: [] as unknown[],
    },
    world: null as unknown,
    transpiled: null,
    set: null as unknown,
    info: [
      {
        imports: [],
        exports: [],
        memories: [],
        tables: [],
        globals: [],
        hasStart: false,
        counts: { types: 0, functions: 0, importedFunctions: 0, dataSegments: 0, elementSegments: 0, codeBytes: 0 },
        custom: [],
      },
    ] as unknown[],
    edits: [[{ start: 8, end: 10, bytes: '00ff' }]] as unknown[],
    rewritten: [
      {
        bytes: 'AGFzbQ==',
        memories: [{ name: 'memory:0', initialPages: 1, maximumPages: null, index64: false }],
        restoring: null,
      },
    ] as unknown[],
  });
  type Good = ReturnType<typeof good>;

  const part = (start: number, end: number) => ({ name: 'm', start, end });

  it('that is sound is taken', () => {
    for (const value of [good(), { ...good(), set: [part(0, 100)] }, { ...good(), rewritten: null }]) {
      expect(readUnderstanding(writeShared(value), 100)).toEqual(value);
    }
  });

  const lower = (over: object) => ({ kind: 'lower-import', import: 0, options, scope: 0, ...over });
  const damages: readonly (readonly [string, (value: Good) => void])[] = [
    ['a module past the end of the file', (v) => Object.assign(v.plan.modules[0] ?? {}, { end: 101 })],
    ['a module that ends before it starts', (v) => Object.assign(v.plan.modules[0] ?? {}, { start: 101 })],
    ['an instance of a module that is not there', (v) => v.plan.instantiations.push({ module: 1, args: [] })],
    [
      'an export of an instance that is not there',
      (v) => v.plan.exports.splice(0, 1, { ...lifted, core: { ...lifted.core, instance: 1 } }),
    ],
    [
      'an argument from the instance itself',
      (v) => v.plan.instantiations[0]?.args.push({ module: '', name: '', value: lifted.core }),
    ],
    [
      'an argument from an import that is not there',
      (v) => v.plan.instantiations[0]?.args.push({ module: '', name: '', value: lower({}) }),
    ],
    ['a scope that is not there', (v) => v.plan.exports.splice(0, 1, { ...lifted, scope: 1 })],
    ['a resource that is not there', (v) => v.plan.initialize.push({ kind: 'resource-drop', resource: 0, scope: 0 })],
    [
      'a handle of a resource that is not there',
      (v) => v.plan.exports.splice(0, 1, { ...lifted, type: { ...type, result: { kind: 'own', resource: 0 } } }),
    ],
    ['fewer exports than its world', (v) => v.plan.exports.pop()],
    ['an unknown kind of item', (v) => v.plan.initialize.push({ kind: 'eval', code: '1' })],
    [
      'an unknown kind of type',
      (v) => v.plan.exports.splice(0, 1, { ...lifted, type: { ...type, result: { kind: '__proto__' } } }),
    ],
    ['a field too many', (v) => Object.assign(v.plan, { extra: 1 })],
    ['a negative position', (v) => Object.assign(v.plan.modules[0] ?? {}, { start: -1 })],
    ['a broken position', (v) => Object.assign(v.plan.modules[0] ?? {}, { start: 0.5 })],
    [
      'edits out of order',
      (v) =>
        v.edits.splice(0, 1, [
          { start: 8, end: 10, bytes: '' },
          { start: 9, end: 12, bytes: '' },
        ]),
    ],
    ['an edit past the end', (v) => v.edits.splice(0, 1, [{ start: 99, end: 101, bytes: '' }])],
    ['an edit that is not hex', (v) => v.edits.splice(0, 1, [{ start: 8, end: 10, bytes: '0g' }])],
    ['no edits for a module', (v) => v.edits.pop()],
    ['fewer rewritten modules', (v) => v.rewritten.pop()],
    [
      'a memory without a size',
      (v) => v.rewritten.splice(0, 1, { bytes: '', memories: [{ name: 'memory:0' }], restoring: null }),
    ],
    [
      'a snapshot of no names',
      (v) => v.rewritten.splice(0, 1, { bytes: '', memories: [], restoring: { bytes: '', names: {} } }),
    ],
    ['no info for a module', (v) => v.info.pop()],
    ['both a plan and a world', (v) => Object.assign(v, { world: v.plan.world })],
    ['neither', (v) => Object.assign(v, { plan: null })],
    ['more modules than its plan', (v) => Object.assign(v, { set: [part(0, 50), part(50, 100)] })],
    ['modules past the end of the file', (v) => Object.assign(v, { set: [part(0, 101)] })],
    ['modules without names', (v) => Object.assign(v, { set: [{ start: 0, end: 100 }] })],
  ];

  it.each(damages)('with %s is none', (_, damage) => {
    const value = good();
    damage(value);
    expect(readUnderstanding(writeShared(value), 100)).toBe(null);
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"shared":[],"value":null}',
    '[[[[',
    '"x"',
    `${'['.repeat(1e5)}${']'.repeat(1e5)}`,
  ])('that is %.20j is none', (text) => {
    expect(readUnderstanding(text, 100)).toBe(null);
  });

  it('that is nested beyond all sense is none', () => {
    const value = good();
    const deep = `${'{"kind":"list","element":'.repeat(100_000)}{"kind":"u8"}${'}'.repeat(100_000)}`;
    const text = writeShared(value).replace('"result":null', `"result":${deep}`);
    expect(readUnderstanding(text, 100)).toBe(null);
  });
});

describe('text from a file', () => {
  it('is bounded, of one line, and without control characters', () => {
    expect(boundedText('a\u001b[31mb\nc\u202ed\u2028e\ud800f')).toBe('a [31mb c d e f');
    expect(boundedText('x'.repeat(11), 10)).toBe(`${'x'.repeat(10)}…`);
    expect(boundedText('x'.repeat(10), 10)).toBe('x'.repeat(10));
  });
});

describe('the names in WIT that wasm-tools prints', () => {
  it('are those of the world, not of comments or of what is inside', () => {
    const wit = [
      'package root:component;',
      '',
      'world root {',
      '  /// import a:b/comment;',
      '  import a:b/i@1.0.0;',
      '  import k: interface {',
      '    import-like: func();',
      '    z: func();',
      '  }',
      '  import log: func(s: string);',
      '  export %list: async func();',
      '  export a:b/i@1.0.0;',
      '}',
    ].join('\n');
    expect(namesInWit(wit)).toEqual({
      interfaces: new Set(['import a:b/i@1.0.0', 'import k', 'export a:b/i@1.0.0']),
      functions: new Set(['import log', 'export list']),
    });
  });
});
