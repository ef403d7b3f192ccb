import { closeSync, readSync, writeSync } from 'node:fs';
import { CofferdamError } from '../../error.ts';
import { died } from '../remote/died.ts';
import { HALF_BYTES, LENGTH_AT, MAX_FRAME_BYTES, SLOT_AT, SLOT_BYTES, WORD } from './layout.ts';

/** Looks at a number that is neither the last nor the next, before it is a lie rather than a write in progress. */
const MAX_TORN_LOOKS = 3_000;
const FIRST_BYTES = 4096;
/** A buffer that a rare long frame needed is not kept. */
const MAX_KEPT_BYTES = 1_048_576;
const EMPTY = new Uint8Array(0);

/**
 * One side of the shared file: pieces of frames, without any waiting. Nothing that the other side wrote is believed: a
 * sequence number is only compared, a length is bounded, and a frame is a private copy.
 */
export class Channel {
  readonly #file: number;
  readonly #mine: number;
  readonly #theirs: number;
  /** The longest frame that is taken. */
  maxBytes: number;
  readonly #words = new Int32Array(3);
  readonly #out = new Int32Array(1);
  #sent = 0;
  #received = 0;
  #tornLooks = 0;
  #hasSent = false;
  #outgoing = new Uint8Array(FIRST_BYTES);
  #frame = new Uint8Array(FIRST_BYTES);
  /** Of the frame that is arriving; 0 between frames. */
  #expected = 0;
  #arrived = 0;

  /** `side` 0 writes the first half. */
  constructor(file: number, side: 0 | 1, maxBytes: number) {
    this.#file = file;
    this.#mine = side * HALF_BYTES;
    this.#theirs = HALF_BYTES - this.#mine;
    this.maxBytes = maxBytes;
  }

  get frame(): Uint8Array {
    return this.#frame;
  }

  /** Pieces sent. */
  get pieces(): number {
    return this.#sent >>> 0;
  }

  reserve(bytes: number): Uint8Array {
    if (bytes > MAX_FRAME_BYTES) throw tooLong(bytes);
    if (this.#outgoing.length < bytes || (this.#hasSent && this.#outgoing.length > MAX_KEPT_BYTES)) {
      const larger = new Uint8Array(Math.max(bytes, FIRST_BYTES));
      if (!this.#hasSent) larger.set(this.#outgoing);
      this.#outgoing = larger;
    }
    this.#hasSent = false;
    return this.#outgoing;
  }

  /** Sends what of the first `bytes` begins at `from`, as much as fits; gives where the rest begins. */
  sendPiece(from: number, bytes: number): number {
    const size = Math.min(SLOT_BYTES, bytes - from);
    this.#write(this.#outgoing, from, size, this.#mine + SLOT_AT);
    this.#writeWord(LENGTH_AT, bytes);
    this.#sent = (this.#sent + 1) | 0;
    this.#writeWord(WORD.SEQUENCE * 4, this.#sent);
    this.#hasSent = from + size === bytes;
    return from + size;
  }

  /** Has the other side read the piece that was sent last? As of the last look. */
  get isSeen(): boolean {
    return this.#words[WORD.SEEN] === this.#sent;
  }

  /** Does the other side wait for a byte on the doorbell? As of the last look. */
  get isPeerAsleep(): boolean {
    return this.#words[WORD.ASLEEP] === 1;
  }

  set isAsleep(isAsleep: boolean) {
    this.#writeWord(WORD.ASLEEP * 4, isAsleep ? 1 : 0);
  }

  /** Looks once at what the other side has written: is another piece there? */
  look(): boolean {
    // The number is read whole or is not the expected one; see layout.ts.
    this.#read(this.#words, 12, this.#theirs);
    const sequence = this.#words[WORD.SEQUENCE];
    if (sequence === this.#received) {
      this.#tornLooks = 0;
      return false;
    }
    if (sequence === ((this.#received + 1) | 0)) return true;
    this.#tornLooks++;
    if (this.#tornLooks > MAX_TORN_LOOKS) throw died('it sent pieces out of order');
    return false;
  }

  /** Takes the piece that `look` found. Gives the frame's length when it was its last one, and -1 otherwise. */
  takePiece(): number {
    this.#read(this.#out, 4, this.#theirs + LENGTH_AT);
    const length = (this.#out[0] as number) >>> 0;
    if (this.#expected === 0) this.#begin(length);
    else if (length !== this.#expected) throw died('it changed the length of a frame on its way');
    const size = Math.min(SLOT_BYTES, length - this.#arrived);
    this.#readInto(this.#frame, this.#arrived, size, this.#theirs + SLOT_AT);
    this.#arrived += size;
    this.#received = (this.#received + 1) | 0;
    if (this.#arrived === length) {
      this.#expected = 0;
      this.#arrived = 0;
      return length;
    }
    // Strict turns: the last piece of a frame is known to be read when the other side answers.
    this.#writeWord(WORD.SEEN * 4, this.#received);
    return -1;
  }

  /** Nothing is read or written any more. */
  close(): void {
    closeSync(this.#file);
    this.#frame = EMPTY;
    this.#outgoing = EMPTY;
  }

  #begin(length: number): void {
    if (length === 0 || length > this.maxBytes) throw died(`it sent a frame of ${length} bytes`);
    this.#expected = length;
    this.#arrived = 0;
    const { length: room } = this.#frame;
    if (room < length || (room > MAX_KEPT_BYTES && length <= MAX_KEPT_BYTES)) {
      this.#frame = new Uint8Array(Math.max(length, FIRST_BYTES));
    }
  }

  #read(words: Int32Array, bytes: number, at: number): void {
    if (readSync(this.#file, words, 0, bytes, at) !== bytes) throw died('it cut the channel short');
  }

  #readInto(into: Uint8Array, from: number, bytes: number, at: number): void {
    if (readSync(this.#file, into, from, bytes, at) !== bytes) throw died('it cut the channel short');
  }

  #writeWord(at: number, word: number): void {
    this.#out[0] = word;
    this.#write(this.#out, 0, 4, this.#mine + at);
  }

  #write(bytes: NodeJS.ArrayBufferView, from: number, size: number, at: number): void {
    if (writeSync(this.#file, bytes, from, size, at) !== size) {
      throw died('the file of its channel has no room');
    }
  }
}

function tooLong(bytes: number): CofferdamError<'LIMIT_MESSAGE'> {
  return new CofferdamError(
    'LIMIT_MESSAGE',
    `A frame of ${bytes} bytes is longer than any may be (${MAX_FRAME_BYTES}) - send less, or load a smaller module`,
    { details: { limit: MAX_FRAME_BYTES } },
  );
}
