import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { makeInlineCode } from '../../src/compartment/inline.ts';
import { planComponent } from '../../src/wasm/index.ts';
import type { ValType } from '../../src/wasm/types.ts';
import { typeOfDepth, valuesOf } from '../abi/arbitrary.ts';
import { forwarder, func, hostOf } from './forwarder.ts';
import { assemble } from './support.ts';

/**
 * The same component and the same values through this runtime and through jco: what the import saw and what the
 * export answered must be equal. The component hands its argument on to its import, and the answer back.
 */
type Run = (value: unknown) => { seen: unknown; answer: unknown };

/** WIT for a type; declarations of its named parts are collected. */
class WitWriter {
  readonly declarations: string[] = [];

  type(type: ValType): string {
    switch (type.kind) {
      case 'list':
        return `list<${this.type(type.element)}>`;
      case 'tuple':
        return `tuple<${type.elements.map((element) => this.type(element)).join(', ')}>`;
      case 'option':
        return `option<${this.type(type.some)}>`;
      case 'result':
        return this.result(type);
      case 'record':
        return this.named(
          'record',
          type.fields.map((field) => `%${field.name}: ${this.type(field.type)}`),
        );
      case 'variant':
        return this.named(
          'variant',
          type.cases.map(({ name, type: payload }) => (payload ? `%${name}(${this.type(payload)})` : `%${name}`)),
        );
      case 'enum':
      case 'flags':
        return this.named(
          type.kind,
          type.names.map((name) => `%${name}`),
        );
      default:
        return type.kind;
    }
  }

  private result({ ok, err }: ValType & { kind: 'result' }): string {
    if (ok === null && err === null) return 'result';
    return err === null
      ? `result<${this.type(ok as ValType)}>`
      : `result<${ok === null ? '_' : this.type(ok)}, ${this.type(err)}>`;
  }

  private named(kind: string, parts: string[]): string {
    const name = `named${this.declarations.length}`;
    this.declarations.push('');
    this.declarations[Number(name.slice(5))] = `${kind} ${name} { ${parts.join(', ')} }`;
    return name;
  }
}

export async function componentOf(type: ValType): Promise<Uint8Array> {
  const wit = new WitWriter();
  const text = wit.type(type);
  const witSource = `package test:forward; world w { ${wit.declarations.join('\n')}\n import g: func(p0: ${text}) -> ${text}; export f: func(p0: ${text}) -> ${text}; }`;
  const binary = await componentEmbed({ binary: await assemble(forwarder(func([type], type))), witSource, world: 'w' });
  return componentNew(binary, []);
}

async function runHere(bytes: Uint8Array): Promise<Run> {
  const code = await makeInlineCode({
    plan: planComponent(bytes),
    bytes,
    sha256: '',
    limits: { messageBytes: 1 << 20 },
  });
  return (value) => {
    let seen: unknown;
    const instance = code.instantiate(hostOf((_, [arg]) => (seen = arg)));
    return { answer: instance.call(0, [value]), seen };
  };
}

async function runInJco(bytes: Uint8Array): Promise<Run> {
  const instantiate = await transpile(bytes);
  return (value) => {
    let seen: unknown;
    const { f } = instantiate({ g: { default: (arg: unknown) => (seen = arg) } });
    return { answer: f?.(value), seen };
  };
}

type JcoInstantiate = (imports: object) => Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** A component as jco runs it. */
export async function transpile(bytes: Uint8Array): Promise<JcoInstantiate> {
  const { files } = await transpileBytes(bytes, { name: 'guest', instantiation: 'sync' });
  const folder = await mkdtemp(join(tmpdir(), 'differential-'));
  try {
    const path = join(folder, 'guest.mjs');
    await writeFile(path, files['guest.js'] as Uint8Array);
    const { instantiate } = await import(/* @vite-ignore */ pathToFileURL(path).href);
    const module = (name: string) => new WebAssembly.Module(files[name] as Uint8Array<ArrayBuffer>);
    return (imports) => instantiate(module, imports);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export interface Difference {
  readonly type: ValType;
  readonly value: unknown;
  readonly here: unknown;
  readonly jco: unknown;
}

/** Without what jco does otherwise: it writes `{ tag, val: undefined }` at times, and loses a byte order mark. */
function comparable(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^\uFEFF/, '');
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .map(([key, part]) => [key, comparable(part)]),
  );
}

/** Compares `types` random types with `values` values each. */
export async function differences(
  isEqual: (a: unknown, b: unknown) => boolean,
  { types, values, seed }: { types: number; values: number; seed: number },
): Promise<Difference[]> {
  const found: Difference[] = [];
  const suited = typeOfDepth(3).filter((type) => !isBeyondJco(type) && type.kind !== 'result');
  for (const type of fc.sample(suited, { numRuns: types, seed })) {
    const bytes = await componentOf(type);
    const [here, jco] = [await runHere(bytes), await runInJco(bytes)];
    for (const value of fc.sample(valuesOf(type), { numRuns: values, seed })) {
      const [a, b] = [here, jco].map((run) => attempt(() => comparable(run(value))));
      if (!isEqual(a, b) || (a as { threw?: unknown }).threw !== undefined)
        found.push({ type, value, here: a, jco: b });
    }
  }
  return found;
}

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return { threw: error };
  }
}

/**
 * jco does not know lists of fixed length, and writes the middle one of three nested options without a tag, so that it
 * cannot tell `some(none)` from `none`.
 */
export function isBeyondJco(type: ValType): boolean {
  const text = JSON.stringify(type, (key, part) => (key === 'names' ? [] : part));
  const option = '{"kind":"option","some":';
  return text.includes('"length":') || text.includes(option.repeat(3));
}
