import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import wabtInit from 'wabt';
import { createHost, type Host, type HostOptions, isCofferdamError } from '../src/index.ts';

/** A guest written in the test: a core module with the canonical ABI, in WAT, and the WIT of its world (named `guest`). */
export interface Guest {
  readonly wat: string;
  readonly wit: string;
  /** More keys of its entry in the manifest. */
  readonly [key: string]: unknown;
}

export interface Arena {
  readonly compartments: Readonly<Record<string, Guest>>;
  /** More keys of the manifest. */
  readonly [key: string]: unknown;
}

/** Memory, and a bump allocator: what a guest needs that takes or gives strings. */
export const ALLOCATOR = `
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 1024))
  (func $alloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $top (i32.and (i32.add (global.get $top) (i32.sub (local.get 2) (i32.const 1)))
                              (i32.sub (i32.const 0) (local.get 2))))
    (global.get $top)
    (global.set $top (i32.add (global.get $top) (local.get 3))))`;

const TAGS = {
  'customer:*': { kind: 'secrecy', owner: 'desk' },
  vetted: { kind: 'integrity', owner: 'desk' },
};
const FEATURES = { multi_memory: true, mutable_globals: true, bulk_memory: true, exceptions: true, multi_value: true };

const wabt = await wabtInit();
const open: Host[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((host) => host.close()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

export function assemble(wat: string): Uint8Array {
  const module = wabt.parseWat('guest.wat', wat, FEATURES);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

/** A folder that goes when the test is over. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-test-'));
  folders.push(folder);
  return folder;
}

/** A manifest of guests written in the test. Principal `desk` owns the secrecy tags `customer:*` and the integrity tag `vetted`. */
export function manifestOf({ compartments, ...rest }: Arena, folder: string): object {
  const entries = Object.entries(compartments).map(([name, { wat, wit, ...more }]) => {
    writeFileSync(join(folder, `${name}.wasm`), assemble(wat));
    return [
      name,
      { wasm: `./${name}.wasm`, abi: 'core', wit: { text: `package test:guest;\n${wit}`, world: 'guest' }, ...more },
    ];
  });
  return { version: 1, principals: { desk: {} }, tags: TAGS, compartments: Object.fromEntries(entries), ...rest };
}

/** A running host of them; it is closed when the test is over. */
export async function makeHost(arena: Arena, options: HostOptions = {}): Promise<Host> {
  const folder = makeFolder();
  const host = await createHost(manifestOf(arena, folder), { baseDir: folder, ...options });
  open.push(host);
  return host;
}

/** The code of the error that `run` ends with; undefined when it ends well. Anything but our errors is thrown on. */
export async function codeOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (isCofferdamError(error)) return error.code;
    throw error;
  }
}
