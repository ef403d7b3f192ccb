/** Where and how a JavaScript value does not fit its type. The checks themselves are generated (emit-check.ts). */
export interface Mismatch {
  /** Path within the value, e.g. `.items[3]`; built from the inside out. */
  path: string;
  readonly expected: string;
  readonly got: string;
}

export const bad = (expected: string, value: unknown): Mismatch => ({ path: '', expected, got: describe(value) });

/** Prepends a step of the path. */
export function at(mismatch: Mismatch, step: string): Mismatch {
  mismatch.path = step + mismatch.path;
  return mismatch;
}

/** Short, so that no payload of size ends up in a message. */
function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length <= 16 ? JSON.stringify(value) : `a string of ${value.length} characters`;
    case 'number':
    case 'boolean':
      return String(value);
    case 'bigint':
      return BigInt.asIntN(70, value) === value ? `${value}n` : 'a long bigint';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? `an array of ${value.length}` : 'an object';
    default:
      return typeof value;
  }
}

/** Exactly one Unicode scalar value? */
export function isChar(value: unknown): boolean {
  if (typeof value !== 'string' || value.length === 0 || value.length > 2) return false;
  const code = value.codePointAt(0) ?? 0;
  return value.length === (code > 0xffff ? 2 : 1) && (code < 0xd800 || code > 0xdfff);
}
