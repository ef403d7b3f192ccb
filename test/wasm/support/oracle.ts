import { Worker } from 'node:worker_threads';

/** What wasm-tools says: valid; invalid, and why; or nothing, since it broke. */
export type Opinion =
  | { readonly kind: 'valid' }
  | { readonly kind: 'invalid'; readonly message: string }
  | { readonly kind: 'broken'; readonly message: string };

/**
 * wasm-tools as a second opinion. It runs in a worker that starts it anew whenever it traps, which it does on some
 * valid components: its printing of WIT, which is the only way to its validator, expects those made from WIT.
 */
export class Oracle implements AsyncDisposable {
  private readonly worker = new Worker(new URL('./oracle-worker.ts', import.meta.url), { stdout: true, stderr: true });

  /** In order. */
  judge(components: readonly Uint8Array[]): Promise<Opinion[]> {
    return new Promise((resolve, reject) => {
      this.worker.once('message', resolve);
      this.worker.once('error', reject);
      this.worker.postMessage(components);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.terminate();
  }
}
