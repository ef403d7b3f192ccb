import { CofferdamError } from '../error.ts';
import { type Ceiling, formatLabel, type Label, type LabelInput } from './label.ts';
import { type Pair, PairMemo } from './pair-memo.ts';
import { formatPrivilege, type Privilege, type Right } from './privilege.ts';
import {
  familyOf,
  isCoveredByAny,
  isTagFamily,
  parseTag,
  parseTagOrFamily,
  quote,
  type TagDeclaration,
  type TagKind,
} from './tag.ts';

export interface LabelLimits {
  /** Secrecy and integrity tags together. 64 is past any policy a person can review, and keeps a decision in microseconds. */
  readonly maxTagsPerLabel: number;
  /** Labels are kept for the life of the space, at about 300 bytes each: 2^18 of them are 80 MB. */
  readonly maxLabels: number;
}

export const LABEL_LIMITS: LabelLimits = Object.freeze({ maxTagsPerLabel: 64, maxLabels: 2 ** 18 });

/** The tags that are declared, and every label made of them so far. */
export class LabelSpace {
  readonly public: Label;
  readonly #limits: LabelLimits;
  readonly #declarations = new Map<string, TagDeclaration>();
  readonly #byText = new Map<string, Label>();
  readonly #byId: Label[] = [];
  readonly #memo = new PairMemo();

  /** Throws LABEL_TAG_SYNTAX, LABEL_TAG_CONFLICT. */
  constructor(tags: Iterable<TagDeclaration>, limits: Partial<LabelLimits> = {}) {
    this.#limits = { ...LABEL_LIMITS, ...limits };
    for (const tag of tags) this.#declare(tag);
    this.public = this.#intern([], []);
  }

  /**
   * The label with these tags. A member of a declared family needs no declaration of its own, so only trusted host code
   * may call this with names from outside. Throws LABEL_SHAPE, LABEL_TAG_SYNTAX, LABEL_TAG_UNDECLARED, LABEL_TAG_KIND,
   * LABEL_LIMIT.
   */
  label(input: LabelInput): Label {
    const known = this.#byId[(input as Partial<Label> | null)?.id ?? -1];
    if (known !== undefined && known === input) return known;
    assertLabelShape(input);
    const { secrecy = [], integrity = [] } = input;
    this.#assertTagCount(secrecy.length + integrity.length);
    for (const tag of secrecy) this.assertTag(parseTag(tag), 'secrecy');
    for (const tag of integrity) this.assertTag(parseTag(tag), 'integrity');
    return this.#intern(sorted(secrecy), sorted(integrity));
  }

  /** Throws LABEL_FOREIGN for an id that this space never gave out. */
  get(id: number): Label {
    const label = this.#byId[id];
    if (label !== undefined) return label;
    throw new CofferdamError('LABEL_FOREIGN', `Label number ${id} is not known — ask the label space that made it.`);
  }

  /** (S1, I1) ⊑ (S2, I2) iff S1 ⊆ S2 and I2 ⊆ I1. */
  canFlow(from: Label, to: Label): boolean {
    return (this.#memo.get(from, to) ?? this.#learn(from, to)).canFlow;
  }

  /** The least label that both can flow to: (S1 ∪ S2, I1 ∩ I2). Throws LABEL_LIMIT. */
  join(one: Label, other: Label): Label {
    const pair = this.#memo.get(one, other) ?? this.#learn(one, other);
    pair.join ??= this.#intern(
      sorted([...one.secrecy, ...other.secrecy]),
      one.integrity.filter((tag) => other.integrity.includes(tag)),
    );
    return pair.join;
  }

  /** Is there no secrecy tag that the ceiling does not name, and no integrity tag missing that it demands? */
  isWithin(label: Label, ceiling: Ceiling): boolean {
    this.#assertOwn(label);
    return (
      label.secrecy.every((tag) => isCoveredByAny(tag, ceiling.secrecy)) &&
      ceiling.integrity.every((tag) => label.integrity.includes(tag))
    );
  }

  /**
   * The label without these secrecy tags (a family takes every member) and with these integrity tags. This is the act of
   * a gate and moves a label down: whether a gate may is for decide.ts. Throws LABEL_LIMIT and whatever `label` throws.
   */
  release(label: Label, declassify: readonly string[], endorse: readonly string[]): Label {
    this.#assertOwn(label);
    return this.label({
      secrecy: label.secrecy.filter((tag) => !isCoveredByAny(tag, declassify)),
      integrity: sorted([...label.integrity, ...endorse]),
    });
  }

  /** Canonical and injective; see formatLabel. */
  format(label: Label): string {
    return formatLabel(label);
  }

  /** Of a plain tag, a family, or the family that a member belongs to. */
  declaration(tag: string): TagDeclaration | undefined {
    return this.#declarations.get(tag) ?? this.#declarations.get(familyOf(tag) ?? '');
  }

  /** Has the owner left this right open to everyone? */
  isPublicRight(right: Right, tag: string): boolean {
    return this.declaration(tag)?.public?.includes(right) ?? false;
  }

