import { coreCallee, coreCaller } from '../core-guests.ts';
import { insideSubject, RUN, scalarSubject } from '../operation.ts';
import type { Subject } from '../row.ts';
import type { Scene } from '../scene.ts';

/** The caller's import is the callee's export itself: no memory is shared, so only numbers can cross. */
export async function directCall(scene: Scene): Promise<Subject> {
  const callee = await coreCallee(scene);
  const caller = await coreCaller(scene, callee.add);
  return insideSubject('direct-wasm', 'add', caller[RUN.add.core]);
}

/** JavaScript calls the Wasm export, with nothing in between. */
export async function directHostCall(scene: Scene): Promise<Subject> {
  const { add } = await coreCallee(scene);
  return scalarSubject('direct-wasm', add);
}
