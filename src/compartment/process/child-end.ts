import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Channel } from './channel.ts';
import { ChildTransport } from './child-transport.ts';
import { isErrno } from './errno.ts';
import { MAX_FRAME_BYTES } from './layout.ts';

/** Descriptors that `launch` gives a child. */
const DOORBELL = 3;
const CHANNEL = 4;

const lifeline = import.meta.url.endsWith('.ts') ? './lifeline-worker.ts' : './lifeline-worker.js';

/** The child's end of its channel; from now on it ends with its host. `inherited`: descriptors that are not meant for it. */
export function openChildEnd(inherited: readonly string[]): ChildTransport {
  process.umask(0o077);
  for (const descriptor of inherited) closeIfOpen(Number(descriptor));
  new Worker(new URL(lifeline, import.meta.url), {
    name: 'cofferdam-lifeline',
    env: {},
    argv: [],
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 },
  }).unref();
  return new ChildTransport(new Channel(CHANNEL, 1, MAX_FRAME_BYTES), DOORBELL);
}

/** The host's list may name one that did not come along. */
function closeIfOpen(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch (error) {
    if (!isErrno(error, 'EBADF')) throw error;
  }
}

/** Takes from the child what it needed to start: from now on it can read no file and start no thread. */
export function dropPermissions(): void {
  for (const scope of ['fs.read', 'worker']) process.permission.drop(scope);
}
