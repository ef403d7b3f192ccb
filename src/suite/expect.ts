import { AssertionError, deepStrictEqual } from 'node:assert';
import { inspect, isDeepStrictEqual } from 'node:util';
import { CODES } from '../codes.ts';
import { REFUSED } from './foreign.ts';

/** What a case says of a value. Each throws an AssertionError that shows what was there: in a failed attack, the leak. */
export interface Expectation {
  toBe(expected: unknown): void;
  /** Deeply; keys that are undefined count as missing. */
  toEqual(expected: unknown): void;
  toBeUndefined(): void;
  toMatch(pattern: RegExp): void;
  toBeLessThan(bound: number): void;
  toBeLessThanOrEqual(bound: number): void;
  toBeGreaterThan(bound: number): void;
  toHaveLength(length: number): void;
  toContain(part: unknown): void;
  notToContain(part: unknown): void;
}

/** `hint` says of which of several attempts this is. */
export function expect(actual: unknown, hint = ''): Expectation {
  const assert = (holds: boolean, operator: string, expected: unknown): void => {
    if (holds) return;
    const what = hint === '' ? '' : `${hint}: `;
    const message = `${what}${show(actual)} is not ${operator} ${show(expected)}`;
    throw new AssertionError({ message, actual, expected, operator, stackStartFn: expect });
  };
  const contains = (part: unknown) =>
    typeof actual === 'string'
      ? actual.includes(String(part))
      : Array.isArray(actual) && actual.some((item) => isDeepStrictEqual(item, part));
  const isAnyCode = (expected: unknown) => actual === REFUSED && typeof expected === 'string' && expected in CODES;
  return {
    toBe: (expected) => assert(Object.is(actual, expected) || isAnyCode(expected), 'the same as', expected),
    toEqual: (expected) => assert(isDeepStrictEqual(defined(actual), defined(expected)), 'equal to', expected),
    toBeUndefined: () => assert(actual === undefined, 'the same as', undefined),
    toMatch: (pattern) => assert(pattern.test(String(actual)) || actual === REFUSED, 'matched by', pattern),
    toBeLessThan: (bound) => assert(Number(actual) < bound, 'less than', bound),
    toBeLessThanOrEqual: (bound) => assert(Number(actual) <= bound, 'at most', bound),
    toBeGreaterThan: (bound) => assert(Number(actual) > bound, 'more than', bound),
    toHaveLength: (length) => deepStrictEqual((actual as ArrayLike<unknown>).length, length),
    toContain: (part) => assert(contains(part), 'something that contains', part),
    notToContain: (part) => assert(!contains(part), 'something without', part),
  };
}

/** Without keys whose value is undefined. */
function defined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(defined);
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, defined(item)]),
  );
}

function show(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 120, maxStringLength: 200, maxArrayLength: 20 });
}
