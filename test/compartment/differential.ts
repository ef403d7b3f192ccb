import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { ValType } from '../../src/wasm/types.ts';
import { forwarder, forwarders, func } from './forwarder.ts';
import { assemble } from './support.ts';

/* Components for random types, and jco that runs them: see three-runtimes.ts. */

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

/** A component whose export `f` hands its argument on to its import `g`, and the answer back. */
export async function componentOf(type: ValType): Promise<Uint8Array> {
  const wit = new WitWriter();
  const text = wit.type(type);
  const witSource = `package test:forward; world w { ${wit.declarations.join('\n')}\n import g: func(p0: ${text}) -> ${text}; export f: func(p0: ${text}) -> ${text}; }`;
  const binary = await componentEmbed({ binary: await assemble(forwarder(func([type], type))), witSource, world: 'w' });
  return componentNew(binary, []);
}

/** One component for many types: function `pass0`, `pass1`, … of the interface that it exports asks the same of its import. */
export async function componentOfAll(types: readonly ValType[]): Promise<Uint8Array> {
  const wit = new WitWriter();
  const functions = types.map((type) => wit.type(type)).map((text, i) => `pass${i}: func(p0: ${text}) -> ${text};`);
  const witSource = `package test:forward; interface ${INTERFACE.split('/')[1]} { ${[...wit.declarations, ...functions].join('\n')} }
    world w { import api; export api; }`;
  const binary = await componentEmbed({ binary: await assemble(forwarders(types, INTERFACE)), witSource, world: 'w' });
  return componentNew(binary, []);
}

/** What a component of `componentOfAll` imports and exports. */
export const INTERFACE = 'test:forward/api';

type JcoFunction = (...args: unknown[]) => unknown;
type JcoInstantiate = (imports: object) => Readonly<Record<string, JcoFunction>>;

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

/**
 * jco does not know lists of fixed length, and writes the middle one of three nested options without a tag, so that it
 * cannot tell `some(none)` from `none`.
 */
export function isBeyondJco(type: ValType): boolean {
  return hasFixedList(type) || textOf(type).includes('{"kind":"option","some":'.repeat(3));
}

export function hasFixedList(type: ValType): boolean {
  return textOf(type).includes('"length":');
}

/** Without names of cases and flags, which may be anything. */
function textOf(type: ValType): string {
  return JSON.stringify(type, (key, part) => (key === 'names' ? [] : part));
}
