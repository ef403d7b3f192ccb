import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Has the engine give back the memories of instances that nothing holds any more. Left to itself it does so late: it has room for some
 * 16,000 memories, and asks for no collection before it refuses one more.
 */
export async function collectMemories(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 2; i++) {
    collect();
    await sleep(10); // finalizers run in tasks of their own
  }
}
