import { CofferdamError } from '../error.ts';
import { isCoveredBy, isTag, isTagFamily, nearestTag, parseTagOrFamily, quote } from './tag.ts';

export type Right = 'declassify' | 'endorse';

/** The right to remove a secrecy tag (`customer:*-`) or to add an integrity tag (`vetted+`). */
export interface Privilege {
  /** A tag or a family. */
  readonly tag: string;
  readonly right: Right;
}

/** `customer:*-` or `vetted+`. Throws LABEL_TAG_SYNTAX. */
export function parsePrivilege(text: string): Privilege {
  const sign = typeof text === 'string' ? text.at(-1) : undefined;
  const tag = sign === undefined ? '' : text.slice(0, -1);
  if ((sign === '-' || sign === '+') && (isTag(tag) || isTagFamily(tag))) {
    return Object.freeze({ tag, right: sign === '-' ? 'declassify' : 'endorse' });
  }
  const nearest = nearestTag(sign === '-' || sign === '+' ? tag : text) ?? 'vetted';
  const choice =
    sign === '-' || sign === '+'
      ? `\`${nearest}${sign}\``
      : `\`${nearest}-\` to declassify or \`${nearest}+\` to endorse`;
  throw new CofferdamError(
    'LABEL_TAG_SYNTAX',
    `Privilege ${quote(text)} is refused — write a tag or family and the right, such as ${choice}.`,
  );
}

/** The one text form of a privilege; `parsePrivilege` reads it back. */
export function formatPrivilege({ tag, right }: Privilege): string {
  return `${tag}${right === 'declassify' ? '-' : '+'}`;
}

/** An immutable set of privileges. A privilege over a family covers its members; one over members never covers the family. */
export class Privileges {
  readonly #byText: ReadonlyMap<string, Privilege>;

  constructor(privileges: Iterable<Privilege> = []) {
    const byText = new Map<string, Privilege>();
    for (const { tag, right } of privileges) {
      const privilege = Object.freeze({ tag: parseTagOrFamily(tag), right });
      byText.set(formatPrivilege(privilege), privilege);
    }
    this.#byText = byText;
  }

  has(right: Right, tag: string): boolean {
    return this.covers({ right, tag });
  }

  covers(wanted: Privilege): boolean {
    for (const held of this.#byText.values()) {
      if (isAtMost(wanted, held)) return true;
    }
    return false;
  }

  /** Rule 8: a holder may pass on what it holds or less, never more. */
  canDelegate(privilege: Privilege): boolean {
    return this.covers(privilege);
  }

  with(...more: Privilege[]): Privileges {
    return new Privileges([...this.#byText.values(), ...more]);
  }

  /**
   * Without this privilege and everything it covers (taking `customer:*-` takes `customer:acme-` too).
   * Throws LABEL_PRIVILEGE_COVERED when a family that is held would go on covering it: a caller who takes a privilege
   * away must not be left believing that it is gone.
   */
  without(taken: Privilege): Privileges {
    const rest = new Privileges([...this.#byText.values()].filter((held) => !isAtMost(held, taken)));
    if (!rest.covers(taken)) return rest;
    const text = formatPrivilege(taken);
    throw new CofferdamError(
      'LABEL_PRIVILEGE_COVERED',
      `Privilege \`${text}\` cannot be taken away alone — its holder has the whole family; take that and grant the members that should stay.`,
      { details: { privilege: text } },
    );
  }

  /** Sorted by text form. */
  list(): readonly Privilege[] {
    return [...this.#byText.keys()].sort().flatMap((text) => this.#byText.get(text) ?? []);
  }
}

function isAtMost(less: Privilege, more: Privilege): boolean {
  return less.right === more.right && isCoveredBy(less.tag, more.tag);
}
