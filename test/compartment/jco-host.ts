import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import type { InstanceHost } from '../../src/compartment/contract.ts';
import type { World, WorldFunction } from '../../src/wasm/types.ts';

/*
 * Serves a component's imports with what jco's own components are served with: an object per interface, with functions in
 * camelCase, classes for resources, and exceptions for `err`. So one host implementation drives both runtimes.
 */

type Func = (...args: unknown[]) => unknown;
type Part = Record<string, unknown>;
export type ImportObject = Readonly<Record<string, Part>>;

/** WASI 0.2 that reaches nothing but these folders and arguments; what the guest prints goes to `print`. */
export function sandboxedWasi(
  print: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void,
  { args = ['guest'], preopens = {} }: { args?: string[]; preopens?: Record<string, string> } = {},
): ImportObject {
  const shim = new WASIShim({ sandbox: { preopens, env: {}, args, enableNetwork: false } });
  const imports = shim.getImportObject() as unknown as Record<string, Part>;
  const { OutputStream } = imports['wasi:io/streams'] as { OutputStream: new () => object };
  class Printer extends OutputStream {
    readonly #stream: 'stdout' | 'stderr';

    constructor(stream: 'stdout' | 'stderr') {
      super();
      this.#stream = stream;
    }

    checkWrite(): bigint {
      return 65_536n;
    }

    write(bytes: Uint8Array): void {
      print(this.#stream, bytes.slice());
    }

    blockingWriteAndFlush(bytes: Uint8Array): void {
      print(this.#stream, bytes.slice());
    }

    flush(): void {}

    blockingFlush(): void {}
  }
  imports['wasi:cli/stdout'] = { getStdout: () => new Printer('stdout') };
  imports['wasi:cli/stderr'] = { getStderr: () => new Printer('stderr') };
  for (const stream of ['stdin', 'stdout', 'stderr']) {
    imports[`wasi:cli/terminal-${stream}`] = { [`getTerminalS${stream.slice(1)}`]: () => undefined };
  }
  imports['wasi:cli/exit'] = { exit: exited, exitWithCode: exited };
  return imports;
}

/** The shim's own would end this process. */
function exited(status: unknown): never {
  throw new Error(`the guest exited with ${JSON.stringify(status)}`);
}

/** Throws when the guest imports something that is not there. */
export function jcoHost(world: World, imports: ImportObject): InstanceHost {
  const functions = world.imports.map((func) => bindJco(func, imports));
  return {
    call: (index, args) => (functions[index] as Func)(...args),
    drop: (_resource, value) => (value as Partial<Disposable>)[Symbol.dispose]?.(),
    suspending: new Set(),
    output: () => undefined,
    nowNs: () => 0n,
    random: () => undefined,
  };
}

/** A function of a world in an object that follows jco's conventions, with an `err` as the value that it is. */
export function bindJco({ interface: from, name, id, type }: WorldFunction, parts: ImportObject): Func {
  const part = from === null ? (parts as Part) : (parts[from] ?? parts[from.replace(/@.*/, '')]);
  if (part === undefined) throw new Error(`nothing serves ${id}`);
  const run = functionOf(part, name);
  if (type.result?.kind !== 'result') return run;
  return (...args) => {
    try {
      return { tag: 'ok', val: run(...args) };
    } catch (error) {
      if (!(error instanceof Error)) return { tag: 'err', val: error };
      if ('payload' in error) return { tag: 'err', val: error.payload };
      throw error;
    }
  };
}

function functionOf(part: Part, name: string): Func {
  const [, kind, resource = '', member = ''] = /^\[(method|static|constructor)\]([^.]*)\.?(.*)$/.exec(name) ?? [];
  if (kind === undefined) return (...args) => found(part[camel(name)], name).apply(part, args);
  const type = found(part[pascal(resource)], name) as unknown as new (...args: unknown[]) => Record<string, Func>;
  if (kind === 'constructor') return (...args) => new type(...args);
  if (kind === 'static')
    return (...args) => found((type as unknown as Record<string, Func>)[camel(member)], name)(...args);
  return (self, ...args) => found((self as Record<string, Func>)[camel(member)], name).apply(self, args);
}

function found(value: unknown, name: string): Func {
  if (typeof value === 'function') return value as Func;
  throw new Error(`the host has no ${name}`);
}

const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const pascal = (name: string): string => camel(`-${name}`);
