import type { Asks } from './asks.ts';
import { isCrossing } from './crossing.ts';
import { type DirectEnd, type DirectHost, numberOf } from './direct.ts';
import type { SharedChannel } from './shared-channel.ts';

interface Made {
  readonly port: number;
  readonly end: DirectEnd;
}

interface Line {
  readonly line: SharedChannel;
  readonly lineId: number;
  /** Its instance's number. */
  readonly callee: number;
}

/** The parent's side: the links over which one instance calls others directly. */
export class DirectLinks {
  readonly #host: DirectHost;
  readonly #end: DirectEnd;
  readonly #isGone: () => boolean;
  readonly #made = new Map<number, Made>();
  readonly #lines = new Map<DirectEnd, Line>();
  #nextLine = 0;
  #unwatch: (() => void) | null = null;

  /** `end` is its own, `isGone`: its thread has ended. */
  constructor(host: DirectHost, end: DirectEnd, isGone: () => boolean) {
    this.#host = host;
    this.#end = end;
    this.#isGone = isGone;
    host.ends.set(numberOf(host.cell), end);
  }

  /** For what is said on behalf of an instance that it has called. */
  asksOf(number: number): Asks | undefined {
    return this.#host.ends.get(number)?.asks();
  }

  /** After a call of import `index` through here: the epoch at which the next may go directly; null: it may not. */
  offer(index: number): number | null {
    const bound = this.#host.bound(index);
    if (bound === null) return null;
    if (this.#made.get(index)?.port !== bound.port) {
      const end = this.#host.ends.get(numberOf(bound.callee));
      if (end === undefined) return null;
      const line = this.#line(end, bound.callee);
      if (line === null) return null;
      const { epoch: _, ...decided } = bound;
      const { kernel, cell: caller } = this.#host;
      const { lineId } = line;
      this.#end.peer.post({ kind: 'link', import: index, kernel, caller, line: line.line, lineId, ...decided });
      this.#made.set(index, { port: bound.port, end });
    }
    return bound.epoch;
  }

  /** Throws what ended the chain. */
  returned(index: number, replyBytes: number): void {
    this.#host.returned(index, replyBytes);
  }

  /** Gives the error to throw. */
  failed(index: number, message: Uint8Array, isOverrun: boolean): unknown {
    return this.#host.failed(index, this.#made.get(index)?.end.asks().failure(message, isOverrun));
  }

  /** It was given up while it ran: it calls nobody any more. */
  fence(): void {
    if (this.#unwatch !== null) this.#host.fence();
  }

  close(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    const { ends, cell } = this.#host;
    if (ends.get(numberOf(cell)) === this.#end) ends.delete(numberOf(cell));
  }

  /** One for each callee. Null where it is lost: whoever calls it next is told. */
  #line(end: DirectEnd, callee: number): Line | null {
    const known = this.#lines.get(end);
    if (known) return known;
    for (const [other, { callee }] of this.#lines) if (this.#host.ends.get(callee) !== other) this.#lines.delete(other);
    const number = numberOf(callee);
    const line = this.#end.peer.lineTo(end.peer);
    end.peer.post({ kind: 'line', line, number });
    try {
      end.readMail();
    } catch {
      return null;
    }
    const made = { line, lineId: this.#nextLine++, callee: number };
    this.#lines.set(end, made);
    this.#unwatch ??= this.#host.watch(this.#isWriting());
    return made;
  }

  #isWriting(): () => boolean {
    const bell = new Int32Array(this.#end.peer.bell);
    return () => isCrossing(bell) && !this.#isGone();
  }
}
