import { MESSAGE_START } from '../../abi/message.ts';
import type { Conversation } from './conversation.ts';
import { died } from './died.ts';
import { ASK, TELL } from './frame.ts';
import type { ParentTransport } from './transport.ts';

/** How long a peer may be silent where nobody says. */
const PATIENCE_MS = 5_000;

/** Asks an idle peer whether it lives. Nothing else can be asked of it before it has answered. */
export class Heartbeat {
  readonly #talk: Conversation<ParentTransport>;
  #askedMs: number | null = null;
  patienceMs = PATIENCE_MS;
  /** Of linear memory, when it said so last. */
  memoryBytes = 0;

  constructor(talk: Conversation<ParentTransport>) {
    this.#talk = talk;
  }

  get isOwed(): boolean {
    return this.#askedMs !== null;
  }

  /** It has been silent for longer than anybody waits. */
  get isOverdue(): boolean {
    return this.#askedMs !== null && performance.now() - this.#askedMs > this.patienceMs;
  }

  /** Asks, unless an answer is owed already, and waits a little for it. Throws COMPARTMENT_DIED. */
  beat(waitMs: number): void {
    if (this.#askedMs === null) {
      this.#talk.writer.begin();
      this.#talk.timeMs = Number.POSITIVE_INFINITY;
      this.#talk.say(ASK.BEAT, 0);
      this.#askedMs = performance.now();
    }
    this.#hear(waitMs);
  }

  /** Something else is to be asked, and may wait for so long. Throws COMPARTMENT_DIED. */
  settle(leftMs: number): void {
    if (this.#askedMs === null) return;
    const patienceMs = this.patienceMs - (performance.now() - this.#askedMs);
    this.#hear(Math.max(0, Math.min(patienceMs, leftMs)));
    if (this.#askedMs !== null) throw died('it does not say that it lives');
  }

  #hear(waitMs: number): void {
    const length = this.#talk.transport.receive(waitMs);
    if (length < 0) return;
    this.#talk.hear(length);
    if (this.#talk.kind !== TELL.DONE) throw died('it did not say that it lives');
    this.#askedMs = null;
    this.hearSize();
  }

  /** From the frame received last: it says how large it is when it is made, and with each heartbeat. */
  hearSize(): void {
    const bytes = this.#talk.reader.view.getFloat64(MESSAGE_START, true);
    this.memoryBytes = Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
  }
}
