import { coreCallee, coreCaller } from '../core-guests.ts';
import { insideSubject, RUN, scalarSubject, stringSubject } from '../operation.ts';
import type { Subject } from '../row.ts';
import type { Scene } from '../scene.ts';

/** Node's own conversions, which its type declarations leave out: the fastest there are for short strings. */
type RawBuffer = Buffer & {
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number, length: number): number;
};

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
  const { memory, realloc, echo, post } = await coreCallee(scene);
  const bytes = Buffer.from(memory.buffer) as RawBuffer;
  const numbers = new Uint32Array(memory.buffer);
  return stringSubject('js-thunk', (text) => {
    const at = realloc(0, 0, 1, text.length * 3);
    const result = echo(at, bytes.utf8Write(text, at, text.length * 3));
    const from = numbers[result >> 2] as number;
    const back = bytes.utf8Slice(from, from + (numbers[(result >> 2) + 1] as number));
    post(result);
    return back;
  });
}
