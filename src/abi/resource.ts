import { CofferdamError } from '../error.ts';
import { bad, type Mismatch } from './mismatch.ts';

/** The instance that implements a resource. */
export interface ResourceOwner {
  /** Runs the destructor of `rep`. Throws what `Instance.call` throws. */
  destroy(resource: number, rep: number): void;
}

/**
 * A resource that a guest implements, as JavaScript holds it: one subclass per resource type. It can't be forged or
 * moved between instances: what it stands for is private, and every use compares the owner.
 */
export class GuestResource {
  readonly #owner: ResourceOwner;
  readonly #resource: number;
  readonly #rep: number;
  /** `lent`: seen by an import for the length of its call. `gone`: dropped, given back, or that call is over. */
  #state: 'owned' | 'lent' | 'gone';
  /** Number of the argument list that gives it away, or minus that of one that lends it. */
  #claim = 0;

  constructor(owner: ResourceOwner, resource: number, rep: number, isOwned: boolean) {
    this.#owner = owner;
    this.#resource = resource;
    this.#rep = rep;
    this.#state = isOwned ? 'owned' : 'lent';
  }

  /** Drops the resource: its destructor runs in the guest. A second time does nothing. */
  [Symbol.dispose](): void {
    if (this.#state === 'gone') return;
    if (this.#state === 'lent') {
      throw new CofferdamError('RESOURCE_LENT', 'A lent resource was disposed - only its owner may drop it');
    }
    this.#state = 'gone';
    this.#owner.destroy(this.#resource, this.#rep);
  }

  /** Does `value` fit as `own` (`gives`) or `borrow` in the argument list numbered `serial` (above 0)? */
  static check(
    value: unknown,
    owner: ResourceOwner,
    resource: number,
    gives: boolean,
    serial: number,
  ): Mismatch | null {
    if (!(value instanceof GuestResource) || !(#owner in value)) return bad('a resource of this instance', value);
    if (value.#owner !== owner) return bad('a resource of this instance, not of another', value);
    if (value.#resource !== resource) return bad('another type of resource', value);
    if (value.#state === 'gone') return bad('a resource that is not dropped or given away', value);
    if (gives && value.#state === 'lent') return bad('a resource that is not merely lent', value);
    if (value.#claim === serial || (gives && value.#claim === -serial)) {
      return bad('a resource that this call does not give away elsewhere', value);
    }
    value.#claim = gives ? serial : -serial;
    return null;
  }

  /** Gives it (back) to a guest: `value` has been checked. */
  static take(value: GuestResource): number {
    if (value.#state !== 'owned') throw new CofferdamError('RESOURCE_LENT', 'A resource was given away twice');
    value.#state = 'gone';
    return value.#rep;
  }

  static rep(value: GuestResource): number {
    return value.#rep;
  }

  /** The call that it was lent to is over. */
  static expire(value: GuestResource): void {
    if (value.#state === 'lent') value.#state = 'gone';
  }
}

export type ResourceClass = new (
  owner: ResourceOwner,
  resource: number,
  rep: number,
  isOwned: boolean,
) => GuestResource;

/** A class whose name is for readers of logs and debuggers. */
export function makeResourceClass(name: string): ResourceClass {
  const Class = class extends GuestResource {};
  Object.defineProperty(Class, 'name', { value: name });
  return Class;
}
