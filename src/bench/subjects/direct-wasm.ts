import { coreCallee, coreCaller } from '../core-guests.ts';
import { amongSubject, insideSubject, RUN, scalarSubject } from '../operation.ts';
import type { Subject } from '../row.ts';
import type { Scene } from '../scene.ts';

/** The caller's import is the callee's export itself: no memory is shared, so only numbers can cross. */
export async function directCall(scene: Scene): Promise<Subject> {
  const callee = await coreCallee(scene);
  const caller = await coreCaller(scene, callee.add);
  return insideSubject('direct-wasm', 'add', caller[RUN.add.core]);
}

/** The same among 1,000 pairs (the engine has room for 16,000 memories in all), as `callAmong` visits them: cold caches alone. */
export async function directAmong(scene: Scene): Promise<Subject> {
  const calls: ((n: number) => number)[] = [];
  for (let i = 0; i < 1000; i++) {
    const callee = await coreCallee(scene);
    calls.push((await coreCaller(scene, callee.add))[RUN.add.core]);
  }
  return amongSubject('direct-wasm-1000-pairs', calls);
}

/** JavaScript calls the Wasm export, with nothing in between. */
export async function directHostCall(scene: Scene): Promise<Subject> {
  const { add } = await coreCallee(scene);
  return scalarSubject('direct-wasm', add);
}
