import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Mode } from './patched-engine.ts';
import { type Answer, BEGUN, type Request, RUN } from './worker-protocol.ts';

/** No run of these programs takes a tenth of it: one that does is stuck. */
const MAX_ANSWER_MS = 60_000;

/** A program in a thread of its own, and the watchdog over it: the thread that asks. */
export class Subject {
  readonly #worker: Worker;
  readonly #words: Int32Array;

  private constructor(worker: Worker, words: Int32Array) {
    this.#worker = worker;
    this.#words = words;
  }

  static async start(program: string, mode: Mode): Promise<Subject> {
    const interrupt = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { program, mode, interrupt } });
    await once(worker, 'message', { signal: AbortSignal.timeout(MAX_ANSWER_MS) });
    return new Subject(worker, new Int32Array(interrupt.buffer));
  }

  async run(): Promise<Answer> {
    return (await this.#ask('run')) as Answer;
  }

  /** Runs, and is told to stop after a time. Null if it had ended by then; else how long it went on, in milliseconds. */
  async interruptAfter(milliseconds: number): Promise<{ readonly answer: Answer; readonly took: number } | null> {
    const reply = this.#ask('run');
    Atomics.wait(this.#words, BEGUN, 0, 1000);
    Atomics.wait(this.#words, BEGUN + 1, 0, milliseconds);
    const told = process.hrtime.bigint();
    const isRunning = Atomics.compareExchange(this.#words, RUN, 1, -1) === 1;
    const answer = (await reply) as Answer;
    return isRunning ? { answer, took: Number(answer.ended - told) / 1e6 } : null;
  }

  async refresh(): Promise<void> {
    await this.#ask('fresh');
  }

  async #ask(request: Request): Promise<unknown> {
    const signal = AbortSignal.timeout(MAX_ANSWER_MS);
    const answered = once(this.#worker, 'message', { signal });
    this.#worker.postMessage(request);
    try {
      return (await answered)[0];
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new Error(`no answer to ${request} within ${MAX_ANSWER_MS / 1000} s`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
