import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CofferdamError } from '../error.ts';
import { createHost, type Host, type HostOptions } from '../index.ts';
import { type Arena, loadAssembler, manifestOf } from './arena.ts';
import type { Kind } from './case.ts';
import { REFUSED, Refused } from './foreign.ts';

/** Makes a running host of a manifest: ours, or that of somebody else whom the suite is to try. */
export type MakeHost = (manifest: object, options: HostOptions) => Promise<Host>;

export interface LabOptions {
  readonly kind?: Kind;
  readonly enclave?: boolean;
  /** Of cases that try things at random. */
  readonly seed?: number;
  /** Default: our own. */
  readonly makeHost?: MakeHost;
}

/** Where one case is tried: its hosts and folders, gone when it is disposed of. */
export class Lab implements AsyncDisposable {
  readonly kind: Kind;
  readonly enclave: boolean;
  readonly seed: number;
  readonly #makeHost: MakeHost;
  readonly #hosts: Host[] = [];
  readonly #folders: string[] = [];

  constructor({ kind = 'inline', enclave = false, seed = 1, makeHost = createHost }: LabOptions = {}) {
    this.kind = kind;
    this.enclave = enclave;
    this.seed = seed;
    this.#makeHost = makeHost;
  }

  /** A running host whose compartments are of this lab's kind. */
  readonly make = async (arena: Arena, options: HostOptions = {}): Promise<Host> => {
    const folder = this.folder();
    const common = { kind: this.kind, ...(this.enclave ? { enclave: true } : {}) };
    const manifest = manifestOf(arena, { folder, common, assemble: await loadAssembler() });
    const host = await this.#makeHost(manifest, { baseDir: folder, ...options });
    this.#hosts.push(host);
    return host;
  };

  /** An empty folder. */
  readonly folder = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'cofferdam-suite-'));
    this.#folders.push(folder);
    return folder;
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#hosts.splice(0).map((host) => host.close()));
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
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
