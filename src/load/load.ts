import { createHash } from 'node:crypto';
import { CofferdamError } from '../error.ts';
import type { ModuleInfo, OwnMemory, Plan, World } from '../wasm/index.ts';
import type { SnapshotExports } from '../wasm/rewrite/index.ts';
import { applyEdits } from '../wasm/rewrite-limits.ts';
import { messageOf } from './bounded-text.ts';
import { type Cache, defaultCacheDir, openCache } from './cache.ts';
import type { WorkerLimits } from './disposable-worker.ts';
import { decoderIdentity } from './identity.ts';
import { makeParser, type Parser } from './parser.ts';
import type { ModuleReference } from './reference.ts';
import type { RewrittenText } from './rewrite.ts';
import { readModules, readWit } from './source.ts';
import { toEdit } from './text-edit.ts';
import type { Transpiled } from './transpile.ts';
import type { Job, Understanding } from './understand.ts';
import { rangesOf, readUnderstanding, worldOf } from './understanding-shape.ts';

export interface LoadEnv {
  /** The folder that relative paths and the search for packages start from. */
  readonly baseDir: string;
  /** Where plans are kept; null: nowhere. Default: `defaultCacheDir()`. */
  readonly cacheDir?: string | null;
  /** Largest module in bytes. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** Of the worker that parses. */
  readonly worker?: WorkerLimits;
  /** Default true: a component that wasm-tools understands differently is refused. Only a benchmark says false. */
  readonly secondOpinion?: boolean;
}

/** Parallel to a guest's modules. */
export interface Restoring {
  readonly modules: readonly WebAssembly.Module[];
  /** Their bytes, made when they are asked for: for another process. */
  readonly code: () => readonly Uint8Array[];
  readonly names: readonly SnapshotExports[];
}

/** A module, understood and compiled. */
export interface Loaded {
  /** Exactly what is in the file; of several files, one after the other. */
  readonly bytes: Uint8Array;
  /** Of those bytes, in lower-case hex; of several files, of the list of their names and hashes. */
  readonly sha256: string;
  /** Null for `abi: assemblyscript` and `adapter`, and for a component with async functions. */
  readonly plan: Plan | null;
  readonly world: World;
  /** Of a component with async functions: what jco made of it. `modules` are parallel to its modules. */
  readonly transpiled: Transpiled | null;
  /** Parallel to the plan's modules, or the one module; rewritten so that an instance keeps the reference's limits. */
  readonly modules: readonly WebAssembly.Module[];
  /** The bytes of `modules`, made when they are asked for: for another process. */
  readonly code: () => readonly Uint8Array[];
  /** Parallel to `modules`: the memories that each was made to import; null where nothing was rewritten. */
  readonly memories: readonly (readonly OwnMemory[])[] | null;
  /** The same modules for instances that are restored from a snapshot; null: none was asked for. */
  readonly restoring: Restoring | null;
  /** Parallel to `modules`, by which name each is imported by the others; null where there is one file. */
  readonly names: readonly string[] | null;
  /** The outside of each core module as it is in the file: parallel to `modules`. */
  readonly info: readonly ModuleInfo[];
  /** Did the understanding come from the cache? */
  readonly isCached: boolean;
  /** What an operator may want to know; nothing is wrong with the module. */
  readonly notes: readonly string[];
}

/** Loads modules, all through one parsing worker at a time, which starts when the first is not in the cache. */
export interface Loader extends AsyncDisposable {
  load(reference: ModuleReference): Promise<Loaded>;
}

/** The largest program that we know of (CPython) has 26 MB. */
const MAX_MODULE_BYTES = 256 * 1_048_576;

/** Raised when the meaning of what is cached changes other than by a change of the decoder. */
const FORMAT = 6;

const shared = new WeakMap<LoadEnv, { readonly loader: Promise<Loader>; users: number }>();

/** One module. Loads that overlap, given the same environment object, share one loader: one worker for a whole host. */
export async function loadSource(reference: ModuleReference, env: LoadEnv): Promise<Loaded> {
  const entry = shared.get(env) ?? { loader: makeLoader(env), users: 0 };
  shared.set(env, entry);
  entry.users += 1;
  try {
    const loader = await entry.loader;
    return await loader.load(reference);
  } finally {
    entry.users -= 1;
    if (entry.users === 0) {
      shared.delete(env);
      await (await entry.loader)[Symbol.asyncDispose]();
    }
  }
}

export async function makeLoader(env: LoadEnv): Promise<Loader> {
  const { cacheDir = defaultCacheDir(), worker } = env;
  const cache = cacheDir === null ? null : await openCache(cacheDir);
  return new CachingLoader(env, cache, makeParser(worker));
}

class CachingLoader implements Loader {
  readonly #env: LoadEnv;
  readonly #cache: Cache | null;
  readonly #parser: Parser;
  #hasPut = false;

