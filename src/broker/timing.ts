import { type Interrupts, type Running, TICKS_PER_MS } from '../compartment/interrupts.ts';
import { CofferdamError } from '../error.ts';

/** What the watchdog's clock may be behind when a limit begins: it ends late rather than early. */
const SLACK_TICKS = 3;

/** A limit of an entry, and when it is over. */
interface Stop {
  readonly code: 'LIMIT_DEADLINE' | 'LIMIT_CPU';
  readonly compartment: string;
  readonly ms: number;
  readonly ticks: number;
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
  /** The entry around it; only the chain's timing sets it. */
  outer: TimedEntry | null = null;

  constructor(
    compartment: string,
    { deadlineMs, cpuMs }: { readonly deadlineMs: number | null; readonly cpuMs: number | null },
    isAsked = false,
  ) {
    const stop = (code: Stop['code'], ms: number | null): Stop | null =>
      ms === null ? null : { code, compartment, ms, ticks: ms * TICKS_PER_MS + SLACK_TICKS, isAsked, at: 0, left: 0 };
    this.deadline = stop('LIMIT_DEADLINE', deadlineMs);
    this.cpu = stop('LIMIT_CPU', cpuMs);
  }

  /** Until the first of its limits; null: it has none. */
  get ticks(): number | null {
    const { deadline, cpu } = this;
    if (deadline === null || cpu === null) return (deadline ?? cpu)?.ticks ?? null;
    return Math.min(deadline.ticks, cpu.ticks);
  }

