import type { JcoVersion } from '../jco.ts';
import { insideSubject, type Operation, RUN, scalarSubject, stringSubject } from '../operation.ts';
import { assertRight, type MakeSubject } from '../row.ts';
import type { Scene } from '../scene.ts';

type Functions = Record<string, (...args: unknown[]) => unknown>;

/** Two components, each transpiled; what one exports is what the other imports. */
export function jcoLinked(version: JcoVersion, operation: Operation): MakeSubject {
  return async (scene) => {
    const callee = await calleeOf(scene, version);
    const code = await (await scene.jco(version)).transpile(await scene.guests.component('caller'), 'caller');
    const caller = code.instantiate({ 'bench:guests/ops': callee }) as Functions;
    return insideSubject(`jco-${version}-linked`, operation, (n) => caller[RUN[operation].jco]?.(n));
  };
}

/** One component that holds both. */
export function jcoComposed(version: JcoVersion, operation: Operation): MakeSubject {
  return async (scene) => {
    const code = await (await scene.jco(version)).transpile(await scene.guests.composed(), 'composed');
    const composed = code.instantiate() as Functions;
    return insideSubject(`jco-${version}-composed`, operation, (n) => composed[RUN[operation].jco]?.(n));
  };
}

export function jcoHostScalar(version: JcoVersion): MakeSubject {
  return async (scene) => {
    const { add } = await calleeOf(scene, version);
    return scalarSubject(`jco-${version}-linked`, add as (a: number, b: number) => number);
  };
}

export function jcoHostString(version: JcoVersion): MakeSubject {
  return async (scene) => {
    const { echo } = await calleeOf(scene, version);
    return stringSubject(`jco-${version}-linked`, echo as (text: string) => string);
  };
}

/** Its core module is compiled already, as ours is. */
export function jcoInstance(version: JcoVersion): MakeSubject {
  return async (scene) => {
    const name = `jco-${version}-linked`;
    const code = await (await scene.jco(version)).transpile(await scene.guests.component('small'), 'small');
    return {
      run(count) {
        for (let i = 0; i < count; i++) assertRight(name, (code.instantiate() as Functions).add?.(i, 1), i + 1);
      },
    };
  };
}

async function calleeOf(scene: Scene, version: JcoVersion): Promise<Functions> {
  const code = await (await scene.jco(version)).transpile(await scene.guests.component('callee'), 'callee');
  return code.instantiate().ops as Functions;
}
