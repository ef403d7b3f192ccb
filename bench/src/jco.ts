import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { PeerMissing } from './peer-missing.ts';

export type JcoVersion = '1.35' | '1.10';

/** A component as JavaScript that jco wrote, its core modules compiled. */
export interface Transpiled {
  /** Makes an instance, given the functions that it imports, by interface. */
  instantiate(imports?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** The JavaScript file, with its core modules beside it. */
  readonly file: string;
}

/** One version of jco's transpiler, with its own defaults. */
export interface Jco {
  transpile(component: Uint8Array, name: string): Promise<Transpiled>;
}

type Files = readonly (readonly [string, Uint8Array])[];

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
    throw new PeerMissing('not installed', { cause: error });
  }
  const { version } = JSON.parse(text) as { version: string };
  if (version !== wanted) throw new Error(`${manifest.pathname} is version ${version}, not ${wanted}`);
}

type Instantiate = (
  getCoreModule: (path: string) => WebAssembly.Module,
  imports: Readonly<Record<string, unknown>>,
) => Record<string, unknown>;

async function adopt(files: Files, folder: string): Promise<Transpiled> {
  let script = '';
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const [path, bytes] of files) {
    if (path.endsWith('.d.ts')) continue;
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    if (path.endsWith('.js') && dirname(path) === '.') script = file;
  }
  return await adoptScript(script);
}

/** What was transpiled before: imports the JavaScript, compiles the core modules that lie beside it. */
export async function adoptScript(file: string): Promise<Transpiled> {
  const folder = dirname(file);
  const modules = new Map<string, WebAssembly.Module>();
  const { instantiate }: { instantiate: Instantiate } = await import(pathToFileURL(file).href);
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.wasm')) modules.set(name, await WebAssembly.compile(readFileSync(join(folder, name))));
  }
  return { file, instantiate: (imports = {}) => instantiate((path) => moduleOf(modules, path), imports) };
}

function moduleOf(modules: ReadonlyMap<string, WebAssembly.Module>, path: string): WebAssembly.Module {
  const module = modules.get(path);
  if (module === undefined) throw new Error(`jco made no ${path}`);
  return module;
}
