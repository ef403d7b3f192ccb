import { CofferdamError } from '../error.ts';
import { fault } from './fault.ts';
import { MAX_HANDLES } from './limits.ts';

/**
 * Handles as a guest sees them: indices into the table of its scope. Source: CanonicalABI.md, "Table State",
 * "Resource State"; index 0 is never given out and freed indices are reused last in, first out.
 */
export interface Handle {
  /** Position in `Plan.resources`. */
  readonly resource: number;
  /** What the handle stands for: the guest's own number for a resource it defines, else the object an import gave. */
  readonly rep: unknown;
  /** The call that must see this handle dropped before it returns; null for an owner. */
  readonly borrowedBy: BorrowScope | null;
  /** Calls in progress that this handle has been lent to. */
  lends: number;
}

/** One call of an export, as far as borrowed handles go. */
export interface BorrowScope {
  borrows: number;
}

export class HandleTable {
  readonly #entries: (Handle | null)[] = [null];
  readonly #free: number[] = [];

  add(resource: number, rep: unknown, borrowedBy: BorrowScope | null): number {
    const handle: Handle = { resource, rep, borrowedBy, lends: 0 };
    if (borrowedBy !== null) borrowedBy.borrows++;
    const reused = this.#free.pop();
    if (reused !== undefined) {
      this.#entries[reused] = handle;
      return reused;
    }
    if (this.#entries.length > MAX_HANDLES) {
      throw new CofferdamError('LIMIT_HANDLES', `A guest holds ${MAX_HANDLES} handles - it must drop some first`);
    }
    return this.#entries.push(handle) - 1;
  }

  /** `index` is any i32 the guest made up. */
  get(index: number, resource: number): Handle {
    const handle = this.#entries[index >>> 0] ?? null;
    if (handle === null) throw fault('ABI_HANDLE', `handle ${index >>> 0} is unknown`);
    if (handle.resource !== resource) throw fault('ABI_HANDLE', `handle ${index >>> 0} is of another resource type`);
    return handle;
  }

  /** Takes the handle out: for `resource.drop`, and with `owned` for a transfer of ownership. */
  remove(index: number, resource: number, owned = false): Handle {
    const handle = this.get(index, resource);
    if (handle.lends > 0) throw fault('ABI_HANDLE', `handle ${index >>> 0} is lent to a call in progress`);
    if (owned && handle.borrowedBy !== null)
      throw fault('ABI_HANDLE', `handle ${index >>> 0} is borrowed, so it can't be given away`);
    this.#entries[index >>> 0] = null;
    this.#free.push(index >>> 0);
    if (handle.borrowedBy !== null) handle.borrowedBy.borrows--;
    return handle;
  }

  /** Live handles. */
  get size(): number {
    return this.#entries.length - 1 - this.#free.length;
  }
}