  begin(tick: number, outer: Stop | null): void {
    const { deadline, cpu } = this;
    if (deadline !== null) deadline.at = (tick + deadline.ticks) | 0;
    if (cpu !== null) cpu.at = (tick + cpu.ticks) | 0;
    this.nearest = outer === null && cpu === null ? deadline : nearer(outer, nearer(deadline, cpu));
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
  /** Taken when something has a limit. */
  #interrupts: Interrupts | null = null;
  /** The innermost. */
  #entry: TimedEntry | null = null;
  readonly #running: Running = { stopAt: 0, below: null };
  #state: 'free' | 'running' | 'waiting' = 'free';
  #waitsSinceMs = 0;
  #timer: NodeJS.Timeout | null = null;
  /** What generated code enters and leaves by itself while nothing else of the chain does: see abi/fused/entry.ts. */
  unspoken: TimedEntry | null = null;
  /** It has waited for too long. */
  readonly #onOverdue: (error: CofferdamError) => void;

  constructor(env: TimingEnv, onOverdue: (error: CofferdamError) => void) {
    this.#env = env;
    this.#onOverdue = onOverdue;
  }

  enter(entry: TimedEntry): void {
    if (this.#state === 'waiting') this.resume();
    const outer = this.#entry === null ? null : this.#entry.nearest;
    entry.outer = this.#entry;
    this.#entry = entry;
    if (entry.deadline === null && entry.cpu === null) {
      entry.nearest = outer;
      return;
    }
    this.#interrupts ??= this.#env.interrupts();
    entry.begin(this.#interrupts.tick, outer);
    this.#arm(this.#interrupts, entry.nearest);
  }

  /** The chain comes back to JavaScript out of what generated code has entered: from here on, its time is kept here. */
  takeOver(): void {
    const entry = this.unspoken;
    if (entry === null || this.#entry !== null) return;
    this.#interrupts ??= this.#env.interrupts();
    this.#interrupts.adopt(this.#running);
    entry.begin((this.#running.stopAt - (entry.ticks ?? 0)) | 0, null);
    this.#entry = entry;
    this.#state = 'running';
  }

  /** Generated code leaves, and finds that others began meanwhile, of this chain or not. */
  leaveUnspoken(): void {
    if (this.#entry !== null) this.leave();
    else this.#env.interrupts().endUnspoken();
  }

  leave(): void {
    const left = this.#entry;
    if (left === null) return;
    this.#entry = left.outer;
    left.outer = null;
    if (this.#state === 'free' || this.#interrupts === null) return;
    const stop = this.#nearest;
    if (stop === null) this.#stop();
    else if (this.#state === 'running') this.#arm(this.#interrupts, stop);
  }

  /** Nothing of the chain is on the stack when control has gone back to whoever called: it waits, or is about to go on. */
  pause(): void {
    const interrupts = this.#interrupts;
    if (this.#state !== 'running' || interrupts === null) return;
    const { tick } = interrupts;
    interrupts.end(this.#running);
    this.#state = 'waiting';
    this.#waitsSinceMs = this.#env.elapsedMs();
    for (const entry of this.#entries()) entry.pause(tick);
    this.#wait();
  }

  /** It goes on, before anything of it runs. */
  resume(): void {
    const interrupts = this.#interrupts;
    if (this.#state === 'free' || interrupts === null) return;
    if (this.#state === 'waiting') {
      this.#clear();
      const waitedTicks = Math.round((this.#env.elapsedMs() - this.#waitsSinceMs) * TICKS_PER_MS);
      const { tick } = interrupts;
      let outer: Stop | null = null;
      for (const entry of this.#entries()) {
        entry.resume(tick, waitedTicks, outer);
        outer = entry.nearest;
      }
    }
    this.#arm(interrupts, this.#nearest);
  }

  /** All entries are over. */
  close(): void {
    this.#entry = null;
    this.#stop();
  }

  /**
   * How long what runs elsewhere may go on before the nearest limit, in milliseconds; 0: it is past it, Infinity: there is none. `isAside`: this
   * thread does other things meanwhile.
   */
  leftMs(isAside: boolean): number {
    if (isAside) this.pause();
    const next = this.#next();
    // It is stopped there by another clock, which is behind by as much as this one was when the limit began.
    if (next === null) return Number.POSITIVE_INFINITY;
    return next.left <= 0 ? 0 : Math.max(next.left - SLACK_TICKS + 1, 1) / TICKS_PER_MS;
  }

  /** Something of it ran elsewhere while this thread did other things. */
  ran(ms: number): void {
    if (this.#state !== 'waiting') return;
    const ticks = Math.round(ms * TICKS_PER_MS);
    for (const { cpu } of this.#entries()) if (cpu) cpu.left = (cpu.left - ticks) | 0;
  }

  /** What takes no time of the chain, although it waits for it. */
  exempt<T>(body: () => T): T {
    if (this.#state !== 'running') return body();
    this.pause();
    try {
      return body();
    } finally {
      this.#waitsSinceMs = this.#env.elapsedMs();
      this.resume();
    }
  }

  /** The error of the limit that is reached first: for whoever knows that it is. */
  overdue(cause?: unknown): CofferdamError | null {
    const next = this.#next();
    return next === null ? null : errorOf(next.stop, cause);
  }

  /** Which limit the chain is past, if it is, or was when it began to wait. */
  exceeded(cause?: unknown): CofferdamError | null {
    const stop = this.#nearest;
    if (stop === null || this.#state === 'free') return null;
    const isPast = this.#state === 'waiting' ? stop.left <= 0 : this.#interrupts?.isPast(stop.at) === true;
    return isPast ? errorOf(stop, cause) : null;
  }

  /** The limit that is reached first if it runs from now on, and how many ticks there are until then. */
  #next(): { readonly stop: Stop; readonly left: number } | null {
    if (this.#state === 'running' && this.#interrupts !== null) {
      const stop = this.#nearest;
      return stop && { stop, left: (stop.at - this.#interrupts.tick) | 0 };
    }
    if (this.#state === 'free') return null;
    const waited = Math.round((this.#env.elapsedMs() - this.#waitsSinceMs) * TICKS_PER_MS);
    const stops = this.#entries().flatMap(({ deadline, cpu }) => [
      ...(deadline ? [{ stop: deadline, left: deadline.left - waited }] : []),
      ...(cpu ? [{ stop: cpu, left: cpu.left }] : []),
    ]);
    return stops.reduce<(typeof stops)[number] | null>(
      (best, one) => (best && best.left <= one.left ? best : one),
      null,
    );
  }

  get #nearest(): Stop | null {
    return this.#entry === null ? null : this.#entry.nearest;
  }

  /** The outermost first. */
  #entries(): TimedEntry[] {
    const entries: TimedEntry[] = [];
    for (let entry = this.#entry; entry !== null; entry = entry.outer) entries.unshift(entry);
    return entries;
  }

  #arm(interrupts: Interrupts, stop: Stop | null): void {
    this.#running.stopAt = stop?.at ?? 0;
    if (this.#state === 'running') interrupts.again(this.#running);
    else interrupts.begin(this.#running);
    this.#state = 'running';
  }

  #stop(): void {
    if (this.#state === 'running') this.#interrupts?.end(this.#running);
    this.#state = 'free';
    if (this.#timer !== null) this.#clear();
  }

  /** `isLate`: a timer calls. Whoever waits for the chain is told later than it has begun to wait, even if the time is over by then. */
  #wait(isLate = false): void {
    const [first, ...rest] = this.#entries().flatMap(({ deadline }) => deadline ?? []);
    if (first === undefined) return;
    const next = rest.reduce((best, stop) => (stop.left < best.left ? stop : best), first);
    const leftMs = next.left / TICKS_PER_MS - (this.#env.elapsedMs() - this.#waitsSinceMs);
    if (leftMs <= 0 && isLate) this.#onOverdue(errorOf(next));
    else this.#timer = setTimeout(() => this.#wait(true), Math.max(0, Math.ceil(leftMs)));
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
