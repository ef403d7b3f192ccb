import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CofferdamError } from '../error.ts';
import { createHost, type Host, type HostOptions } from '../index.ts';
import { type Arena, loadAssembler, manifestOf } from './arena.ts';
import type { Kind } from './case.ts';
import { REFUSED, Refused } from './foreign.ts';
import { Victim } from './victim.ts';

/** Makes a running host of a manifest: ours, or that of somebody else whom the suite is to try. */
export type MakeHost = (manifest: object, options: HostOptions) => Promise<Host>;

export interface LabOptions {
  readonly kind?: Kind;
  /** Whether compartments are enclaves besides, whatever their kind. */
  readonly enclave?: boolean;
  /** Of what cases choose at random. */
  readonly seed?: number;
  /** Default: our own. */
  readonly makeHost?: MakeHost;
  /** Of the case that is tried, and the files that it and the host come from: for its victims. */
  readonly number?: number;
  readonly casesFile?: string | null;
  readonly hostFile?: string | null;
}

/** Items that `sample` leaves where an instance costs a thread or a process. */
const SAMPLE = 6;

/** Where one case is tried: its hosts, folders and processes, gone when it is disposed of. */
export class Lab implements AsyncDisposable {
  readonly kind: Kind;
  readonly enclave: boolean;
  readonly seed: number;
  readonly #options: LabOptions;
  readonly #hosts: Host[] = [];
  readonly #folders: string[] = [];
  readonly #victims: Victim[] = [];

  constructor(options: LabOptions = {}) {
    const { kind = 'inline', enclave = false, seed = 1 } = options;
    this.kind = kind;
    this.enclave = enclave || kind === 'enclave';
    this.seed = seed;
    this.#options = options;
  }

  /** Does an instance have a thread or a process of its own? It then takes a hundred times as long to start. */
  get isRemote(): boolean {
    return this.kind === 'worker' || this.kind === 'process';
  }

  /** All of them; of many only some, drawn by the seed, where each costs an instance and instances are dear. */
  readonly sample = <T>(items: readonly T[]): readonly T[] => {
    if (!this.isRemote || items.length <= SAMPLE) return items;
    const random = makeRandom(this.seed);
    const left = items.map((_, i) => i);
    const drawn = Array.from({ length: SAMPLE }, () => left.splice(Math.floor(random() * left.length), 1)[0] ?? 0);
    return drawn.sort((one, other) => one - other).map((i) => items[i] as T);
  };

  /** A running host whose compartments are of this lab's kind. */
  readonly make = async (arena: Arena, options: HostOptions = {}): Promise<Host> => {
    const folder = this.folder();
    const kind = this.kind === 'enclave' ? 'inline' : this.kind;
    const common = { kind, ...(this.enclave ? { enclave: true } : {}) };
    const manifest = manifestOf(arena, { folder, common, assemble: await loadAssembler() });
    const { makeHost = createHost } = this.#options;
    const host = await makeHost(manifest, { baseDir: folder, ...options });
    this.#hosts.push(host);
    return host;
  };

  /** An empty folder. */
  readonly folder = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'cofferdam-suite-'));
    this.#folders.push(folder);
    return folder;
  };

  /** A process that does what the case says of its `victim`, with this folder. */
  readonly victim = (folder: string): Victim => {
    const { number = 0, casesFile = null, hostFile = null } = this.#options;
    const { kind, enclave, seed } = this;
    const victim = new Victim({ number, kind, enclave, seed, casesFile, hostFile }, folder);
    this.#victims.push(victim);
    return victim;
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#victims.splice(0).map((victim) => victim.kill()));
    await Promise.allSettled(this.#hosts.splice(0).map((host) => host.close()));
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}

/** Mulberry32: numbers from 0 to 1 that a seed repeats. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const EVERY = { secrecy: ['customer:*'] };
export const acme = { label: { secrecy: ['customer:acme'] } };
export const globex = { label: { secrecy: ['customer:globex'] } };
export const nobody = { label: {} };

/** A resource of the program that keeps what it gets. */
export function makeSink() {
  const got: unknown[] = [];
  return { got, resources: { sink: (value: unknown) => void got.push(value) } };
}

/** The code of the error that `run` ends with; undefined when it ends well. Anything but our errors is thrown on. */
export async function codeOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof CofferdamError) return error.code;
    if (error instanceof Refused) return REFUSED;
    throw error;
  }
}