  /** For tags and families in a policy. Throws LABEL_TAG_SYNTAX, LABEL_TAG_UNDECLARED, LABEL_TAG_KIND. */
  assertTag(tagOrFamily: string, kind: TagKind): TagDeclaration {
    const declaration = this.declaration(parseTagOrFamily(tagOrFamily));
    const details = { tag: tagOrFamily };
    if (declaration === undefined) {
      const family = familyOf(tagOrFamily);
      const missing = family === undefined ? 'it' : `its family \`${family}\``;
      throw new CofferdamError(
        'LABEL_TAG_UNDECLARED',
        `Tag \`${tagOrFamily}\` is unknown — declare ${missing} under \`tags\`.`,
        { details },
      );
    }
    if (declaration.kind === kind) return declaration;
    const place = kind === 'secrecy' ? '`integrity`' : '`secrecy`';
    throw new CofferdamError('LABEL_TAG_KIND', `Tag \`${tagOrFamily}\` is no ${kind} tag — name it under ${place}.`, {
      details,
    });
  }

  /** A secrecy tag can be declassified, an integrity tag endorsed. Throws what assertTag throws. */
  assertPrivilege({ tag, right }: Privilege): TagDeclaration {
    const kind = right === 'declassify' ? 'secrecy' : 'integrity';
    const declaration = this.declaration(tag);
    if (declaration === undefined || declaration.kind === kind) return this.assertTag(tag, kind);
    const other = formatPrivilege({ tag, right: right === 'declassify' ? 'endorse' : 'declassify' });
    const message = `Privilege \`${formatPrivilege({ tag, right })}\` means nothing, since \`${tag}\` is no ${kind} tag — write \`${other}\`.`;
    throw new CofferdamError('LABEL_TAG_KIND', message, { details: { tag } });
  }

  #declare(declaration: TagDeclaration): void {
    const { name, isFamily } = declaration;
    if (parseTagOrFamily(name) !== name || isTagFamily(name) !== isFamily || familyOf(name) !== undefined) {
      // A member declared by itself could have another owner than its family: two parties who both may release it.
      throw new CofferdamError(
        'LABEL_TAG_SYNTAX',
        `Tag ${quote(name)} cannot be declared — declare a plain tag or a whole family (\`${familyOf(name) ?? 'customer:*'}\`).`,
      );
    }
    if (this.#declarations.has(name)) {
      throw new CofferdamError(
        'LABEL_TAG_CONFLICT',
        `Tag \`${name}\` is declared twice — keep one declaration, with one owner.`,
        { details: { tag: name } },
      );
    }
    this.#declarations.set(name, Object.freeze({ ...declaration }));
  }

  #learn(from: Label, to: Label): Pair {
    this.#assertOwn(from);
    this.#assertOwn(to);
    const canFlow =
      from.secrecy.every((tag) => to.secrecy.includes(tag)) &&
      to.integrity.every((tag) => from.integrity.includes(tag));
    const pair: Pair = { from, to, canFlow, join: undefined };
    this.#memo.set(pair);
    return pair;
  }

  #intern(secrecy: readonly string[], integrity: readonly string[]): Label {
    const text = formatLabel({ secrecy, integrity });
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    this.#assertTagCount(secrecy.length + integrity.length);
    if (this.#byId.length >= this.#limits.maxLabels) {
      throw new CofferdamError(
        'LABEL_LIMIT',
        `More than ${this.#limits.maxLabels} labels are in use — raise the limit, or restart the host.`,
      );
    }
    const label = Object.freeze({
      id: this.#byId.length,
      secrecy: Object.freeze(secrecy),
      integrity: Object.freeze(integrity),
    });
    this.#byText.set(text, label);
    this.#byId.push(label);
    return label;
  }

  /** A label of another space, or one made by hand, is not one of ours: its tags were never checked against our declarations. */
  #assertOwn(label: Label): void {
    if (this.#byId[label.id] === label) return;
    throw new CofferdamError(
      'LABEL_FOREIGN',
      `Label ${formatLabel(label)} is of another label space — make it again with \`label\` of this one.`,
    );
  }

  #assertTagCount(count: number): void {
    const { maxTagsPerLabel } = this.#limits;
    if (count <= maxTagsPerLabel) return;
    throw new CofferdamError(
      'LABEL_LIMIT',
      `A label of ${count} tags is too large — at most ${maxTagsPerLabel} are allowed; use fewer, broader tags.`,
      {
        details: { count, maxTagsPerLabel },
      },
    );
  }
}

/** Read leniently, `'customer:acme'` and `{ secret: ['customer:acme'] }` would have no tags: they would be public. */
function assertLabelShape(input: unknown): asserts input is LabelInput {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  const isPart = ([key, value]: [string, unknown]) =>
    key === 'id' || ((key === 'secrecy' || key === 'integrity') && (value === undefined || Array.isArray(value)));
  if (isObject && Object.entries(input).every(isPart)) return;
  throw new CofferdamError(
    'LABEL_SHAPE',
    'This is no label — write { secrecy: ["…"], integrity: ["…"] }, both optional; {} is public.',
  );
}

function sorted(tags: Iterable<string>): string[] {
  return [...new Set(tags)].sort();
}
