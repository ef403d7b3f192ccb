import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromJson } from '../../src/cli/arguments.ts';
import { jsonText } from '../../src/cli/json.ts';
import { isCofferdamError } from '../../src/error.ts';
import type { ValType } from '../../src/wasm/types.ts';

const string: ValType = { kind: 'string' };
const u64: ValType = { kind: 'u64' };
const bytes: ValType = { kind: 'list', element: { kind: 'u8' } };
const f64: ValType = { kind: 'f64' };
const option: ValType = { kind: 'option', some: u64 };
const nested: ValType = { kind: 'option', some: option };
const record: ValType = {
  kind: 'record',
  fields: [
    { name: 'customer-id', type: u64 },
    { name: 'body', type: { kind: 'option', some: bytes } },
  ],
};
const variant: ValType = {
  kind: 'variant',
  cases: [
    { name: 'none', type: null },
    { name: 'many', type: { kind: 'list', element: record } },
  ],
};
const flags: ValType = { kind: 'flags', names: ['can-read', 'can-write'] };
const result: ValType = { kind: 'result', ok: bytes, err: u64 };

function read(json: unknown, type: ValType): unknown {
  return fromJson([json], [{ name: 'value', type }])[0];
}

function refusal(json: unknown, type: ValType): string | null {
  try {
    read(json, type);
    return null;
  } catch (error) {
    if (isCofferdamError(error)) return error.code;
    throw error;
  }
}

describe('arguments from JSON', () => {
  const rows: readonly (readonly [string, unknown, ValType, unknown])[] = [
    ['text', 'a', string, 'a'],
    ['a small integer of 64 bits', 7, u64, 7n],
    ['the largest one', '18446744073709551615', u64, 2n ** 64n - 1n],
    ['the smallest one', '-9223372036854775808', { kind: 's64' }, -(2n ** 63n)],
    ['bytes', { $bytes: 'AAH/' }, bytes, new Uint8Array([0, 1, 255])],
    ['bytes as numbers', [0, 1, 255], bytes, [0, 1, 255]],
    ['not a number', 'NaN', f64, Number.NaN],
    ['an infinity', '-Infinity', f64, -Infinity],
    ['none', null, option, undefined],
    ['some', 1, option, 1n],
    ['some none', { tag: 'some', val: null }, nested, { tag: 'some', val: undefined }],
    ['a record', { customerId: 1, body: null }, record, { customerId: 1n, body: undefined }],
    ['a variant', { tag: 'many', val: [{ customerId: '2' }] }, variant, { tag: 'many', val: [{ customerId: 2n }] }],
    ['a case without payload', { tag: 'none' }, variant, { tag: 'none' }],
    ['flags', { canRead: true }, flags, { canRead: true }],
    ['a result', { tag: 'err', val: 3 }, result, { tag: 'err', val: 3n }],
    ['a tuple', [1, 'a'], { kind: 'tuple', elements: [u64, string] }, [1n, 'a']],
    ['what fits nothing, for the check of types to refuse', { a: 1 }, string, { a: 1 }],
    ['a text where a number of 64 bits belongs', 'seven', u64, 'seven'],
  ];
  it.for(rows)('%s', ([, json, type, value]) => {
    expect(read(json, type)).toStrictEqual(value);
  });

  const refused: readonly (readonly [string, unknown, ValType])[] = [
    ['an integer that JSON rounds', 2 ** 53, u64],
    ['half an integer', 0.5, u64],
    ['bytes in no base64', { $bytes: '%%%' }, bytes],
    ['bytes for a list of other things', { $bytes: 'AAH/' }, { kind: 'list', element: string }],
    ['a field that is not there', { customerId: 1, admin: true }, record],
    ['a field that every object has', JSON.parse('{"__proto__": {"customerId": 1}}'), record],
    ['a resource', {}, { kind: 'own', resource: 0 }],
  ];
  it.for(refused)('%s is refused', ([, json, type]) => {
    expect(refusal(json, type)).toBe('CLI_ARGS');
  });

  it('read back what jsonText writes', () => {
    const fields = {
      customerId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      body: fc.option(fc.uint8Array(), { nil: undefined }),
    };
    const value = fc.record(fields, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(value), (many) => {
        const written: unknown = JSON.parse(jsonText({ tag: 'many', val: many }));
        expect(read(written, variant)).toStrictEqual({ tag: 'many', val: many });
      }),
    );
  });
});

describe('JSON on a terminal', () => {
  it('holds nothing that moves the cursor or turns the reading direction', () => {
    const text = jsonText({ '\u202eevil\u009b2J': '\u001b[2J\u2066\u200b' });
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(JSON.parse(text)).toEqual({ '\u202eevil\u009b2J': '\u001b[2J\u2066\u200b' });
  });
});
