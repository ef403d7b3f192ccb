import { CofferdamError } from '../error.ts';

/**
 * JSON that is the same for the same value: keys sorted by their UTF-16 units, no space (RFC 8785). A Map is written as an
 * object, a key without a value left out. Whatever JSON would turn into something else is refused, so that no two values
 * have one text.
 */
export function canonical(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = entriesOf(value);
  if (entries === null) throw new CofferdamError('INTERNAL', `A ${typeof value} has no canonical text.`);
  const members = entries
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}

function entriesOf(value: unknown): [string, unknown][] | null {
  if (value instanceof Map) return [...value.entries()].map(([key, member]) => [String(key), member]);
  if (typeof value !== 'object' || value === null) return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : null;
}
