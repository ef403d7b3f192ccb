import { readFileSync } from 'node:fs';
import wabtInit from 'wabt';
import type { InstanceHost } from '../../src/compartment/contract.ts';
import { isCofferdamError } from '../../src/error.ts';
import type { PrimitiveKind, ValType, World, WorldFunction } from '../../src/wasm/types.ts';

/** The code of what `run` throws; `none` when it does not throw, `foreign` when it is no error of ours. */
export function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return isCofferdamError(error) ? error.code : `foreign: ${error}`;
  }
}

/** `u8`, `string`, `list<f64>`, `result<string, string>`, `option<u8>`. */
export function typeOf(text: string): ValType {
  const [, outer, inner] = /^(\w+)<(.+)>$/.exec(text) ?? [];
  if (outer === undefined || inner === undefined) return { kind: text as PrimitiveKind };
  if (outer === 'list') return { kind: 'list', element: typeOf(inner) };
  if (outer === 'option') return { kind: 'option', some: typeOf(inner) };
  const [ok = '', err = ''] = inner.split(', ');
  return { kind: 'result', ok: typeOf(ok), err: typeOf(err) };
}

/** A function by its id (`interface#name` or `name`), its parameters (named a, b, …) and its result. */
export function func(id: string, params: readonly string[] = [], result: string | null = null): WorldFunction {
  const hash = id.indexOf('#');
  return {
    id,
    interface: hash < 0 ? null : id.slice(0, hash),
    name: id.slice(hash + 1),
    type: {
      params: params.map((text, i) => ({ name: String.fromCharCode(97 + i), type: typeOf(text) })),
      result: result === null ? null : typeOf(result),
      async: false,
    },
  };
}

export function makeWorld(exports: readonly WorldFunction[], imports: readonly WorldFunction[] = []): World {
  return { exports, imports, resources: [] };
}

/** A host that answers imports by position, and keeps what a guest printed. */
export function makeTestHost(
  call: InstanceHost['call'] = () => {
    throw new Error('no import expected');
  },
  suspending: readonly number[] = [],
): InstanceHost & { readonly printed: string[] } {
  const printed: string[] = [];
  return {
    printed,
    call,
    suspending: new Set(suspending),
    output: (_stream, bytes) => void printed.push(new TextDecoder().decode(bytes)),
    nowNs: () => 0n,
    random: (bytes) => void bytes.fill(1),
  };
}

export function readGuest(path: string): Uint8Array {
  return readFileSync(new URL(`../../guests/${path}`, import.meta.url));
}

let wabt: Promise<Awaited<ReturnType<typeof wabtInit>>> | null = null;

/** WebAssembly text to bytes. */
export async function assemble(text: string): Promise<Uint8Array> {
  wabt ??= wabtInit();
  const module = (await wabt).parseWat('test.wat', text, {
    exceptions: true,
    bulk_memory: true,
    mutable_globals: true,
  });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}
