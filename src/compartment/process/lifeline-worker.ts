import { readSync } from 'node:fs';

// A thread of a child that waits for the end of its host. Nothing is ever written to descriptor 0: it ends with the other
// side, whatever ended that, and whatever the child's main thread is doing then.

const LIFELINE = 0;

try {
  readSync(LIFELINE, new Uint8Array(1), 0, 1, null);
} finally {
  process.kill(process.pid, 'SIGKILL');
}
