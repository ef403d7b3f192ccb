/** Who waits for something by a name: woken one by one by their own clock or signal, or all at once. */
export class Waiting {
  readonly #byName = new Map<string, Set<{ readonly account: number; readonly wake: () => void }>>();

  /** Those that wait under this name for the account of one label. */
  count(name: string, account: number): number {
    let count = 0;
    for (const waiter of this.#byName.get(name) ?? []) if (waiter.account === account) count += 1;
    return count;
  }

  /** Resolves when all under the name are woken, when the signal aborts, or when `timeoutMs` are over. */
  wait(name: string, account: number, signal: AbortSignal | null, timeoutMs: number | null = null): Promise<void> {
    const waiters = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, waiters);
    return new Promise((resolve) => {
      const waiter = {
        account,
        wake: () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', waiter.wake);
          waiters.delete(waiter);
          resolve();
        },
      };
      const timer = timeoutMs === null ? undefined : setTimeout(waiter.wake, timeoutMs);
      signal?.addEventListener('abort', waiter.wake, { once: true });
      waiters.add(waiter);
    });
  }

  wake(name: string): void {
    for (const { wake } of [...(this.#byName.get(name) ?? [])]) wake();
  }

  wakeAll(): void {
    for (const name of this.#byName.keys()) this.wake(name);
  }
}