  constructor(env: LoadEnv, cache: Cache | null, parser: Parser) {
    this.#env = env;
    this.#cache = cache;
    this.#parser = parser;
  }

  async load(reference: ModuleReference): Promise<Loaded> {
    const { baseDir, maxBytes = MAX_MODULE_BYTES, secondOpinion = true } = this.#env;
    const { bytes, sha256, parts } = await readModules(reference, { baseDir, maxBytes });
    const wit = reference.wit && { text: await readWit(reference.wit, baseDir), world: reference.wit.world };
    const { abi, limits, sharedMemory = null, rewrite = null } = reference;
    const job: Job = { task: 'understand', bytes, parts, sharedMemory, abi, wit, limits, rewrite, secondOpinion };
    const key = cacheKey(job, sha256);
    const cached = await this.#cached(key, bytes.length);
    const understanding = cached ?? (await this.#parse(job, key));
    const modules = await compile(bytes, understanding);
    const problem = this.#cache?.problem ?? null;
    const notes = problem === null ? [] : [problem];
    const { plan, transpiled, info, set, rewritten } = understanding;
    const memories = rewritten?.map((each) => each.memories) ?? null;
    const restoring = await compileRestoring(rewritten ?? []);
    const names = set?.map(({ name }) => name) ?? null;
    const world = worldOf(understanding);
    return {
      bytes,
      sha256,
      plan,
      world,
      transpiled,
      modules,
      code: () => modulesOf(bytes, understanding).map((module) => module()),
      memories,
      restoring,
      names,
      info,
      isCached: cached !== null,
      notes,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parser[Symbol.asyncDispose]();
    if (this.#hasPut) await this.#cache?.trim();
  }

  async #cached(key: string, size: number): Promise<Understanding | null> {
    const text = await this.#cache?.get(key);
    return text == null ? null : readUnderstanding(text, size);
  }

  async #parse(job: Job, key: string): Promise<Understanding> {
    const text = await this.#parser.parse(job, this.#env.signal);
    const understanding = readUnderstanding(text, job.bytes.length);
    if (understanding === null) {
      throw new CofferdamError(
        'LOAD_CRASHED',
        'The worker that parses modules answered with something else than a plan.',
      );
    }
    await this.#cache?.put(key, text);
    this.#hasPut = true;
    return understanding;
  }
}

/** Everything that the understanding depends on. */
function cacheKey({ abi, wit, limits, secondOpinion, sharedMemory, rewrite }: Job, sha256: string): string {
  const { memoryBytes, tableEntries } = limits;
  const parts = [
    FORMAT,
    decoderIdentity(),
    sha256,
    abi,
    wit?.text,
    wit?.world,
    memoryBytes,
    tableEntries,
    secondOpinion,
    sharedMemory,
    rewrite ?? null,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** In bytes: a smaller module is compiled in less time than it takes another thread to begin. */
const SMALL_MODULE = 65_536;

/** The engine is the judge of a core module's code; for a large one it works on other threads meanwhile. */
async function compile(bytes: Uint8Array, understanding: Understanding): Promise<WebAssembly.Module[]> {
  return await Promise.all(
    modulesOf(bytes, understanding).map(async (module, i) => {
      try {
        const code = module() as Uint8Array<ArrayBuffer>;
        return code.length < SMALL_MODULE ? new WebAssembly.Module(code) : await WebAssembly.compile(code);
      } catch (cause) {
        throw new CofferdamError('LOAD_INVALID', `The engine refuses core module ${i}: ${messageOf(cause)}`, { cause });
      }
    }),
  );
}

/** The modules for instances that start from a snapshot; null where none was asked for. */
async function compileRestoring(rewritten: readonly RewrittenText[]): Promise<Restoring | null> {
  const texts = rewritten.flatMap(({ restoring }) => restoring ?? []);
  if (texts.length === 0) return null;
  const modules = await Promise.all(texts.map(({ bytes }) => WebAssembly.compile(Buffer.from(bytes, 'base64'))));
  const code = () => texts.map(({ bytes }) => Buffer.from(bytes, 'base64'));
  return { modules, code, names: texts.map(({ names }) => names) };
}

/** The core modules with their limits in them, each made when it is asked for. */
function modulesOf(bytes: Uint8Array, understanding: Understanding): (() => Uint8Array)[] {
  const { transpiled, edits, rewritten } = understanding;
  if (transpiled !== null) return transpiled.modules.map((each) => () => Buffer.from(each.bytes, 'base64'));
  if (rewritten !== null) return rewritten.map((each) => () => Buffer.from(each.bytes, 'base64'));
  return rangesOf(understanding, bytes.length).map(
    ({ start, end }, i) =>
      () =>
        applyEdits(bytes.subarray(start, end), (edits[i] ?? []).map(toEdit)),
  );
}
