import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Peers } from '../../src/bench/peers.ts';
import type { Host } from '../../src/index.ts';
import { makeLoader } from '../../src/load/index.ts';
import { parseManifest } from '../../src/policy/index.ts';
import { type MakeHost, NotApplicable, Refused } from '../../src/suite/index.ts';
import type { FuncType, ValType, World } from '../../src/wasm/types.ts';

/*
 * The isolation suite against Extism: each guest a plugin, in the caller's thread; what a manifest links is a host function.
 * An Extism plugin is called without arguments and reads one block of bytes; the suite's guests take values, so that the
 * adapter calls the instance which Extism made, and lays values out as the canonical ABI has them. Extism isolates memory
 * and knows no labels: a link is a link, whatever flows over it. It is installed, at a pinned version, at the first run.
 * Run: cofferdam test --host examples/suite-hosts/extism.ts --kind inline
 */

interface Manifest {
  readonly compartments: Readonly<Record<string, Entry>>;
  readonly audit?: object;
  readonly links?: readonly { from: string; import: string; to: string; export?: string; post?: boolean }[];
}
interface Entry {
  readonly wasm: string;
  readonly limits?: { readonly deadline?: string };
  readonly [key: string]: unknown;
}
type Func = (...args: unknown[]) => unknown;
type CoreFunc = (...args: (number | bigint)[]) => number | bigint | undefined;
interface Plugin {
  getInstance(): Promise<WebAssembly.Instance>;
  close(): Promise<void>;
}
type CreatePlugin = (manifest: object, options: object) => Promise<Plugin>;

const makeHost: MakeHost = async (manifest, { baseDir = '.', resources = {}, control }) => {
  const { compartments, links = [], audit } = manifest as Manifest;
  if (control !== undefined) throw new NotApplicable('Extism has no control socket');
  if (audit !== undefined) throw new NotApplicable('Extism keeps no journal');
  const create = await loadExtism();
  const guests = new Map<string, Guest>();
  const plugins: Plugin[] = [];
  for (const [name, entry] of Object.entries(compartments)) {
    if (entry.limits?.deadline !== undefined) throw new NotApplicable(NO_DEADLINE);
    const data = readFileSync(resolve(baseDir, entry.wasm));
    const { world, refusal } = await worldOf(name, entry, baseDir);
    const guest = new Guest(world);
    const functions: Record<string, Record<string, Func>> = {};
    for (const { id, interface: owner, name: imported, type } of world.imports) {
      const link = links.find(({ from, import: wanted }) => from === name && (wanted === id || wanted === owner));
      if (!link) throw new NotApplicable(`Extism links every import: ${id} has nobody`);
      const { to, export: exported = id } = link;
      const offered = resources[to] as Func | Readonly<Record<string, Func>> | undefined;
      const method = camelCase(imported);
      const target: Func =
        typeof offered === 'function'
          ? offered
          : offered
            ? (offered[method] ?? (() => undefined))
            : (...args) => guests.get(to)?.call(exported, args);
      const serve = (_context: unknown, ...core: unknown[]) => guest.serve(type, target, core as (number | bigint)[]);
      functions[owner ?? '$root'] = { ...functions[owner ?? '$root'], [imported]: serve };
    }
    const options = { useWasi: false, runInWorker: false, functions };
    const plugin = await guarded(
      () => create({ wasm: [{ data }] }, options),
      () => true,
    );
    if (refusal !== null) throw new NotApplicable(`Extism took what the adapter cannot read: ${refusal}`);
    guest.instance = await plugin.getInstance();
    plugins.push(plugin);
    guests.set(name, guest);
  }
  const call = async (target: string, args: readonly unknown[] = []) => {
    const [name = '', exported = ''] = target.split('.');
    const guest = guests.get(name);
    if (!guest) throw new Refused(`${target} is not there.`);
    return withoutTheRest({ value: await guarded(() => guest.call(exported, args)) });
  };
  const host: Pick<Host, 'drained' | 'close'> & Record<'call' | 'post', unknown> = {
    call,
    post: async (target: string, args?: readonly unknown[]) => void (await call(target, args)),
    drained: async () => undefined,
    close: async () => void (await Promise.all(plugins.map((plugin) => plugin.close()))),
  };
  return withoutTheRest(host) as Host;
};
export default makeHost;

const NO_DEADLINE =
  'Extism stops plugins that run too long only in threads of their own, where an adapter cannot call them with arguments';

