import { CofferdamError } from '../error.ts';

export type TagKind = 'secrecy' | 'integrity';

/** What the owner of a tag, or of a family of tags, said about it. */
export interface TagDeclaration {
  /** A plain tag (`vetted`) or a family (`customer:*`); members of a family are not declared one by one. */
  readonly name: string;
  readonly kind: TagKind;
  /** The principal who alone grants its privileges. */
  readonly owner: string;
  readonly isFamily: boolean;
  /** Rights that the owner leaves open to everyone. */
  readonly public?: readonly ('declassify' | 'endorse')[];
}

/** Characters of a plain tag or of the part before the colon; also of the member after it. Fits a journal row and a log line. */
const MAX_TAG_PART_LENGTH = 64;

const PLAIN = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const MEMBER = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;

/*
 * One spelling per tag. If `Acme` and `acme`, or `acme` with a Cyrillic а, were both accepted, two labels that print
 * alike would be different; if they were quietly folded, two customers would become one and read each other's data.
 * So nothing is folded: text outside the grammar is refused, and its nearest normal form is only suggested.
 * `..` is refused since members may come from folder names.
 */

/** A tag that can stand in a label, `vetted` or `customer:acme`; returns the text. Throws LABEL_TAG_SYNTAX. */
export function parseTag(text: string): string {
  if (isTag(text)) return text;
  if (isTagFamily(text))
    throw syntaxError(text, 'a label names one member of a family, such as', `${prefixOf(text)}:acme`);
  throw notNormal(text, 'tag', nearestTag(text));
}

/** A tag or a family such as `customer:*`; returns the text. Throws LABEL_TAG_SYNTAX. */
export function parseTagOrFamily(text: string): string {
  if (isTag(text) || isTagFamily(text)) return text;
  throw notNormal(text, 'tag or tag family', nearestTag(text));
}

export function isTag(text: string): boolean {
  if (typeof text !== 'string') return false;
  const colon = text.indexOf(':');
  return colon < 0 ? isPlain(text) : isPlain(text.slice(0, colon)) && isMember(text.slice(colon + 1));
}

/** Is this written as a family (`customer:*`)? */
export function isTagFamily(text: string): boolean {
  return typeof text === 'string' && text.endsWith(':*') && isPlain(text.slice(0, -2));
}

/** The family that a member belongs to: `customer:*` for `customer:acme`; undefined for a plain tag or a family. */
export function familyOf(tag: string): string | undefined {
  const prefix = prefixOf(tag);
  return prefix === undefined || tag === `${prefix}:*` ? undefined : `${prefix}:*`;
}

/** Does `pattern` (a tag or a family) stand for all that `tag` (a tag or a family) stands for? */
export function isCoveredBy(tag: string, pattern: string): boolean {
  return tag === pattern || familyOf(tag) === pattern;
}

/** Is `tag` covered by one of the patterns? */
export function isCoveredByAny(tag: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => isCoveredBy(tag, pattern));
}

/** Hostile text in a message: short, on one line, and with every character outside ASCII spelled out. */
export function quote(text: unknown): string {
  if (typeof text !== 'string') return `a value of type ${typeof text}`;
  const isLong = text.length > 80;
  const escaped = JSON.stringify(isLong ? text.slice(0, 80) : text).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return isLong ? `${escaped}…` : escaped;
}

/** The closest text that the grammar accepts, or undefined. For a person to consider, never applied. */
export function nearestTag(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 4 * MAX_TAG_PART_LENGTH) return undefined;
  const [prefix = '', ...rest] = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().trim().split(':');
  const plain = prefix
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+/, '')
    .slice(0, MAX_TAG_PART_LENGTH)
    .replace(/-+$/, '');
  if (rest.length === 0) return isPlain(plain) ? plain : undefined;
  const member = rest
    .join('-')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[._-]+/, '')
    .slice(0, MAX_TAG_PART_LENGTH)
    .replace(/[._-]+$/, '');
  if (!isPlain(plain)) return undefined;
  if (rest.length === 1 && rest[0]?.trim() === '*') return `${plain}:*`;
  return isMember(member) ? `${plain}:${member}` : undefined;
}

function isPlain(text: string): boolean {
  return text.length <= MAX_TAG_PART_LENGTH && PLAIN.test(text);
}

function isMember(text: string): boolean {
  return text.length <= MAX_TAG_PART_LENGTH && MEMBER.test(text) && !text.includes('..');
}

function prefixOf(text: string): string | undefined {
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : text.slice(0, colon);
}

function notNormal(text: unknown, what: string, nearest: string | undefined): CofferdamError<'LABEL_TAG_SYNTAX'> {
  return nearest === undefined
    ? syntaxError(
        text,
        `it is no ${what}; write lower-case ASCII words joined by single hyphens, such as`,
        'vetted',
        'customer:acme',
      )
    : syntaxError(text, `it is no ${what}; if that is what you mean, write`, nearest);
}

function syntaxError(text: unknown, advice: string, ...examples: string[]): CofferdamError<'LABEL_TAG_SYNTAX'> {
  const message = `Tag ${quote(text)} is refused — ${advice} ${examples.map((example) => `\`${example}\``).join(' or ')}.`;
  return new CofferdamError('LABEL_TAG_SYNTAX', message, {
    details: { nearest: examples.length === 1 ? examples[0] : undefined },
  });
}
