import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A component as JavaScript that jco wrote, its core modules compiled. */
export interface Transpiled {
  /** Makes an instance, given the functions that it imports, by interface. */
  instantiate(imports?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** The JavaScript file, with its core modules beside it. */
  readonly file: string;
}

export type Files = readonly (readonly [string, Uint8Array])[];

type Instantiate = (
  getCoreModule: (path: string) => WebAssembly.Module,
  imports: Readonly<Record<string, unknown>>,
) => Record<string, unknown>;

/** Writes what a transpiler made into a folder, and adopts it. */
export async function adopt(files: Files, folder: string): Promise<Transpiled> {
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
