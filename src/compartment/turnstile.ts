import { CofferdamError } from '../error.ts';
import { isStackExhausted, toGuestError } from './guest-error.ts';

/** Lets one call at a time into an instance, and none after a failure or a stop. */
export class Turnstile {
  #state: 'free' | 'inside' | 'poisoned' | 'stopped' = 'free';
  /** What an import threw. A guest can catch it (Wasm has exceptions), but not go on: its call fails all the same. */
  #failure: { readonly error: unknown } | null = null;

  /** Runs `body` inside the instance. Whatever it throws poisons the instance. */
  pass<T>(body: () => T): T {
    this.#enter();
    try {
      return this.#leave(body());
    } catch (error) {
      throw this.#poison(error);
    }
  }

  /** The same for a call that may be suspended: nobody else gets in until it is over. */
  async passSuspending<T>(body: () => Promise<T>): Promise<T> {
    this.#enter();
    try {
      return this.#leave(await body());
    } catch (error) {
      throw this.#poison(error);
    }
  }

  /** Runs an import that the guest called. After one has failed the guest reaches nothing any more. */
  out<T>(body: () => T): T {
    if (this.#failure !== null) throw this.#failure.error;
    try {
      return body();
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Remembers that an import failed; gives the error to throw into the guest. */
  fail(error: unknown): unknown {
    // A guest that recurses first and calls then makes the host run out of stack: still the guest's doing.
    this.#failure ??= { error: isStackExhausted(error) ? toGuestError(error) : error };
    return this.#failure.error;
  }

  /** What an import failed of, and whatever is inside with it. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Is a call inside? */
  get isInside(): boolean {
    return this.#state === 'inside';
  }

  get isFree(): boolean {
    return this.#state === 'free';
  }

  /** Throws what entering would. */
  assertFree(): void {
    if (this.#state === 'free') return;
    if (this.#state === 'inside') {
      const message = 'The instance is still inside another call - break the cycle of calls';
      throw new CofferdamError('INSTANCE_REENTERED', message);
    }
    const why = this.#state === 'stopped' ? 'was stopped' : 'failed in an earlier call';
    throw new CofferdamError('INSTANCE_STOPPED', `The instance ${why} - make a new one`);
  }

  stop(): void {
    this.#state = 'stopped';
  }

  #enter(): void {
    this.assertFree();
    this.#state = 'inside';
  }

  #leave<T>(result: T): T {
    if (this.#failure !== null) throw this.#failure.error;
    // A stop while the guest was inside holds.
    if (this.#state === 'inside') this.#state = 'free';
    return result;
  }

  #poison(error: unknown): unknown {
    if (this.#state === 'inside') this.#state = 'poisoned';
    return this.#failure === null ? toGuestError(error) : this.#failure.error;
  }
}
