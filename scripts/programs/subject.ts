import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Mode } from './patched-engine.ts';
import { type Answer, BEGUN, type Request, RUN } from './worker-protocol.ts';

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
    await once(worker, 'message');
    return new Subject(worker, new Int32Array(interrupt.buffer));
  }

  async run(): Promise<Answer> {
    return (await this.#ask('run')) as Answer;
  }

  /** Runs, and is told to stop after a time. Null if it had ended by then; else how long it took to, in milliseconds. */
  async interruptAfter(milliseconds: number): Promise<{ readonly answer: Answer; readonly took: number } | null> {
    const reply = this.#ask('run');
    Atomics.wait(this.#words, BEGUN, 0, 1000);
    Atomics.wait(this.#words, BEGUN + 1, 0, milliseconds);
    const told = process.hrtime.bigint();
    const isRunning = Atomics.compareExchange(this.#words, RUN, 1, -1) === 1;
    const answer = (await reply) as Answer;
    return isRunning && answer.error !== null ? { answer, took: Number(answer.ended - told) / 1e6 } : null;
  }

  async refresh(): Promise<void> {
    await this.#ask('fresh');
  }

  async #ask(request: Request): Promise<unknown> {
    this.#worker.postMessage(request);
    const [answer] = await once(this.#worker, 'message');
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
