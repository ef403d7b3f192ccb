import { Worker } from 'node:worker_threads';
import type { Code } from '../codes.ts';
import { CofferdamError } from '../error.ts';
import { readAnswer } from './answer.ts';
import { boundedText } from './bounded-text.ts';
import type { Request } from './request.ts';

export interface WorkerLimits {
  /** From asking to the answer, the start of a worker included. A decoder needs milliseconds, wasm-tools a second. */
  readonly jobMs: number;
  /** JavaScript heap of the worker: some hundred bytes for each of the items that the decoder allows a file. */
  readonly heapMebibytes: number;
  /** Bytes of the worker's stdout and stderr that are kept for an error's details. */
  readonly outputBytes: number;
}

export const WORKER_LIMITS: WorkerLimits = { jobMs: 15_000, heapMebibytes: 512, outputBytes: 4096 };

/**
 * The worker's entry stands beside this file under the same ending: `.ts` in the source tree, `.js` in a build, which
 * must emit it as an entry point of its own (with wasm-tools' two `.core.wasm` files beside it).
 */
export function parseWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './parse-worker.ts' : './parse-worker.js', import.meta.url);
}

/** One thread that parses hostile bytes, one job at a time, until it is ended or dies. */
export class DisposableWorker {
  readonly #limits: WorkerLimits;
  readonly #worker: Worker;
  #output = '';
  #hasEnded = false;

  constructor(limits: WorkerLimits) {
    this.#limits = limits;
    this.#worker = new Worker(parseWorkerUrl(), {
      name: 'cofferdam-parser',
      // Nothing of the host's environment, arguments or flags; what it prints is kept for an error's details.
      env: {},
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: limits.heapMebibytes, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
    });
    // Waiting for jobs must not keep the process alive; waiting for an answer does, by its timer.
    this.#worker.unref();
    this.#worker.on('exit', () => {
      this.#hasEnded = true;
    });
    // Whoever waits for an answer hears of the error; nobody else needs to.
    this.#worker.on('error', () => null);
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      stream.on('data', (chunk: Buffer) => this.#keep(chunk));
    }
  }

  /** The answer's text. Throws what the decoder threw, LOAD_TIMEOUT, LOAD_CRASHED, LOAD_ABORTED. */
  async ask(request: Request, signal?: AbortSignal): Promise<string> {
    return readAnswer(await this.#answer(request, signal));
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #answer(request: Request, signal: AbortSignal | undefined): Promise<unknown> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit).off('messageerror', onError);
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (code: Code, message: string, cause?: unknown) => {
        settle();
        reject(new CofferdamError(code, message, { cause, details: this.#details() }));
      };
      const onMessage = (answer: unknown) => {
        settle();
        resolve(answer);
      };
      const onError = (cause: unknown) => fail('LOAD_CRASHED', `${CRASHED} — do not use this file.`, cause);
      const onExit = (status: number) => fail('LOAD_CRASHED', `${CRASHED} (status ${status}) — do not use this file.`);
      const onAbort = () => fail('LOAD_ABORTED', 'The loading was aborted by the caller.', signal?.reason);
      const onTimeout = () =>
        fail('LOAD_TIMEOUT', `The bytes were not understood within ${this.#limits.jobMs} ms — do not use this file.`);
      const timer = setTimeout(onTimeout, this.#limits.jobMs);
      if (signal?.aborted) return onAbort();
      if (this.#hasEnded) return fail('LOAD_CRASHED', 'The worker that parses modules had died before.');
      worker.on('message', onMessage).on('error', onError).on('exit', onExit).on('messageerror', onError);
      signal?.addEventListener('abort', onAbort);
      worker.postMessage(request);
    });
  }

  #details(): Record<string, unknown> {
    return this.#output === '' ? {} : { output: boundedText(this.#output, this.#limits.outputBytes) };
  }

  #keep(chunk: Buffer): void {
    const room = this.#limits.outputBytes - this.#output.length;
    if (room > 0) this.#output += chunk.subarray(0, room).toString('latin1');
  }
}

const CRASHED = 'The worker that parses modules died over these bytes';
