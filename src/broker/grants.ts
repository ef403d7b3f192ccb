import { CofferdamError } from '../error.ts';
import {
  decideDelegate,
  decideGrant,
  formatPrivilege,
  type LabelSpace,
  type Privilege,
  Privileges,
  parsePrivilege,
} from '../label/index.ts';

const NONE = new Privileges();

/** One grant in force: who gave what to whom. `by` is a principal (the tag's owner) or a compartment that delegated. */
export interface Grant {
  readonly by: string;
  readonly byKind: 'owner' | 'holder';
  readonly to: string;
  readonly privilege: Privilege;
}

export interface GrantChange {
  readonly kind: 'grant' | 'delegate' | 'revoke';
  /** The tag's owner, or for `delegate` the compartment that holds the privilege. */
  readonly by: string;
  /** The compartment that gains or loses it. */
  readonly to: string;
  /** Such as `customer:*-`. */
  readonly privilege: string;
}

/**
 * The grants in force and the epoch that numbers their versions (rule 8). A decision made in one epoch is not used in
 * another, so revoking takes effect at the next message.
 */
export class Grants {
  #grants: Grant[] = [];
  #held = new Map<string, Privileges>();
  #space: LabelSpace;
  #onAdvance: () => void;
  epoch = 1;

  /** `onAdvance` is told of every new epoch. */
  constructor(space: LabelSpace, onAdvance: () => void = () => undefined) {
    this.#space = space;
    this.#onAdvance = onAdvance;
  }

  /** What was granted or delegated to `compartment`; rights that are open to everyone come on top of it. */
  heldBy(compartment: string): Privileges {
    return this.#held.get(compartment) ?? NONE;
  }

  list(): readonly Grant[] {
    return this.#grants;
  }

  /**
   * Checks a change and returns what puts it in force, so that the caller can record it first. Rule 8: the tag's owner
   * grants (else GRANT_NOT_OWNER); a holder passes on what it holds, or less (else GRANT_AMPLIFIES); the owner takes a
   * privilege back with all that was delegated from it (GRANT_UNKNOWN when `to` has no grant of it, also when it only has
   * a wider one: that one is to be named). What has already flowed stays where it is. Also LABEL_TAG_SYNTAX and
   * LABEL_TAG_UNDECLARED.
   */
  prepare({ kind, by, to, privilege: text }: GrantChange): () => void {
    const privilege = this.#parse(text);
    if (kind === 'delegate') this.#assertHolder(by, privilege);
    else this.#assertOwner(by, privilege);
    if (kind === 'revoke') return this.#withdrawal(to, privilege);
    const byKind = kind === 'grant' ? ('owner' as const) : ('holder' as const);
    return () => this.#replace([...this.#grants, { by, byKind, to, privilege }]);
  }

  #withdrawal(from: string, privilege: Privilege): () => void {
    const taken = new Privileges([privilege]);
    const isTaken = (grant: Grant) => grant.to === from && taken.covers(grant.privilege);
    if (!this.#grants.some(isTaken)) {
      const text = formatPrivilege(privilege);
      const wider = this.#grants.find((g) => g.to === from && new Privileges([g.privilege]).covers(privilege));
      const remedy = wider
        ? `It holds the wider ${formatPrivilege(wider.privilege)}; revoke that.`
        : 'Nothing to revoke.';
      throw new CofferdamError('GRANT_UNKNOWN', `${from} holds no grant of ${text}. ${remedy}`, {
        details: { from, privilege: text },
      });
    }
    return () => this.#replace(this.#grants.filter((grant) => !isTaken(grant)));
  }

  /** Forgets a compartment that is gone. */
  forget(compartment: string): void {
    this.#replace(this.#grants.filter((grant) => grant.to !== compartment && grant.by !== compartment));
  }

  /** Makes all decisions of the past stale: links or code changed. */
  advance(): void {
    this.epoch += 1;
    this.#onAdvance();
  }

  /** Keeps what is still supported: a delegation stands only while its giver holds the privilege otherwise. */
  #replace(grants: readonly Grant[]): void {
    const held = new Map<string, Privileges>();
    const kept: Grant[] = [];
    let waiting = grants;
    for (let progress = true; progress; ) {
      progress = false;
      const still: Grant[] = [];
      for (const grant of waiting) {
        const giver = held.get(grant.by) ?? NONE;
        if (grant.byKind === 'owner' || giver.covers(grant.privilege)) {
          held.set(grant.to, (held.get(grant.to) ?? NONE).with(grant.privilege));
          kept.push(grant);
          progress = true;
        } else still.push(grant);
      }
      waiting = still;
    }
    this.#grants = kept;
    this.#held = held;
    this.advance();
  }

  #parse(text: string): Privilege {
    const privilege = parsePrivilege(text);
    this.#space.assertPrivilege(privilege);
    return privilege;
  }

  #assertHolder(by: string, privilege: Privilege): void {
    if (decideDelegate({ holder: this.heldBy(by), privilege }).allowed) return;
    const text = formatPrivilege(privilege);
    throw new CofferdamError('GRANT_AMPLIFIES', `${by} does not hold ${text}. Delegate what it holds, or less.`, {
      details: { by, privilege: text },
    });
  }

  #assertOwner(by: string, privilege: Privilege): void {
    const tagOwner = this.#space.declaration(privilege.tag)?.owner;
    if (decideGrant({ tagOwner, by, privilege }).allowed) return;
    throw new CofferdamError(
      'GRANT_NOT_OWNER',
      `${by} does not own ${privilege.tag}. Only ${tagOwner} can grant or revoke ${formatPrivilege(privilege)}.`,
      { details: { by, owner: tagOwner, privilege: formatPrivilege(privilege) } },
    );
  }
}
