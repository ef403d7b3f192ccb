import { readFileSync } from 'node:fs';

/** Node's own conversions, which its type declarations leave out: the fastest there are for short strings. */
type RawBuffer = Buffer & {
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number, length: number): number;
};

/** The callee as a core module, without the component around it. */
export interface CoreCallee {
  readonly memory: WebAssembly.Memory;
  readonly realloc: (old: number, oldSize: number, align: number, size: number) => number;
  readonly add: (a: number, b: number) => number;
  readonly echo: (at: number, length: number) => number;
  readonly post: (result: number) => void;
}

export async function coreCalleeOf(bytes: Uint8Array): Promise<CoreCallee> {
  const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes));
  const { memory, cabi_realloc: realloc, ...rest } = instance.exports;
  return {
    memory,
    realloc,
    add: rest['bench:guests/ops#add'],
    echo: rest['bench:guests/ops#echo'],
    post: rest['cabi_post_bench:guests/ops#echo'],
  } as CoreCallee;
}

/** What somebody would write by hand for these two functions of this one guest, trusting it. */
export interface PlainCallee {
  add(a: number, b: number): number;
  echo(text: string): string;
}

export function plainCallee({ memory, realloc, add, echo, post }: CoreCallee): PlainCallee {
  const bytes = Buffer.from(memory.buffer) as RawBuffer;
  const numbers = new Uint32Array(memory.buffer);
  return {
    add: (a, b) => add(a, b) >>> 0,
    echo(text) {
      const at = realloc(0, 0, 1, text.length * 3);
      const result = echo(at, bytes.utf8Write(text, at, text.length * 3));
      const from = numbers[result >> 2] as number;
      const back = bytes.utf8Slice(from, from + (numbers[(result >> 2) + 1] as number));
      post(result);
      return back;
    },
  };
}

export async function plainCalleeOf(file: string): Promise<PlainCallee> {
  return plainCallee(await coreCalleeOf(readFileSync(file)));
}
