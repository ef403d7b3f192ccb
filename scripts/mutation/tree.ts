import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { applied, type Mutant } from './mutants.ts';

export type Outcome = 'killed' | 'survived' | 'timeout';

/** A copy of the project to break: the working tree is never touched. */
export class Tree implements Disposable {
  readonly #root: string;
  readonly folder = mkdtempSync(join(tmpdir(), 'cofferdam-mutation-'));

  constructor(root: string) {
    this.#root = root;
    const isOurs = (path: string) => basename(path) !== 'node_modules';
    for (const part of [
      'src',
      'test',
      'guests',
      'examples',
      'schema',
      'wit',
      'package.json',
      'vitest.config.ts',
      'tsconfig.json',
    ]) {
      cpSync(join(root, part), join(this.folder, part), { recursive: true, filter: isOurs });
    }
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** As it is in this copy, before any change. */
  textOf(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  /** Runs the tests with one mutant in place; the first that fails ends it. */
  async try(mutant: Mutant | null, tests: readonly string[], timeoutMs: number): Promise<Outcome> {
    const text = mutant && this.textOf(mutant.file);
    if (mutant && text) writeFileSync(join(this.folder, mutant.file), applied(text, mutant));
    try {
      return await this.#run(tests, timeoutMs);
    } finally {
      if (mutant && text) writeFileSync(join(this.folder, mutant.file), text);
    }
  }

  #run(tests: readonly string[], timeoutMs: number): Promise<Outcome> {
    const vitest = join(this.#root, 'node_modules/vitest/vitest.mjs');
    const args = [
      vitest,
      'run',
      '--bail',
      '1',
      '--maxWorkers',
      '1',
      '--no-isolate',
      '--no-file-parallelism',
      '--reporter',
      'dot',
      ...tests,
    ];
    // Random inputs are the same for all mutants; a group of its own, so that nothing of a mutant that hangs is left.
    const env = { ...process.env, XDG_CACHE_HOME: join(this.folder, '.cache'), FUSED_RUNS: '150' };
    const child = spawn(process.execPath, args, { cwd: this.folder, env, stdio: 'ignore', detached: true });
    return new Promise((resolve, reject) => {
      let isLate = false;
      const end = () => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      };
      const timer = setTimeout(() => {
        isLate = true;
        end();
      }, timeoutMs);
      child.on('error', reject);
      child.on('exit', (code) => {
        clearTimeout(timer);
        end();
        resolve(isLate ? 'timeout' : code === 0 ? 'survived' : 'killed');
      });
    });
  }
}
