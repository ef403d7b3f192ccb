import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Kind } from './case.ts';
import { workerFile } from './worker-file.ts';

/** A case, as a process of its own is told of it. */
export interface Tried {
  readonly number: number;
  readonly kind: Kind;
  readonly enclave: boolean;
  readonly seed: number;
  /** A module with more cases, and one that makes another host; or null. */
  readonly casesFile: string | null;
  readonly hostFile: string | null;
}

/** A process that does what the case says of its victim, until it is killed. */
export class Victim {
  readonly #child: ChildProcess;
  #error = '';

  /** `folder` is for all that it makes: nothing of it is left when that goes. */
  constructor(tried: Tried, folder: string) {
    this.#child = fork(workerFile(), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, TMPDIR: folder },
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#error = (this.#error + text).slice(0, MAX_ERROR_LENGTH);
    });
    this.#child.send({ ...tried, victim: folder });
  }

  /** Throws when it has ended by itself. */
  assertAlive(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`The victim ended before it was killed (${exitCode ?? signalCode}): ${this.#error}`);
  }

  /** Kill -9; it is gone when this is over. */
  async kill(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

const MAX_ERROR_LENGTH = 2_000;
