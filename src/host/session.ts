import { CofferdamError } from '../error.ts';
import type { Ceiling, Label, LabelSpace } from '../label/index.ts';

/**
 * Trusted host state whose label floats: it rises to take in each reply, and every further message carries it. For an
 * application or an agent that makes many calls. It never rises above its clearance: a call whose reply would is
 * refused before anything runs, since labels are known before.
 */
export class Session {
  readonly id: string;
  readonly clearance: Ceiling;
  #label: Label;
  #space: LabelSpace;

  constructor(id: string, space: LabelSpace, clearance: Ceiling, label: Label) {
    this.id = id;
    this.clearance = clearance;
    this.#space = space;
    this.#label = label;
    this.assertWithin(label);
  }

  get label(): Label {
    return this.#label;
  }

  /** Throws SESSION_CLEARANCE when a session that took this in would rise above its clearance. */
  assertWithin(label: Label): Label {
    const risen = this.#space.join(this.#label, label);
    if (this.#space.isWithin(risen, this.clearance)) return risen;
    throw new CofferdamError(
      'SESSION_CLEARANCE',
      `The session would rise to ${this.#space.format(risen)}, above its clearance. Open a session that may hold it.`,
      { details: { label: risen, clearance: this.clearance } },
    );
  }

  takeIn(label: Label): void {
    this.#label = this.assertWithin(label);
  }
}
