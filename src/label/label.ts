/** Two sets of tags, as anyone may write them: any order, undefined for none. */
export interface LabelInput {
  readonly secrecy?: readonly string[];
  readonly integrity?: readonly string[];
}

/**
 * A pair of sets: who may learn this, and who vouches for it. Sorted, frozen and interned: within one LabelSpace, equal
 * labels are the same object. Flume (SOSP 2007), section 3.
 */
export interface Label {
  /** Number in its space, in order of first use. Not for guests: it would tell them how many labels came before. */
  readonly id: number;
  readonly secrecy: readonly string[];
  readonly integrity: readonly string[];
}

/** The most secrecy something may be given, and the least integrity it accepts. */
export interface Ceiling {
  /** Tags, and families that stand for all their members. */
  readonly secrecy: readonly string[];
  /** Tags. */
  readonly integrity: readonly string[];
}

/** The ceiling that admits exactly what can flow to this label. */
export function ceilingOf({ secrecy, integrity }: Label): Ceiling {
  return { secrecy, integrity };
}

/**
 * `public`, `{customer:acme}`, `{customer:acme | vetted}`, `{| vetted}`. Injective: tags hold no space, comma, bar or
 * brace, they are sorted, and only the empty label has no brace.
 */
export function formatLabel({ secrecy, integrity }: LabelInput): string {
  const left = (secrecy ?? []).join(', ');
  const right = (integrity ?? []).join(', ');
  if (right === '') return left === '' ? 'public' : `{${left}}`;
  return left === '' ? `{| ${right}}` : `{${left} | ${right}}`;
}
