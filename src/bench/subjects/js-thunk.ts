import { coreCallee, coreCaller } from '../core-guests.ts';
import { insideSubject, RUN, scalarSubject, stringSubject } from '../operation.ts';
import { plainCallee } from '../plain-callee.ts';
import type { Subject } from '../row.ts';
import type { Scene } from '../scene.ts';

/** The caller's import is a JavaScript function that calls the callee, and checks nothing. */
export async function thunkCall(scene: Scene): Promise<Subject> {
  const callee = await coreCallee(scene);
  const caller = await coreCaller(scene, (a, b) => callee.add(a, b));
  return insideSubject('js-thunk', 'add', caller[RUN.add.core]);
}

export async function thunkHostScalar(scene: Scene): Promise<Subject> {
  const callee = await coreCallee(scene);
  return scalarSubject('js-thunk', (a, b) => callee.add(a, b) >>> 0);
}

/** What somebody would write by hand for this one function of this one guest, trusting it. */
export async function thunkHostString(scene: Scene): Promise<Subject> {
  return stringSubject('js-thunk', plainCallee(await coreCallee(scene)).echo);
}
