import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { defaultCacheDir } from '../load/cache.ts';
import { PeerMissing } from './peer-missing.ts';
import { IS_SOURCE, PEERS } from './places.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
}

const INSTALL = ['install', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];

/** Packages that the benchmark is measured against, at the versions that `bench/peers/package.json` names. */
export class Peers {
  /** Holds `package.json`, and `node_modules` once they are installed. */
  readonly folder: string;
  readonly #pinned: ReadonlyMap<string, string>;
  #failure: string | null = null;

  constructor(folder: string = defaultFolder()) {
    this.folder = folder;
    const { dependencies } = JSON.parse(readFileSync(new URL('package.json', PEERS), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    this.#pinned = new Map(Object.entries(dependencies));
  }

  /** Installs what is not there. Does not throw: what cannot be had is missing, and says why. */
  async install(onProgress: (line: string) => void): Promise<void> {
    if ([...this.#pinned.keys()].every((name) => this.#isPresent(name))) return;
    onProgress(`Installing the peers (20 MB) into ${this.folder} …`);
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      if (!IS_SOURCE) cpSync(PEERS, this.folder, { recursive: true });
      await runNpm(this.folder);
      onProgress('Installed.');
    } catch (error) {
      this.#failure = `npm install failed: ${(error as Error).message}`;
      onProgress(`${this.#failure}. Going on without them.`);
    }
  }

  /** A file of a peer's package, to be imported. Throws PeerMissing. */
  file(name: string, path: string): string {
    const { version } = this.#manifestOf(name);
    const pinned = this.#pinned.get(name)?.replace(/^npm:.*@/, '');
    if (version !== pinned) throw new PeerMissing(`installed at ${version}, not ${pinned}: remove ${this.folder}`);
    return new URL(path, this.#root(name)).href;
  }

  /** `name version`, or null when it is not installed. */
  describe(name: string): string | null {
    if (!this.#isPresent(name)) return null;
    const { name: own, version } = this.#manifestOf(name);
    return `${own} ${version}`;
  }

  #manifestOf(name: string): Manifest {
    if (!this.#isPresent(name)) throw new PeerMissing(`not installed (${this.#failure ?? 'leave out --no-install'})`);
    return JSON.parse(readFileSync(new URL('package.json', this.#root(name)), 'utf8')) as Manifest;
  }

  #isPresent(name: string): boolean {
    return existsSync(new URL('package.json', this.#root(name)));
  }

  /** In the source tree, what the project itself depends on need not be installed again. */
  #root(name: string): URL {
    const here = pathToFileURL(`${join(this.folder, 'node_modules', name)}/`);
    const ours = new URL(`../../node_modules/${name}/`, import.meta.url);
    return IS_SOURCE && !existsSync(here) ? ours : here;
  }
}

/** In the source tree beside their package.json; else in the user's cache, a folder for each set of versions. */
function defaultFolder(): string {
  if (IS_SOURCE) return fileURLToPath(PEERS);
  const digest = createHash('sha256').update(readFileSync(new URL('package.json', PEERS)));
  return join(defaultCacheDir(), `bench-peers-${digest.digest('hex').slice(0, 16)}`);
}

async function runNpm(cwd: string): Promise<void> {
  const child = spawn('npm', INSTALL, { cwd, stdio: ['ignore', 'ignore', 'pipe'], timeout: 180_000 });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 4096) said += chunk.toString('utf8');
  });
  const status = await new Promise<number | string | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  if (status === 0) return;
  const line = said.split('\n').find((each) => /error/i.test(each)) ?? `status ${status}`;
  throw new Error(line.slice(0, 200));
}
