/*
 * jco's runtime makes promises that nobody may come to wait for, and a guest decides when they fail. By Node's default an
 * unhandled rejection ends the process: any async guest could do that. So rejections of a guest's own realm end that
 * guest; all others go on as they would without us.
 */

const realms = new WeakMap<object, (message: string) => void>();
let isWatching = false;

/** `promise` is the prototype of a realm's promises; `onRejected` is told of those that nobody handles. */
export function watchRejections(promise: object | undefined, onRejected: (message: string) => void): void {
  if (promise === undefined) return;
  realms.set(promise, onRejected);
  if (isWatching) return;
  isWatching = true;
  process.on('unhandledRejection', unhandled);
}

function unhandled(reason: unknown, rejected: Promise<unknown>): void {
  const onRejected = realms.get(Object.getPrototypeOf(rejected) ?? realms);
  if (onRejected) {
    onRejected('a promise of its runtime failed');
    return;
  }
  // Node's default, which our being here has switched off: an error that nobody handles is an uncaught exception.
  if (process.listenerCount('unhandledRejection') === 1) throw reason;
}
