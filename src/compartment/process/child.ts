import type { ChildProcess } from 'node:child_process';
import { closeSync, readSync } from 'node:fs';
import type { Duplex, Writable } from 'node:stream';
import type { CofferdamError } from '../../error.ts';
import { shorten } from '../guest-error.ts';
import { died } from '../remote/died.ts';

/** Of a child's last words (V8's when it runs out of memory, Node's when it cannot start). */
const MAX_OUTPUT_BYTES = 1_024;
/** Bells that nobody hears: then it only said that it sleeps. A socket holds a few hundred. */
const MAX_UNHEARD_BELLS = 64;
const BELL = Uint8Array.of(1);

/** A process that the host has started, from outside: is it alive, its doorbell, its end. */
export class Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #stat: number;
  readonly #log: number;
  readonly #doorbell: Duplex;
  readonly #lifeline: Writable;
  readonly #text = Buffer.alloc(256);
  #isOpen = true;
  #isKilled = false;
  #listener: ChildListener | null = null;

  /** `stat` is its file in /proc, `log` where it writes its errors; both are closed with it. */
  constructor(process: ChildProcess, stat: number, log: number) {
    this.#process = process;
    this.#stat = stat;
    this.#log = log;
    this.pid = process.pid as number;
    this.#lifeline = process.stdio[0] as Writable;
    this.#doorbell = process.stdio[3] as Duplex;
    process.on('exit', () => this.#listener?.onExit()).on('error', () => undefined);
    for (const stream of [this.#lifeline, this.#doorbell]) stream.on('error', () => undefined);
    this.#doorbell.on('data', (bytes: Uint8Array) => this.#listener?.onBell(bytes.length));
    this.unref();
  }

  set listener(listener: ChildListener) {
    this.#listener = listener;
  }

  /** It must not keep the host's process alive by itself, */
  unref(): void {
    this.#process.unref();
    unrefSocket(this.#lifeline);
    unrefSocket(this.#doorbell);
  }

  /** but somebody who waits for it does. */
  ref(): void {
    this.#process.ref();
  }

  get isClosed(): boolean {
    return !this.#isOpen;
  }

  /** A blocked thread is told nothing: it has to ask. About 15 µs. */
  get isDead(): boolean {
    if (!this.#isOpen || this.#process.exitCode !== null || this.#process.signalCode !== null) return true;
    try {
      const length = readSync(this.#stat, this.#text, 0, this.#text.length, 0);
      // "12 (name) S …": the name may hold anything.
      const text = this.#text.toString('latin1', 0, length);
      const state = text[text.lastIndexOf(')') + 2];
      return state === 'Z' || state === 'X';
    } catch {
      return true; // ESRCH: it has been reaped
    }
  }

  /** Wakes it. False when it does not take what it was sent before. */
  ring(): boolean {
    if (this.#doorbell.writableLength > MAX_UNHEARD_BELLS) return false;
    this.#doorbell.write(BELL);
    return true;
  }

  /** At once, with whatever it may have started. */
  kill(): void {
    if (this.#isKilled || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#isKilled = true;
    try {
      // It is not reaped yet, so its number is nobody else's.
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      this.#process.kill('SIGKILL'); // it has not come to its own process group yet
    }
  }

  /** Ends it, and lets go of what it was reached by. */
  close(): void {
    if (!this.#isOpen) return;
    this.kill();
    this.#isOpen = false;
    this.#listener = null;
    this.#lifeline.destroy();
    this.#doorbell.destroy();
    closeSync(this.#stat);
    closeSync(this.#log);
  }

  /** What to say when it is found dead. */
  died(): CofferdamError<'COMPARTMENT_DIED'> {
    const output = this.#isOpen ? this.#lastWords() : '';
    return died(`process ${this.pid} has ended${output === '' ? '' : `; its last words: ${output}`}`);
  }

  #lastWords(): string {
    const bytes = Buffer.alloc(MAX_OUTPUT_BYTES);
    return shorten(bytes.toString('latin1', 0, readSync(this.#log, bytes, 0, bytes.length, 0)).trim());
  }
}

/** Of the transport that uses it. */
export interface ChildListener {
  onBell(count: number): void;
  onExit(): void;
}

function unrefSocket(stream: Writable | Duplex): void {
  if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}
