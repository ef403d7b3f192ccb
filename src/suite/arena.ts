import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A guest of a case: a core module with the canonical ABI, in WAT, and the WIT of its world (named `guest`). Or one that a
 * real toolchain built, from guests/attacks.
 */
export interface Guest {
  readonly wat?: string;
  readonly wit?: string;
  readonly built?: Built;
  /** More keys of its entry in the manifest. */
  readonly [key: string]: unknown;
}

interface Built {
  /** Of its file in guests/attacks, without `.wasm`. */
  readonly name: string;
  readonly abi: 'core' | 'component' | 'assemblyscript';
  /** In guests/wit/attacks.wit; a component carries its own. */
  readonly world?: string;
}

/** A manifest of such guests, less what all cases have in common. */
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
const FEATURES = {
  multi_memory: true,
  mutable_globals: true,
  bulk_memory: true,
  exceptions: true,
  multi_value: true,
  tail_call: true,
};

export type Assembler = (wat: string) => Uint8Array;
let assembler: Promise<Assembler> | null = null;

/** Text to bytes; the assembler is loaded at its first use. */
export function loadAssembler(): Promise<Assembler> {
  assembler ??= import('wabt').then(async ({ default: init }) => {
    const wabt = await init();
    return (wat) => {
      const module = wabt.parseWat('guest.wat', wat, FEATURES);
      try {
        return module.toBinary({}).buffer;
      } finally {
        module.destroy();
      }
    };
  });
  return assembler;
}

/**
 * The manifest of an arena, its guests written to `folder`; every compartment gets `common` besides. Principal `desk`
 * owns the secrecy tags `customer:*` and the integrity tag `vetted`.
 */
export function manifestOf(
  { compartments, ...rest }: Arena,
  { folder, common = {}, assemble }: { folder: string; common?: object; assemble: Assembler },
): object {
  const entries = Object.entries(compartments).map(([name, { wat, wit, built, ...more }]) => {
    writeFileSync(
      join(folder, `${name}.wasm`),
      built ? readFileSync(attackFile(`${built.name}.wasm`)) : assemble(wat ?? ''),
    );
    const types = built ? worldOf(built) : { wit: { text: `package test:guest;\n${wit}`, world: 'guest' } };
    return [name, { wasm: `./${name}.wasm`, abi: built?.abi ?? 'core', ...types, ...common, ...more }];
  });
  return { version: 1, principals: { desk: {} }, tags: TAGS, compartments: Object.fromEntries(entries), ...rest };
}

function worldOf({ world }: Built): object {
  return world === undefined ? {} : { wit: { path: fileURLToPath(attackFile('attacks.wit')), world } };
}

/** They stand among the guests in the source tree, and below the code in a build. */
function attackFile(name: string): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL(`./attacks/${name}`, import.meta.url);
  return new URL(`../../guests/${name.endsWith('.wit') ? 'wit' : 'attacks'}/${name}`, import.meta.url);
}
