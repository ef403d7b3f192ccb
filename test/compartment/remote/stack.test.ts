import { expect, it } from 'vitest';
import { assertStack } from '../../../src/compartment/remote/stack.ts';

const FRAMES_OF_AN_EXCHANGE = 12;

/** Frames one below the other, as an exchange of frames has them. */
function exchange(frames: number): number {
  return frames === 0 ? 0 : 1 + exchange(frames - 1);
}

/** What happened at the depths where an exchange was begun, from the deepest one on. */
function recurse(done: string[]): void {
  try {
    assertStack();
  } catch (error) {
    done.push(String(error));
    return;
  }
  recurse(done);
  if (done.length > 50) return;
  try {
    done.push(String(exchange(FRAMES_OF_AN_EXCHANGE)));
  } catch (error) {
    done.push(`${error}, after it was begun`);
  }
}

it('an exchange is begun where there is room for all of it, and refused below', () => {
  // V8 compiles a function when it first runs, and needs stack for that: a child has exchanged frames before it has a guest.
  expect(exchange(FRAMES_OF_AN_EXCHANGE)).toBe(FRAMES_OF_AN_EXCHANGE);
  const done: string[] = [];
  recurse(done);
  expect(done.shift()).toBe('RangeError: Maximum call stack size exceeded');
  expect(new Set(done)).toEqual(new Set([String(FRAMES_OF_AN_EXCHANGE)]));
});
