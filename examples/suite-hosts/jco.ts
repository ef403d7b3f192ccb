import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { Host } from '../../src/index.ts';
import { type MakeHost, NotApplicable, Refused } from '../../src/suite/index.ts';

/*
 * The isolation suite against jco: each guest a component of its own, transpiled and instantiated as its documentation
 * says, imports of one set to exports of another. It isolates memory and knows no labels, so a link is a link, whatever
 * flows over it. Run: cofferdam test --host examples/suite-hosts/jco.ts --kind inline
 */

interface Manifest {
  readonly compartments: Readonly<Record<string, Entry>>;
  readonly audit?: object;
  readonly links?: readonly { from: string; import: string; to: string; export?: string; post?: boolean }[];
}
interface Entry {
  readonly wasm: string;
  readonly abi: 'core' | 'component' | 'assemblyscript';
  /** Of a core module; a component carries its own. */
  readonly wit?: { readonly text?: string; readonly path?: string; readonly world: string };
}
type Func = (...args: unknown[]) => unknown;
type Exports = Readonly<Record<string, Func>>;

const makeHost: MakeHost = async (manifest, { baseDir = '.', resources = {}, control }) => {
  const { compartments, links = [], audit } = manifest as Manifest;
  if (control !== undefined) throw new NotApplicable('jco has no control socket');
  if (audit !== undefined) throw new NotApplicable('jco keeps no journal');
  const folder = mkdtempSync(join(tmpdir(), 'suite-jco-'));
  const instances = new Map<string, Exports>();
  const serve = (to: string, name: string): Func => {
    const offered = resources[to];
    const method = camelCase(name);
    if (typeof offered === 'function') return offered as Func;
    if (offered) return (offered as unknown as Exports)[method] ?? (() => undefined);
    return (...args) => instances.get(to)?.[method]?.(...args);
  };
  for (const [name, entry] of Object.entries(compartments)) {
    const instantiate = await transpile(name, entry, { baseDir, folder });
    const imports: Record<string, unknown> = {};
    for (const { from, import: imported, to, export: exported = imported } of links) {
      if (from === name) imports[imported] = { default: serve(to, exported) };
    }
    instances.set(name, await guarded(() => instantiate(imports)));
  }
  const call = async (target: string, args: readonly unknown[] = []) => {
    const [name = '', exported = ''] = target.split('.');
    const func = instances.get(name)?.[camelCase(exported)];
    if (!func) throw new Refused(`${target} is not there.`);
    return withoutTheRest({ value: await guarded(() => func(...args)) });
  };
  const host: Pick<Host, 'drained' | 'close'> & Record<'call' | 'post', unknown> = {
    call,
    post: async (target: string, args?: readonly unknown[]) => void (await call(target, args)),
    drained: async () => undefined,
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
  return withoutTheRest(host) as Host;
};
export default makeHost;

/** What a case asks of a host that jco has no word for makes the case not applicable. */
function withoutTheRest(host: object): object {
  return new Proxy(host, {
    get(target, key) {
      if (key === 'then') return undefined;
      if (key in target) return target[key as keyof typeof target];
      throw new NotApplicable(`jco has no ${String(key)}`);
    },
  });
}

async function transpile(name: string, entry: Entry, { baseDir, folder }: { baseDir: string; folder: string }) {
  const files = await guarded(
    async () => {
      const component = await componentOf(entry, baseDir);
      return (await transpileBytes(component, { name, instantiation: 'sync' })).files;
    },
    () => true,
  );
  const modules = new Map<string, WebAssembly.Module>();
  for (const [path, bytes] of Object.entries(files)) {
    const file = join(folder, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
    if (path.endsWith('.wasm')) modules.set(path, await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>));
  }
  await writeFile(join(folder, name, 'package.json'), '{"type":"module"}');
  const { instantiate } = await import(pathToFileURL(join(folder, name, `${name}.js`)).href);
  return (imports: object) => instantiate((path: string) => modules.get(path), imports) as Exports;
}

/** wasm-tools is of no more use to the process once it has trapped, so it gets nothing that the engine would not take. */
async function componentOf({ wasm, abi, wit }: Entry, baseDir: string): Promise<Uint8Array> {
  const binary = readFileSync(resolve(baseDir, wasm));
  if (abi === 'component') return binary;
  if (abi !== 'core' || wit === undefined) throw new NotApplicable(`jco takes components, and no guest of ${abi}`);
  if (!WebAssembly.validate(binary)) throw new Refused('the engine takes no such module');
  const witSource = wit.text ?? readFileSync(resolve(baseDir, wit.path ?? ''), 'utf8');
  const embedded = await componentEmbed({ binary, witSource, world: wit.world });
  return componentNew(embedded, []);
}

/** What jco or the engine stops is refused; anything else is a fault of this file. */
async function guarded<T>(run: () => T | Promise<T>, isRefusal = isTrap): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof NotApplicable || cause instanceof Refused || !isRefusal(cause)) throw cause;
    throw new Refused(`jco: ${String(cause)}`, { cause });
  }
}

function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error instanceof TypeError;
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
