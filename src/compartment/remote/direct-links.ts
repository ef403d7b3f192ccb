import type { Asks } from './asks.ts';
import { isCrossing } from './crossing.ts';
import { type DirectEnd, type DirectHost, type DirectPeer, numberOf } from './direct.ts';

interface Made {
  readonly port: number;
  readonly end: DirectEnd;
}

/** The parent's side: the links over which one instance calls others directly. */
export class DirectLinks {
  readonly #host: DirectHost;
  readonly #end: DirectEnd;
  readonly #isGone: () => boolean;
  readonly #made = new Map<number, Made>();
  readonly #lines = new Map<DirectEnd, { readonly id: number; readonly line: ReturnType<DirectPeer['lineTo']> }>();
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
      const { epoch: _, ...decided } = bound;
      const { kernel, cell: caller } = this.#host;
      this.#end.peer.post({
        kind: 'link',
        import: index,
        kernel,
        caller,
        ...this.#line(end, bound.callee),
        ...decided,
      });
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

  #line(end: DirectEnd, callee: number) {
    let made = this.#lines.get(end);
    if (made === undefined) {
      const line = this.#end.peer.lineTo(end.peer);
      end.peer.post({ kind: 'line', line, number: numberOf(callee) });
      end.readMail();
      made = { id: this.#lines.size, line };
      this.#lines.set(end, made);
    }
    this.#unwatch ??= this.#host.watch(this.#isWriting());
    return { line: made.line, lineId: made.id };
  }

  #isWriting(): () => boolean {
    const bell = new Int32Array(this.#end.peer.bell);
    return () => isCrossing(bell) && !this.#isGone();
  }
}
