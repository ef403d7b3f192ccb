/** A message on its way: who it is for, and for whose account its place in the queue counts. */
export interface Post {
  /** The compartment or resource that gets it. */
  readonly to: string;
  /** Number of the label at which it was sent: queues are per label, or one label could feel another's use. */
  readonly label: number;
  readonly deliver: () => void | Promise<void>;
}

/**
 * Messages that were accepted and are not delivered yet. One order for all; a bounded share for each receiver and label.
 * Delivery starts in a later turn of the event loop, so a sender cannot tell when, or whether, it happens.
 */
export class Posts {
  #queue: Post[] = [];
  #counts = new Map<string, number>();
  #running = new Set<Promise<void>>();
  #isScheduled = false;
  #idle: (() => void)[] = [];
  /** Nothing more is accepted; guests that post to each other would go on for ever. */
  isClosed = false;

  /** May one more wait for this receiver at this label? */
  hasRoom(to: string, label: number, limit: number): boolean {
    return (this.#counts.get(`${to} ${label}`) ?? 0) < limit;
  }

  /** Is anything for this receiver waiting or being delivered? */
  waitsFor(to: string): boolean {
    for (const key of this.#counts.keys()) if (key.startsWith(`${to} `)) return true;
    return false;
  }

  add(post: Post): void {
    const key = `${post.to} ${post.label}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#queue.push(post);
    this.#schedule();
  }

  get size(): number {
    return this.#queue.length + this.#running.size;
  }

  /** Resolves when nothing waits and nothing is being delivered. */
  idle(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#drain());
  }

  #drain(): void {
    this.#isScheduled = false;
    // Only what waits now: a delivery that posts again does not starve the event loop.
    for (const post of this.#queue.splice(0)) {
      const running = Promise.resolve(post.deliver()).finally(() => {
        this.#running.delete(running);
        this.#release(`${post.to} ${post.label}`);
        this.#settle();
      });
      this.#running.add(running);
    }
    this.#settle();
  }

  /** A place counts as taken until delivery has ended, or slow receivers would pile up without bound. */
  #release(key: string): void {
    const left = (this.#counts.get(key) ?? 1) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }

  #settle(): void {
    if (this.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
