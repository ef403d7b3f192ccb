import type { RUN } from './operation.ts';
import { type CoreCallee, coreCalleeOf } from './plain-callee.ts';
import type { Scene } from './scene.ts';

export async function coreCallee(scene: Scene): Promise<CoreCallee> {
  return await coreCalleeOf(await scene.guests.core('callee'));
}

type Runs = Readonly<Record<(typeof RUN)[keyof typeof RUN]['core'], (n: number) => number>>;

/** The caller as a core module. Of its imports only `add` does something. */
export async function coreCaller(scene: Scene, add: (a: number, b: number) => number): Promise<Runs> {
  const ops = { add, echo: unlinked, bytes: unlinked, place: unlinked };
  const bytes = new Uint8Array(await scene.guests.core('caller'));
  const { instance } = await WebAssembly.instantiate(bytes, { 'bench:guests/ops': ops });
  return instance.exports as Runs;
}

function unlinked(): never {
  throw new Error('this import is not linked');
}
