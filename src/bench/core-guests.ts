import type { RUN } from './operation.ts';
import type { Scene } from './scene.ts';

/** The callee as a core module, without the component around it. */
export interface CoreCallee {
  readonly memory: WebAssembly.Memory;
  readonly realloc: (old: number, oldSize: number, align: number, size: number) => number;
  readonly add: (a: number, b: number) => number;
  readonly echo: (at: number, length: number) => number;
  readonly post: (result: number) => void;
}

export async function coreCallee(scene: Scene): Promise<CoreCallee> {
  const exports = await instantiate(await scene.guests.core('callee'), {});
  return {
    memory: exports.memory,
    realloc: exports.cabi_realloc,
    add: exports['bench:guests/ops#add'],
    echo: exports['bench:guests/ops#echo'],
    post: exports['cabi_post_bench:guests/ops#echo'],
  } as CoreCallee;
}

type Runs = Readonly<Record<(typeof RUN)[keyof typeof RUN]['core'], (n: number) => number>>;

/** The caller as a core module. Of its imports only `add` does something. */
export async function coreCaller(scene: Scene, add: (a: number, b: number) => number): Promise<Runs> {
  const ops = { add, echo: unlinked, bytes: unlinked, place: unlinked };
  return (await instantiate(await scene.guests.core('caller'), { 'bench:guests/ops': ops })) as Runs;
}

async function instantiate(bytes: Uint8Array, imports: WebAssembly.Imports): Promise<WebAssembly.Instance['exports']> {
  const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes), imports);
  return instance.exports;
}

function unlinked(): never {
  throw new Error('this import is not linked');
}
