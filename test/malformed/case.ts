import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHost, type ErrorCode, type Host } from '../../src/index.ts';
import { ALLOCATOR, assemble } from '../arena.ts';

/** What is wrong, the code that it must give (null: it is noticed and made good), and how to meet it. */
export type Case = readonly [what: string, code: ErrorCode | null, meet: (place: Place) => unknown];

export interface Place {
  readonly folder: string;
  /** Has one compartment `types`, see below. */
  readonly host: Host;
  /** Puts a file into the folder; returns its path. */
  write(name: string, content: string | Uint8Array): string;
}

export function makePlace(folder: string, host: Host): Place {
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  return { folder, host, write };
}

/** Loads a manifest, calls `target` if that goes well, and closes the host again. */
export async function load(
  manifest: string | object,
  { folder }: Pick<Place, 'folder'>,
  target?: string,
): Promise<void> {
  await using host = await createHost(manifest, { baseDir: folder, cacheDir: join(folder, 'cache') });
  if (target !== undefined) await host.call(target, [], { label: {} });
}

const PARAMS: Readonly<Record<string, string>> = {
  text: 'i32 i32',
  byte: 'i32',
  signed: 'i32',
  long: 'i64',
  truth: 'i32',
  letter: 'i32',
  number: 'f64',
  items: 'i32 i32',
  texts: 'i32 i32',
  'a-record': 'i32 i32',
  choice: 'i32',
  'a-right': 'i32',
  'a-shape': 'i32 i32',
  maybe: 'i32 i32',
  pair: 'i32 i32',
  two: 'i32 i32',
};
export const TYPES_WIT = `package test:types;
interface shapes {
  record point { x: u32, y: s8 } enum colour { red, green } flags rights { read, write } variant shape { empty, side(u32) }
}
world guest {
  use shapes.{point, colour, rights, shape};
  export text: func(a: string); export byte: func(a: u8); export signed: func(a: s16); export long: func(a: u64);
  export truth: func(a: bool); export letter: func(a: char); export number: func(a: f64); export items: func(a: list<u32>);
  export texts: func(a: list<string>); export a-record: func(a: point); export choice: func(a: colour);
  export a-right: func(a: rights); export a-shape: func(a: shape); export maybe: func(a: option<u32>);
  export pair: func(a: tuple<u32, u32>); export two: func(a: u32, b: u32);
}`;
export const TYPES_WASM = () =>
  assemble(
    `(module ${ALLOCATOR} ${Object.entries(PARAMS)
      .map(([name, params]) => `(func (export "${name}") (param ${params}))`)
      .join(' ')})`,
  );
