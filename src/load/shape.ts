/**
 * Checks that a value parsed from untrusted JSON has exactly a given shape: no field missing, none too many, nothing
 * deeper than MAX_DEPTH. Small on purpose: a plan is checked each time that it is loaded, within a millisecond.
 */
export type Is = (value: unknown, depth?: number) => boolean;

const MAX_DEPTH = 400;

export const isText: Is = (value) => typeof value === 'string';
export const isBoolean: Is = (value) => typeof value === 'boolean';
/** A count or position; beyond safe integers JSON numbers lose precision. */
export const isIndex: Is = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

export function literal(...values: readonly unknown[]): Is {
  const allowed = new Set(values);
  return (value) => allowed.has(value);
}

export function nullable(is: Is): Is {
  return (value, depth) => value === null || is(value, depth);
}

export function arrayOf(is: Is): Is {
  return (value, depth = 0) => {
    if (depth >= MAX_DEPTH || !Array.isArray(value)) return false;
    for (const item of value) if (!is(item, depth + 1)) return false;
    return true;
  };
}

/** A field whose name ends in `?` may be missing. */
export function object(fields: Readonly<Record<string, Is>>): Is {
  const known = Object.entries(fields).map(([name, is]) => {
    return { name: name.replace(/\?$/, ''), is, isOptional: name.endsWith('?') };
  });
  return (value, depth = 0) => {
    if (depth >= MAX_DEPTH || typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    let found = 0;
    for (const { name, is, isOptional } of known) {
      if (!Object.hasOwn(value, name)) {
        if (isOptional) continue;
        return false;
      }
      if (!is((value as Record<string, unknown>)[name], depth + 1)) return false;
      found += 1;
    }
    return Object.keys(value).length === found;
  };
}

/** Checks an object once, however often it occurs. What it was found to be it must stay. */
export function once(is: Is): Is {
  const passed = new WeakSet<object>();
  return (value, depth) => {
    if (typeof value !== 'object' || value === null) return is(value, depth);
    if (passed.has(value)) return true;
    if (!is(value, depth)) return false;
    passed.add(value);
    return true;
  };
}

/** Objects told apart by `kind`. */
export function tagged(variants: Readonly<Record<string, Readonly<Record<string, Is>>>>): Is {
  const checks = new Map(
    Object.entries(variants).map(([kind, fields]) => [kind, object({ kind: literal(kind), ...fields })]),
  );
  return (value, depth) => {
    const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : null;
    return typeof kind === 'string' && checks.get(kind)?.(value, depth) === true;
  };
}

/** For types that contain themselves. */
export function lazily(make: () => Is): Is {
  let made: Is | null = null;
  return (value, depth) => {
    made ??= make();
    return made(value, depth);
  };
}
