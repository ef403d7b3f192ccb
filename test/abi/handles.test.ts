import { describe, expect, it } from 'vitest';
import { HandleTable } from '../../src/abi/handles.ts';
import { MAX_HANDLES } from '../../src/abi/limits.ts';
import { codeOf } from '../compartment/support.ts';

describe('handle tables', () => {
  it('count from 1 and reuse the index freed last', () => {
    const table = new HandleTable();
    expect([table.add(0, 'a', null), table.add(0, 'b', null), table.add(0, 'c', null)]).toEqual([1, 2, 3]);
    table.remove(1, 0);
    table.remove(3, 0);
    expect([table.add(0, 'd', null), table.add(0, 'e', null), table.add(0, 'f', null)]).toEqual([3, 1, 4]);
    expect(table.get(3, 0).rep).toBe('d');
    expect(table.size).toBe(4);
  });

  it.each([0, 2, -1, 0xffff_ffff, 1.5])('the index %d is unknown', (index) => {
    const table = new HandleTable();
    table.add(0, 'a', null);
    expect(codeOf(() => table.get(index, 0))).toBe(index === 1.5 ? 'none' : 'ABI_HANDLE');
    expect(codeOf(() => table.remove(index, 1))).toBe('ABI_HANDLE');
  });

  it('a handle knows its type', () => {
    const table = new HandleTable();
    table.add(3, 'a', null);
    expect(codeOf(() => table.get(1, 4))).toBe('ABI_HANDLE');
    expect(codeOf(() => table.remove(1, 4))).toBe('ABI_HANDLE');
    expect(table.remove(1, 3).rep).toBe('a');
    expect(codeOf(() => table.remove(1, 3))).toBe('ABI_HANDLE');
  });

  it('what is lent stays', () => {
    const table = new HandleTable();
    table.add(0, 'a', null);
    table.get(1, 0).lends++;
    expect(codeOf(() => table.remove(1, 0))).toBe('ABI_HANDLE');
    table.get(1, 0).lends--;
    expect(codeOf(() => table.remove(1, 0))).toBe('none');
  });

  it('what is borrowed can be dropped, not given away', () => {
    const [table, call] = [new HandleTable(), { borrows: 0 }];
    table.add(0, 'a', call);
    expect(call.borrows).toBe(1);
    expect(codeOf(() => table.remove(1, 0, true))).toBe('ABI_HANDLE');
    table.remove(1, 0);
    expect(call.borrows).toBe(0);
  });

  it('has room for MAX_HANDLES and not one more', () => {
    const table = new HandleTable();
    for (let i = 0; i < MAX_HANDLES; i++) table.add(0, i, null);
    expect(codeOf(() => table.add(0, 0, null))).toBe('LIMIT_HANDLES');
    table.remove(7, 0);
    expect(table.add(0, 0, null)).toBe(7);
  });
});
