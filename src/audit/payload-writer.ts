/** The field that can't be written; carries its name upward. */
export class FieldError extends Error {}

/** Room for the numbers of one record; strings and lists ask for their own. */
const RECORD_SLACK_BYTES = 512;

/** So many characters have at most so many bytes, whose count is one byte. */
const SHORT_CHARS = 42;
const SHORT_BYTES = 126;
/** Buffer's own, without the arguments' checks around it. */
interface RawBuffer {
  utf8Write(text: string, offset: number, length: number): number;
}

/**
 * The bytes of a payload as they grow: numbers in LEB128, strings as length and UTF-8. Whoever writes more than the numbers
 * of one record reserves room.
 */
export class PayloadWriter {
  #bytes: Buffer;
  /** How many there are; may be set back. */
  at = 0;

  constructor(initialBytes: number) {
    this.#bytes = Buffer.allocUnsafe(initialBytes + RECORD_SLACK_BYTES);
  }

  /** Valid until the next write. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.at);
  }

  /** A byte, as it is. */
  code(value: number): void {
    this.#bytes[this.at++] = value;
  }

  /** Throws FieldError. */
  uint(value: unknown): void {
    if (((value as number) & 0x7f) === value) {
      this.#bytes[this.at++] = value;
      return;
    }
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new FieldError();
    const bytes = this.#bytes;
    let rest = value as number;
    let at = this.at;
    while (rest >= 0x8000_0000) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.at = at;
  }

  /** Numbers that were written before, mostly small: those of an array from `start` to before `end`. */
  known(numbers: Int32Array, start: number, end: number): void {
    const bytes = this.#bytes;
    let at = this.at;
    for (let i = start; i < end; i++) {
      let rest = numbers[i] as number;
      while (rest >= 0x80) {
        bytes[at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      bytes[at++] = rest;
    }
    this.at = at;
  }

  string(value: string): void {
    if (value.length <= SHORT_CHARS) {
      this.reserve(SHORT_BYTES);
      // Node's types leave this method of a Buffer out.
      const written = (this.#bytes as unknown as RawBuffer).utf8Write(value, this.at + 1, SHORT_BYTES);
      this.#bytes[this.at] = written;
      this.at += 1 + written;
      return;
    }
    const length = Buffer.byteLength(value);
    this.reserve(length);
    this.uint(length);
    this.at += this.#bytes.write(value, this.at, length, 'utf8');
  }

  /** As they are, with room made for them. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Makes room for `length` bytes and the numbers of a record after them. */
  reserve(length: number): void {
    const needed = this.at + length + RECORD_SLACK_BYTES;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.at);
    this.#bytes = larger;
  }
}
