import { describe, expect, it } from 'vitest';
import { Posts } from '../../src/broker/posts.ts';

describe('posts', () => {
  it('are delivered later, in order', async () => {
    const posts = new Posts();
    const got: number[] = [];
    for (const n of [1, 2, 3]) posts.add({ to: 'a', label: 0, deliver: () => void got.push(n) });
    expect(got).toEqual([]);
    await posts.idle();
    expect(got).toEqual([1, 2, 3]);
  });

  it('have room per receiver and label: exactly as many as the limit', () => {
    const posts = new Posts();
    const deliver = () => undefined;
    posts.add({ to: 'a', label: 1, deliver });
    posts.add({ to: 'a', label: 1, deliver });
    expect([posts.hasRoom('a', 1, 3), posts.hasRoom('a', 1, 2)]).toEqual([true, false]);
    expect([posts.hasRoom('a', 2, 1), posts.hasRoom('b', 1, 1)]).toEqual([true, true]);
  });

  it('keep their place until delivery has ended', async () => {
    const posts = new Posts();
    let finish = () => {};
    posts.add({ to: 'a', label: 1, deliver: () => new Promise<void>((resolve) => (finish = resolve)) });
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(posts.hasRoom('a', 1, 1)).toBe(false);
    finish();
    await posts.idle();
    expect(posts.hasRoom('a', 1, 1)).toBe(true);
  });

  it('that a delivery sends come in a later turn: nothing starves', async () => {
    const posts = new Posts();
    const turns: string[] = [];
    posts.add({
      to: 'a',
      label: 0,
      deliver: () => {
        turns.push('first');
        posts.add({ to: 'a', label: 0, deliver: () => void turns.push('second') });
        setImmediate(() => turns.push('somebody else'));
      },
    });
    await posts.idle();
    expect(turns.indexOf('first')).toBe(0);
    expect(turns).toContain('second');
  });
});
