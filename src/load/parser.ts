import type { Code } from '../codes.ts';
import { CofferdamError } from '../error.ts';
import { DisposableWorker, WORKER_LIMITS, type WorkerLimits } from './disposable-worker.ts';
import type { Request } from './request.ts';

/** Turns hostile bytes into text that describes them, in a disposable worker. One job after the other. */
export interface Parser extends AsyncDisposable {
  /**
   * The worker's answer, as untrusted as the bytes. Throws what the decoder threw, LOAD_TIMEOUT, LOAD_CRASHED,
   * LOAD_ABORTED.
   */
  parse(request: Request, signal?: AbortSignal): Promise<string>;
}

/** The worker starts with the first job, and serves until a file does it harm. */
export function makeParser(limits: WorkerLimits = WORKER_LIMITS): Parser {
  return new WorkerParser(limits);
}

/** After these the worker is not used again. */
const DEADLY: ReadonlySet<Code> = new Set(['LOAD_CRASHED', 'LOAD_TIMEOUT', 'LOAD_ABORTED']);

class WorkerParser implements Parser {
  readonly #limits: WorkerLimits;
  #worker: DisposableWorker | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(limits: WorkerLimits) {
    this.#limits = limits;
  }

  parse(request: Request, signal?: AbortSignal): Promise<string> {
    const answer = this.#queue.then(() => this.#parse(request, signal));
    this.#queue = answer.catch(() => null);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue;
    await this.#discard();
  }

  async #parse(request: Request, signal: AbortSignal | undefined): Promise<string> {
    const isUsed = this.#worker !== null;
    try {
      return await this.#ask(request, signal);
    } catch (error) {
      // What an earlier file did to the worker must not be held against this one: a fresh worker decides.
      const code = error instanceof CofferdamError ? error.code : null;
      if (!isUsed || code !== 'LOAD_CRASHED') throw error;
    }
    return await this.#ask(request, signal);
  }

  async #ask(request: Request, signal: AbortSignal | undefined): Promise<string> {
    this.#worker ??= new DisposableWorker(this.#limits);
    try {
      return await this.#worker.ask(request, signal);
    } catch (error) {
      if (!(error instanceof CofferdamError) || DEADLY.has(error.code)) await this.#discard();
      throw error;
    }
  }

  async #discard(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.end();
  }
}
