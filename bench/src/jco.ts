import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerMissing } from './peer-missing.ts';
import { adopt, type Files, type Transpiled } from './transpiled.ts';

export type JcoVersion = '1.35' | '1.10';

/** One version of jco's transpiler, with its own defaults. */
export interface Jco {
  transpile(component: Uint8Array, name: string): Promise<Transpiled>;
}

/** jco 1.35 transpiles by its package jco-transpile 0.15.0. */
const TRANSPILE_VERSION = '0.15.0';
const OLD_VERSION = '1.10.2';
const OLD = new URL('../peers/node_modules/jco-1.10/', import.meta.url);

/** Throws PeerMissing. */
export async function loadJco(version: JcoVersion, folder: string): Promise<Jco> {
  const generate = version === '1.35' ? await presentGenerator() : await oldGenerator();
  return { transpile: async (component, name) => adopt(await generate(component, name), join(folder, version, name)) };
}

async function presentGenerator() {
  const manifest = new URL('../package.json', import.meta.resolve('@bytecodealliance/jco-transpile'));
  assertVersion(manifest, TRANSPILE_VERSION);
  const { transpileBytes } = await import('@bytecodealliance/jco-transpile');
  return async (component: Uint8Array, name: string): Promise<Files> => {
    const { files } = await transpileBytes(component, { name, instantiation: 'sync', multiMemory: true });
    return Object.entries(files);
  };
}

/** What the old version's generator is called with. */
interface OldGenerator {
  readonly $init: Promise<void>;
  generate(component: Uint8Array, options: object): { readonly files: Files };
}

async function oldGenerator() {
  assertVersion(new URL('package.json', OLD), OLD_VERSION);
  const generator: OldGenerator = await import(new URL('obj/js-component-bindgen-component.js', OLD).href);
  await generator.$init;
  return async (component: Uint8Array, name: string): Promise<Files> =>
    generator.generate(component, {
      name,
      map: [],
      instantiation: { tag: 'sync' },
      noTypescript: true,
      base64Cutoff: 0,
      multiMemory: true,
    }).files;
}

function assertVersion(manifest: URL, wanted: string): void {
  let text: string;
  try {
    text = readFileSync(manifest, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new PeerMissing('not installed');
  }
  const { version } = JSON.parse(text) as { version: string };
  if (version !== wanted) throw new Error(`${manifest.pathname} is version ${version}, not ${wanted}`);
}
