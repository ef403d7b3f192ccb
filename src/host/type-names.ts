/*
 * Names of guests as TypeScript text. They come from files that nobody vouches for, so nothing of them gets into the text
 * but letters and digits, or inside a quoted and escaped string, or inside a comment that they cannot end.
 */

const MAX_IDENTIFIER = 80;
const MAX_COMMENT = 300;

/** Words that cannot name a parameter. Source: ECMA-262, "Keywords and Reserved Words", strict mode. */
const RESERVED_WORDS: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof var void while with yield'
  ).split(' '),
);

/** Gives names that are free in one scope. */
export class Scope {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** `wanted`, or with a number behind it. */
  name(wanted: string): string {
    const base = toIdentifier(wanted);
    let name = base;
    for (let n = 2; this.#taken.has(name); n++) name = `${base}${n}`;
    this.#taken.add(name);
    return name;
  }
}

function toIdentifier(text: string): string {
  const letters = text.replace(/[^A-Za-z0-9]/g, '').slice(0, MAX_IDENTIFIER);
  return /^[A-Za-z]/.test(letters) && !RESERVED_WORDS.has(letters) ? letters : `_${letters}`;
}

/** `some-field` as `SomeField`, `someField` too. */
export function capitalised(name: string): string {
  return name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

/** The name of a property: as it is where it is an identifier, quoted where it is not. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

/** A string literal in printable ASCII, so that no sign that turns the reading direction gets through. */
export function quoted(text: string): string {
  return `'${JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    .replace(/[^\x20-\x7e]/g, toEscape)}'`;
}

/** On one line inside a comment. */
export function commented(text: string): string {
  return text
    .slice(0, MAX_COMMENT)
    .replace(/[^\x20-\x7e]/g, toEscape)
    .replaceAll('*/', '*\\/');
}

function toEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
