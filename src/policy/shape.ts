import * as z from 'zod';
import { CODES, type Code } from '../codes.ts';
import { Cuts } from './cuts.ts';
import { DOCUMENT_LIMITS } from './defaults.ts';
import { nearest } from './names.ts';
import { type Problems, quoted } from './problems.ts';
import { type Manifest, manifestSchema } from './schema.ts';
import { isTreeMap, type Path, type Source, type Tree } from './source.ts';

type Issue = z.core.$ZodIssue;

interface Shaped {
  readonly manifest: Manifest;
  /** Where something was left out because its shape is wrong: nothing more is to be said about what depends on it. */
  readonly cuts: Cuts;
}

/**
 * Checks the shape, and goes on with what is left when the wrong parts are cut out, so that one run also shows what is
 * wrong with the meaning of the others. Null when nothing useful is left. `known` are paths already reported.
 */
export function checkShape(source: Source, known: readonly Path[], problems: Problems): Shaped | null {
  const cuts = new Cuts();
  for (const path of known) cuts.add(path);
  // Each round cuts something, and a part that must be there takes what is around it along: few rounds are needed.
  for (let round = 0; round < 64 && !cuts.isEverything && !problems.isFull; round++) {
    const parsed = manifestSchema.safeParse(cuts.apply(source.root));
    if (parsed.success) return { manifest: parsed.data, cuts };
    const wrong = parsed.error.issues
      .slice(0, DOCUMENT_LIMITS.maxProblems)
      .map((issue) => flatten({ ...issue, path: [...cuts.original(issue.path as Path)] }))
      .flatMap((issue) => wrongParts(issue, source));
    for (const { code, path, text, at } of wrong) if (!cuts.touches(path)) problems.add(code, path, text, at);
    // What is missing since it was cut takes along what cannot be without it.
    for (const { prune } of wrong) cuts.add(cuts.covers(prune) ? prune.slice(0, -1) : prune);
  }
  return null;
}

interface WrongPart {
  readonly code: Code;
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly text: string;
  readonly prune: Path;
}

function wrongParts(issue: Issue, source: Source): WrongPart[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, DOCUMENT_LIMITS.maxProblems).map((key) => {
      const guess = nearest(key, knownKeysAt(path));
      const text =
        guess === null ? `unknown key — ${listOf(knownKeysAt(path))}` : `unknown key — did you mean '${guess}'?`;
      return { code: 'MANIFEST_UNKNOWN_KEY', path: [...path, key], at: 'key', text, prune: [...path, key] };
    });
  }
  if (issue.code === 'invalid_key') {
    const inner = issue.issues[0];
    return [
      {
        code: codeOf(inner) ?? 'MANIFEST_NAME',
        path,
        at: 'key',
        text: textOf(inner ?? issue, String(path.at(-1))),
        prune: path,
      },
    ];
  }
  if (source.get(path) === undefined && path.length > 0) {
    return [
      { code: 'MANIFEST_MISSING_KEY', path, at: 'value', text: 'missing — add this key', prune: path.slice(0, -1) },
    ];
  }
  const isEnum = issue.code === 'invalid_value' && typeof source.get(path) === typeof issue.values[0];
  const isType =
    (issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union') && !isEnum;
  const code = codeOf(issue) ?? (isType ? 'MANIFEST_TYPE' : 'MANIFEST_VALUE');
  return [{ code, path, at: 'value', text: textOf(issue, source.get(path)), prune: path }];
}

/** Of a union, the branch that came furthest: the one that does not fail at once for its type. */
function flatten(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const branch = issue.errors.find(
    ([first]) => first !== undefined && !(first.code === 'invalid_type' && first.path.length === 0),
  );
  const [first] = branch ?? [];
  return first === undefined ? issue : flatten({ ...first, path: [...issue.path, ...first.path] } as Issue);
}

function codeOf(issue: Issue | undefined): Code | null {
  const code: unknown = issue?.code === 'custom' ? issue.params?.code : undefined;
  return typeof code === 'string' && Object.hasOwn(CODES, code) ? (code as Code) : null;
}

function textOf(issue: Issue, value: Tree | undefined): string {
  const is = describe(value);
  if (issue.code === 'custom') return issue.message.includes(' — ') ? issue.message : `is ${is} — ${issue.message}`;
  if (issue.code === 'invalid_type') return `is ${is} — write ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') {
    const words = issue.values.map((allowed) => (typeof allowed === 'string' ? `'${allowed}'` : String(allowed)));
    const guess = typeof value === 'string' ? nearest(value, issue.values.map(String)) : null;
    return `is ${is} — write ${words.join(' or ')}${guess === null ? '' : `; did you mean '${guess}'?`}`;
  }
  if (issue.code === 'invalid_union') {
    const words = issue.errors.flatMap(([first]) =>
      first?.code === 'invalid_type' ? [TYPE_WORDS[first.expected] ?? first.expected] : [],
    );
    return `is ${is} — write ${words.join(' or ')}`;
  }
  if (issue.code === 'too_big') return `is too large — at most ${issue.maximum}`;
  if (issue.code === 'too_small') return `is too small — at least ${issue.minimum}`;
  return `is refused (${issue.message}) — see docs/manifest.md`;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'text (quoted if it looks like a number)',
  int: 'a whole number',
  number: 'a number',
};

function describe(value: Tree | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (isTreeMap(value)) return 'a map';
  return typeof value === 'string'
    ? quoted(value)
    : `${typeof value === 'number' ? 'the number ' : ''}${String(value)}`;
}

function listOf(keys: readonly string[]): string {
  return keys.length === 0 ? 'nothing is allowed here' : `allowed here: ${keys.join(', ')}`;
}

/** The keys that the schema allows in the map at this path. */
function knownKeysAt(path: Path): readonly string[] {
  let at: unknown = manifestSchema;
  for (const step of path) at = memberSchema(unwrap(at), step);
  const schema = unwrap(at);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape).filter((key) => !key.startsWith('$')) : [];
}

function memberSchema(schema: unknown, step: string | number): unknown {
  if (schema instanceof z.ZodObject) return schema.shape[step];
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return schema instanceof z.ZodArray ? schema.element : undefined;
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.map(unwrap).find((option) => option instanceof z.ZodObject);
  return schema;
}