/** One plugin, and the values that go into and come out of its memory. */
class Guest {
  readonly #world: World;
  instance: WebAssembly.Instance | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  call(id: string, args: readonly unknown[]): unknown {
    const found = this.#world.exports.find((each) => each.id === id);
    const func = found && this.#export<CoreFunc | undefined>(id);
    if (!found || !func) throw new Refused(`${id} is not there.`);
    const { params, result } = found.type;
    const core = params.flatMap(({ type }, i) => this.#lower(type, args[i]));
    return this.#lift(result, func(...core));
  }

  /** What a host function does that the guest has called with these core values. */
  serve({ params, result }: FuncType, target: Func, core: (number | bigint)[]): unknown {
    const left = [...core];
    const args = params.map(({ type }) => this.#take(type, left));
    const answer = target(...args);
    if (answer instanceof Promise) throw new NotApplicable('what a plugin calls in its own thread cannot wait');
    if (result === null) return undefined;
    if (isInMemory(result)) throw new NotApplicable('the adapter returns no text to a guest');
    return this.#lower(result, answer)[0];
  }

  #export<T>(name: string): T {
    return this.instance?.exports[name] as T;
  }

  get #memory(): Buffer {
    return Buffer.from(this.#export<WebAssembly.Memory>('memory').buffer);
  }

  #lower(type: ValType, value: unknown): (number | bigint)[] {
    if (!isInMemory(type)) return [assertNumber(type) === 'bool' ? Number(value) : (value as number | bigint)];
    const bytes = Buffer.from(value as string | Uint8Array);
    const at = Number(this.#export<CoreFunc>('cabi_realloc')(0, 0, 1, bytes.length)) >>> 0;
    if (at + bytes.length > this.#memory.length) throw new RangeError('realloc gave what is not there');
    bytes.copy(this.#memory, at);
    return [at, bytes.length];
  }

  #lift(type: ValType | null, core: number | bigint | undefined): unknown {
    if (type === null || core === undefined) return undefined;
    if (!isInMemory(type)) return this.#take(type, [core]);
    const at = Number(core) >>> 0;
    return this.#take(type, [this.#memory.readUInt32LE(at), this.#memory.readUInt32LE(at + 4)]);
  }

  #take(type: ValType, left: (number | bigint)[]): unknown {
    const first = left.shift() ?? 0;
    if (isInMemory(type)) {
      const [at, length] = [Number(first) >>> 0, Number(left.shift()) >>> 0];
      if (at + length > this.#memory.length) throw new RangeError('outside of the memory');
      const bytes = this.#memory.subarray(at, at + length);
      return type.kind === 'string' ? new TextDecoder('utf-8', { fatal: true }).decode(bytes) : Uint8Array.from(bytes);
    }
    const kind = assertNumber(type);
    if (kind === 'bool') return first !== 0;
    if (kind === 'u64') return BigInt.asUintN(64, BigInt(first));
    return kind === 'u32' ? Number(first) >>> 0 : first;
  }
}

/** Text and bytes: two core values, or a pointer to two. */
function isInMemory(type: ValType): boolean {
  return type.kind === 'string' || (type.kind === 'list' && type.element.kind === 'u8');
}

function assertNumber({ kind }: ValType): string {
  if (/^([su](8|16|32|64)|f32|f64|bool)$/.test(kind)) return kind;
  throw new NotApplicable(`Extism passes bytes; the adapter lays out numbers, text and bytes, and no ${kind}`);
}

/** The types of a guest. Where they cannot be had, an empty world, and why: whether Extism takes it is for Extism to say. */
async function worldOf(name: string, { wasm, abi, wit }: Manifest['compartments'][string], baseDir: string) {
  const none: World = { imports: [], exports: [], resources: [] };
  try {
    const policy = parseManifest({ version: 1, compartments: { [name]: { wasm, abi, wit } } }, { baseDir });
    const compartment = policy.compartments.get(name);
    await using loader = await makeLoader({ baseDir });
    return { world: compartment ? (await loader.load(compartment)).world : none, refusal: null };
  } catch (error) {
    return { world: none, refusal: String(error) };
  }
}

let extism: Promise<CreatePlugin> | null = null;
function loadExtism(): Promise<CreatePlugin> {
  extism ??= (async () => {
    const peers = new Peers();
    await oneAtATime(join(tmpdir(), 'cofferdam-suite-extism.lock'), () => peers.install(() => undefined));
    try {
      const module: { default: CreatePlugin } = await import(peers.file('@extism/extism', 'dist/esm/mod.js'));
      return module.default;
    } catch (cause) {
      throw new NotApplicable(`Extism is not there: ${String(cause)}`, { cause });
    }
  })();
  return extism;
}

/** Cases run in several processes, and npm installs for one. */
async function oneAtATime(lock: string, run: () => Promise<void>): Promise<void> {
  for (const untilMs = Date.now() + 50_000; ; await sleep(50)) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (Date.now() > untilMs) throw error;
    }
  }
  try {
    await run();
  } finally {
    rmdirSync(lock);
  }
}

/** What a case asks of a host that Extism has no word for makes the case not applicable. */
function withoutTheRest(host: object): object {
  return new Proxy(host, {
    get(target, key) {
      if (key === 'then') return undefined;
      if (key in target) return target[key as keyof typeof target];
      throw new NotApplicable(`Extism has no ${String(key)}`);
    },
  });
}

/** What Extism, the engine or the layout of values stops is refused; anything else is a fault of this file. */
async function guarded<T>(run: () => T | Promise<T>, isRefusal = isTrap): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof NotApplicable || cause instanceof Refused || !isRefusal(cause)) throw cause;
    throw new Refused(`Extism: ${String(cause)}`, { cause });
  }
}

function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error instanceof TypeError;
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
