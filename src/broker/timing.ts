import { type Interrupts, type Running, TICKS_PER_MS } from '../compartment/interrupts.ts';
import { CofferdamError } from '../error.ts';

/** What the watchdog's clock may be behind when a limit begins: it ends late rather than early. */
const SLACK_TICKS = 3;

/** A limit of an entry, and when it is over. */
interface Stop {
  readonly code: 'LIMIT_DEADLINE' | 'LIMIT_CPU';
  readonly compartment: string;
  readonly ms: number;
  /** The caller asked for it; otherwise the manifest. */
  readonly isAsked: boolean;
  /** While the chain runs: the tick. */
  at: number;
  /** While it waits: what was left of it then, in ticks. */
  left: number;
}

/** One entry of a chain into a compartment, with the limits that its time has. Can be entered again when it was left. */
export class TimedEntry {
  readonly deadline: Stop | null;
  readonly cpu: Stop | null;
  /** Of its own limits and those of all entries around it. */
  nearest: Stop | null = null;

  constructor(
    compartment: string,
    { deadlineMs, cpuMs }: { readonly deadlineMs: number | null; readonly cpuMs: number | null },
    isAsked = false,
  ) {
    const stop = (code: Stop['code'], ms: number | null): Stop | null =>
      ms === null ? null : { code, compartment, ms, isAsked, at: 0, left: 0 };
    this.deadline = stop('LIMIT_DEADLINE', deadlineMs);
    this.cpu = stop('LIMIT_CPU', cpuMs);
  }

  begin(tick: number, outer: Stop | null): void {
    if (this.deadline) this.deadline.at = (tick + this.deadline.ms * TICKS_PER_MS + SLACK_TICKS) | 0;
    if (this.cpu) this.cpu.at = (tick + this.cpu.ms * TICKS_PER_MS + SLACK_TICKS) | 0;
    this.nearest = nearer(outer, nearer(this.deadline, this.cpu));
  }

  pause(tick: number): void {
    for (const stop of [this.deadline, this.cpu]) if (stop) stop.left = (stop.at - tick) | 0;
  }

  resume(tick: number, waitedTicks: number, outer: Stop | null): void {
    if (this.deadline) this.deadline.at = (tick + this.deadline.left - waitedTicks) | 0;
    if (this.cpu) this.cpu.at = (tick + this.cpu.left) | 0;
    this.nearest = nearer(outer, nearer(this.deadline, this.cpu));
  }
}

function nearer(one: Stop | null, other: Stop | null): Stop | null {
  if (one === null || other === null) return one ?? other;
  return ((other.at - one.at) | 0) < 0 ? other : one;
}

export interface TimingEnv {
  /** Of this thread; taken when something has a limit. */
  readonly interrupts: () => Interrupts;
  /** Monotonic. */
  readonly elapsedMs: () => number;
}

/**
 * The time that a chain has. While it runs the watchdog stops it at the nearest limit of all its entries; while it waits for
 * a host function a timer does.
 */
export class Timing {
  readonly #env: TimingEnv;
  readonly #entries: TimedEntry[] = [];
  readonly #running: Running = { stopAt: 0, below: null };
  #state: 'free' | 'running' | 'waiting' = 'free';
  #waitsSinceMs = 0;
  #timer: NodeJS.Timeout | null = null;
  /** It has waited for too long. */
  readonly #onOverdue: (error: CofferdamError) => void;

  constructor(env: TimingEnv, onOverdue: (error: CofferdamError) => void) {
    this.#env = env;
    this.#onOverdue = onOverdue;
  }

  enter(entry: TimedEntry): void {
    if (this.#state === 'waiting') this.resume();
    const outer = this.#nearest;
    this.#entries.push(entry);
    if (entry.deadline === null && entry.cpu === null) {
      entry.nearest = outer;
      return;
    }
    const interrupts = this.#env.interrupts();
    entry.begin(interrupts.tick, outer);
    this.#arm(interrupts);
  }

  leave(): void {
    this.#entries.pop();
    if (this.#state === 'free') return;
    if (this.#nearest === null) this.#stop();
    else if (this.#state === 'running') this.#arm(this.#env.interrupts());
  }

  /** Nothing of the chain is on the stack when control has gone back to whoever called: it waits, or is about to go on. */
  pause(): void {
    if (this.#state !== 'running') return;
    const interrupts = this.#env.interrupts();
    const { tick } = interrupts;
    interrupts.end(this.#running);
    this.#state = 'waiting';
    this.#waitsSinceMs = this.#env.elapsedMs();
    for (const entry of this.#entries) entry.pause(tick);
    this.#wait();
  }

  /** It goes on, before anything of it runs. */
  resume(): void {
    if (this.#state === 'free') return;
    const interrupts = this.#env.interrupts();
    if (this.#state === 'waiting') {
      this.#clear();
      const waitedTicks = Math.round((this.#env.elapsedMs() - this.#waitsSinceMs) * TICKS_PER_MS);
      const { tick } = interrupts;
      let outer: Stop | null = null;
      for (const entry of this.#entries) {
        entry.resume(tick, waitedTicks, outer);
        outer = entry.nearest;
      }
    }
    this.#arm(interrupts);
  }

  /** All entries are over. */
  close(): void {
    this.#entries.length = 0;
    this.#stop();
  }

  /** Which limit the running chain is past, if it is. */
  exceeded(cause?: unknown): CofferdamError | null {
    const stop = this.#nearest;
    const isPast = stop !== null && this.#state === 'running' && this.#env.interrupts().isPast(stop.at);
    return isPast ? errorOf(stop, cause) : null;
  }

  get #nearest(): Stop | null {
    return this.#entries[this.#entries.length - 1]?.nearest ?? null;
  }

  #arm(interrupts: Interrupts): void {
    this.#running.stopAt = this.#nearest?.at ?? 0;
    if (this.#state === 'running') interrupts.again(this.#running);
    else interrupts.begin(this.#running);
    this.#state = 'running';
  }

  #stop(): void {
    if (this.#state === 'running') this.#env.interrupts().end(this.#running);
    this.#state = 'free';
    this.#clear();
  }

  #wait(): void {
    const [first, ...rest] = this.#entries.flatMap(({ deadline }) => deadline ?? []);
    if (first === undefined) return;
    const next = rest.reduce((best, stop) => (stop.left < best.left ? stop : best), first);
    const leftMs = next.left / TICKS_PER_MS - (this.#env.elapsedMs() - this.#waitsSinceMs);
    if (leftMs <= 0) this.#onOverdue(errorOf(next));
    else this.#timer = setTimeout(() => this.#wait(), Math.ceil(leftMs));
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function errorOf({ code, compartment, ms, isAsked }: Stop, cause?: unknown): CofferdamError {
  const isDeadline = code === 'LIMIT_DEADLINE';
  const what = isDeadline ? `took longer than ${ms} ms` : `ran for more than ${ms} ms without waiting`;
  const key = `compartments.${compartment}.limits.${isDeadline ? 'deadline' : 'cpu'}`;
  const remedy = isAsked ? 'Call it with a later deadlineMs' : `Raise ${key}`;
  return new CofferdamError(code, `A call into ${compartment} ${what}. ${remedy}, or mend the guest.`, {
    cause,
    details: { compartment, limitMs: ms },
  });
}
