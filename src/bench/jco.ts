import { join } from 'node:path';
import type { Peers } from './peers.ts';
import { adopt, type Files, type Transpiled } from './transpiled.ts';

export type JcoVersion = '1.35' | '1.10';

/** One version of jco's transpiler, with its own defaults. */
export interface Jco {
  transpile(component: Uint8Array, name: string): Promise<Transpiled>;
}

/** Throws PeerMissing. */
export async function loadJco(version: JcoVersion, peers: Peers, folder: string): Promise<Jco> {
  const generate = version === '1.35' ? await presentGenerator(peers) : await oldGenerator(peers);
  return { transpile: async (component, name) => adopt(await generate(component, name), join(folder, version, name)) };
}

type Generate = (component: Uint8Array, name: string) => Promise<Files>;

/** jco 1.35 transpiles by its package jco-transpile 0.15.0. */
async function presentGenerator(peers: Peers): Promise<Generate> {
  const file = peers.file('@bytecodealliance/jco-transpile', 'dist/index.js');
  const { transpileBytes }: typeof import('@bytecodealliance/jco-transpile') = await import(file);
  return async (component, name) => {
    const { files } = await transpileBytes(component, { name, instantiation: 'sync', multiMemory: true });
    return Object.entries(files);
  };
}

/** What the old version's generator is called with. */
interface OldGenerator {
  readonly $init: Promise<void>;
  generate(component: Uint8Array, options: object): { readonly files: Files };
}

async function oldGenerator(peers: Peers): Promise<Generate> {
  const generator: OldGenerator = await import(peers.file('jco-1.10', 'obj/js-component-bindgen-component.js'));
  await generator.$init;
  return async (component, name) =>
    generator.generate(component, {
      name,
      map: [],
      instantiation: { tag: 'sync' },
      noTypescript: true,
      base64Cutoff: 0,
      multiMemory: true,
    }).files;
}
