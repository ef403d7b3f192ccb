import { KERNEL } from './kernel.ts';

const RECORD_WORDS = KERNEL.RECORD_BYTES >> 2;
const COUNT = KERNEL.COUNT >> 2;
const REQUEST_BYTES = KERNEL.REQUEST_BYTES >> 2;
const REPLY_BYTES = KERNEL.REPLY_BYTES >> 2;
const W = KERNEL.W >> 2;
const END = KERNEL.END >> 2;

/** What generated crossings write into the ring, for crossings in JavaScript, in whatever thread: see kernel.ts. */
export class Ring {
  readonly #words: Int32Array;
  readonly #onBegin: (at: number) => void;

  /** `words` is all of the kernel's memory; `onBegin` hears of each new record before it is there, by its address. */
  constructor(words: Int32Array, onBegin: (at: number) => void = () => undefined) {
    this.#words = words;
    this.#onBegin = onBegin;
  }

  /** Where there is no room for `records` more, the ring has to be drained first. */
  hasRoom(records: number): boolean {
    return (this.#words[W] as number) + records * KERNEL.RECORD_BYTES <= (this.#words[END] as number);
  }

  /** Adds to the last record, or begins one, for which there has to be room. */
  request(port: number, requestBytes: number, replyBytes: number): void {
    const words = this.#words;
    const w = (words[W] as number) >> 2;
    const last = w - RECORD_WORDS;
    const count = words[last + COUNT] as number;
    const requests = words[last + REQUEST_BYTES] as number;
    const replies = words[last + REPLY_BYTES] as number;
    if (words[last] === port && count < KERNEL.MAX_COUNT && requests < KERNEL.MAX_BYTES && replies < KERNEL.MAX_BYTES) {
      words[last + COUNT] = count + 1;
      words[last + REQUEST_BYTES] = requests + requestBytes;
      words[last + REPLY_BYTES] = replies + replyBytes;
      return;
    }
    this.#begin(w, port, requestBytes, replyBytes);
  }

  /** The reply to the last request through this port; in a record of its own when others came in between. */
  reply(port: number, replyBytes: number): void {
    const words = this.#words;
    const w = (words[W] as number) >> 2;
    const last = w - RECORD_WORDS;
    if (words[last] !== port) this.#begin(w, port | KERNEL.REPLY_BIT, 0, replyBytes);
    else if (replyBytes > 0) words[last + REPLY_BYTES] = (words[last + REPLY_BYTES] as number) + replyBytes;
  }

  #begin(w: number, port: number, requestBytes: number, replyBytes: number): void {
    const words = this.#words;
    this.#onBegin(w << 2);
    words[w] = port;
    words[w + COUNT] = 1;
    words[w + REQUEST_BYTES] = requestBytes;
    words[w + REPLY_BYTES] = replyBytes;
    words[W] = (w + RECORD_WORDS) << 2;
  }
}
