import { insideSubject } from '../operation.ts';
import type { Subject } from '../row.ts';
import type { Scene } from '../scene.ts';

/** 64 KiB from one memory to another and back. */
export async function memoryCopy(scene: Scene): Promise<Subject> {
  const { instance } = await WebAssembly.instantiate(new Uint8Array(await scene.guests.core('memory-copy')));
  return insideSubject('memory-copy', 'bytes', instance.exports.run as (n: number) => number);
}
