import { describe, expect, it } from 'vitest';
import { assertAdaptable } from '../../src/abi/adaptable.ts';
import { isCofferdamError } from '../../src/error.ts';
import type { FuncType, ValType } from '../../src/wasm/types.ts';

const u8: ValType = { kind: 'u8' };
const takes = (type: ValType): FuncType => ({ params: [{ name: 'value', type }], result: null, async: false });
const gives = (result: ValType): FuncType => ({ params: [], result, async: false });

/** 2^levels leaves in as many nodes: each level holds the one below it twice. */
function doubled(levels: number): ValType {
  let type = u8;
  for (let i = 0; i < levels; i++) type = { kind: 'tuple', elements: [type, type] };
  return type;
}

function verdict(...types: FuncType[]): string {
  const options = { encoding: 'utf8', memory: null, realloc: null, postReturn: null } as const;
  const lifted = types.map((type, i) => ({ id: `f${i}`, type, options, context: 0, scope: 0 }));
  try {
    assertAdaptable({ lifted, exported: lifted.length, lowered: [], resources: [{ kind: 'imported' }], scopes: 1 });
    return 'fine';
  } catch (error) {
    return isCofferdamError(error) ? error.code : 'foreign';
  }
}

describe('what a guest asks code for is looked at before any is made', () => {
  it('bounds the nodes that types unfold into, without unfolding them', () => {
    expect(verdict(takes(doubled(15)))).toBe('fine'); // 65,535
    expect(verdict(takes(doubled(16)))).toBe('ABI_TYPE_LIMIT'); // 131,071
    expect(verdict(takes(doubled(60)))).toBe('ABI_TYPE_LIMIT');
  });

  it('counts all functions together', () => {
    const half = takes(doubled(15));
    expect(verdict(half, half)).toBe('ABI_TYPE_LIMIT');
  });

  it('counts each element of a short list of fixed length, which may be passed one by one', () => {
    const short: ValType = { kind: 'list', element: doubled(12), length: 16 }; // 16 * 8,191
    const long: ValType = { kind: 'list', element: doubled(12) };
    expect([verdict(takes(long)), verdict(takes(short))]).toEqual(['fine', 'ABI_TYPE_LIMIT']);
  });

  it.each<[string, FuncType]>([
    ['a resource that there is not', takes({ kind: 'own', resource: 1 })],
    ['a borrowed handle deep in a result', gives({ kind: 'list', element: { kind: 'borrow', resource: 0 } })],
    ['two fields of one name', takes({ kind: 'record', fields: ['a-b', 'a-B'].map((name) => ({ name, type: u8 })) })],
    ['two cases of one name', takes({ kind: 'enum', names: ['same', 'same'] })],
    ['a stream', takes({ kind: 'stream', element: u8 })],
    ['an asynchronous function', { ...takes(u8), async: true }],
  ])('refuses %s', (_, type) => {
    expect(verdict(type)).toBe('ABI_UNSUPPORTED');
  });

  it('takes a borrowed handle as an argument', () => {
    expect(verdict(takes({ kind: 'borrow', resource: 0 }))).toBe('fine');
  });
});
