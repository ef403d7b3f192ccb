import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterAll } from 'vitest';
import type { Code, InstanceHost } from '../../src/compartment/contract.ts';
import { makeJcoCode } from '../../src/convention/jco.ts';
import { isCofferdamError } from '../../src/error.ts';
import { makeLoader } from '../../src/load/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-async-'));
const loader = makeLoader({ baseDir: folder, cacheDir: join(folder, 'cache') });
let files = 0;
afterAll(async () => {
  await (await loader)[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

export const LIMITS = { memoryBytes: 1_048_576, tableEntries: 1000, messageBytes: 4096 };
export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The code of a component in WAT, through the whole way of loading it. */
export async function codeOf(wat: string, limits = LIMITS): Promise<Code> {
  return await codeOfBytes(await parse(wat), limits);
}

export async function codeOfBytes(bytes: Uint8Array, limits = LIMITS): Promise<Code> {
  const file = `guest-${++files}.wasm`;
  writeFileSync(join(folder, file), bytes);
  const reference = { wasm: `./${file}`, sha256: null, abi: 'component', wit: null, limits } as const;
  const { world, sha256, transpiled, modules } = await (await loader).load(reference);
  if (transpiled === null) throw new Error('it has no async functions');
  const { source } = transpiled;
  const named = transpiled.modules.map(({ name, count }, i) => ({ name, count, module: modules[i] as never }));
  return makeJcoCode({ world, sha256, source, modules: named, limits });
}

export function hostOf(call: (index: number, args: readonly unknown[]) => unknown): InstanceHost {
  return { call, suspending: new Set([0, 1, 2, 3]), output: () => {}, nowNs: () => 0n, random: () => {} };
}

/** The code that `run` fails with; `none` when it does not. */
export async function failure(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'none';
  } catch (error) {
    return isCofferdamError(error) ? error.code : `foreign: ${error}`;
  }
}

export interface Parts {
  /** Definitions of the component before its core module, such as imports, lowered functions and types. */
  readonly before?: string;
  /** What the core module is given under the name "", such as `(export "f" (func $f))`. */
  readonly given?: string;
  /** The core module's own imports, from "". */
  readonly imports?: string;
  /** The body of `go`, which gives the code of what to do next (0: exit). */
  readonly go?: string;
  readonly resume?: string;
  /** More of the core module. */
  readonly more?: string;
}

/** A component with one async function `go` without parameters and results. */
export function component({ before = '', given = '', imports = '', go = '', resume = '', more = '' }: Parts): string {
  return `(component ${before}
    (core func $return (canon task.return))
    (core module $M
      (import "" "return" (func $return))
      ${imports}
      (func (export "go") (result i32) ${go || '(call $return) (i32.const 0)'})
      (func (export "resume") (param i32 i32 i32) (result i32) ${resume || '(call $return) (i32.const 0)'})
      ${more})
    (core instance $m (instantiate $M (with "" (instance (export "return" (func $return)) ${given}))))
    (func (export "go") async (canon lift (core func $m "go") async (callback (core func $m "resume")))))`;
}
