import { describe, expect, it } from 'vitest';
import { Cuts } from '../../src/policy/cuts.ts';

describe('cuts', () => {
  const tree = { a: { b: 1, c: 2 }, list: ['zero', 'one', 'two', { x: 3, y: 4 }] };
  const cuts = new Cuts();
  for (const path of [
    ['a', 'b'],
    ['list', 0],
    ['list', 2],
    ['list', 3, 'x'],
  ])
    cuts.add(path);

  it('leave out what they name, and keep the rest', () => {
    expect({ ...(cuts.apply(tree) as object) }).toEqual({ a: { c: 2 }, list: ['one', { y: 4 }] });
    expect(tree.list).toHaveLength(4);
  });

  it('find where a part of the copy was', () => {
    expect(cuts.original(['list', 0])).toEqual(['list', 1]);
    expect(cuts.original(['list', 1, 'y'])).toEqual(['list', 3, 'y']);
    expect(cuts.original(['a', 'c'])).toEqual(['a', 'c']);
  });

  it('know what they touch, and what they cover', () => {
    expect(cuts.touches(['a'])).toBe(true);
    expect(cuts.covers(['a'])).toBe(false);
    expect(cuts.covers(['a', 'b', 'deeper'])).toBe(true);
    expect(cuts.touches(['a', 'c'])).toBe(false);
  });

  it('of all leave nothing to say', () => {
    const all = new Cuts();
    all.add([]);
    expect(all.isEverything && all.covers(['a']) && all.touches(['a'])).toBe(true);
  });
});
