import type { Child } from './child.ts';
import { type LaunchOptions, launch } from './launch.ts';
import type { ProcessTransport } from './process-transport.ts';

/** A child that waits for a guest, or has one. */
export interface GuestProcess {
  readonly child: Child;
  readonly transport: ProcessTransport;
}

/** Children that are started before they are needed. */
const SPARES = 1;
/** When no guest runs any more, spares go after so long. */
const IDLE_MS = 2_000;

/** Starts and ends the children of guests, one for each instance and none used twice. They keep no process alive. */
export class Processes {
  readonly #options: LaunchOptions;
  readonly #spares: GuestProcess[] = [];
  #live = 0;
  #idle: NodeJS.Timeout | null = null;

  constructor(options: LaunchOptions) {
    this.#options = options;
  }

  /** Starts the spares, so that the first instances need not wait. */
  warm(): void {
    while (this.#spares.length < SPARES) this.#spares.push(launch(this.#options));
    this.#watchIdle();
  }

  /** `end` it when it is not needed any more. */
  take(): GuestProcess {
    const process = this.#takeSpare() ?? launch(this.#options);
    this.#live += 1;
    setImmediate(() => this.#refill()).unref();
    return process;
  }

  /** A second time does nothing. */
  end({ child, transport }: GuestProcess): void {
    if (child.isClosed) return;
    child.close();
    transport.close();
    this.#live -= 1;
    this.#watchIdle();
  }

  #takeSpare(): GuestProcess | null {
    for (let spare = this.#spares.shift(); spare; spare = this.#spares.shift()) {
      if (!spare.child.isDead) return spare;
      this.#drop(spare);
    }
    return null;
  }

  #refill(): void {
    if (this.#live === 0) return;
    try {
      this.warm();
    } catch {
      // Whoever needs the next one starts it, and hears why that does not work.
    }
  }

  #drop({ child, transport }: GuestProcess): void {
    child.close();
    transport.close();
  }

  #watchIdle(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    if (this.#live > 0) return;
    this.#idle = setTimeout(() => {
      this.#idle = null;
      if (this.#live === 0) for (const spare of this.#spares.splice(0)) this.#drop(spare);
    }, IDLE_MS).unref();
  }
}
