import { writeUnsigned } from '../leb128.ts';

const STRIDE = 4;

/**
 * Replacements of ranges of one file, in file order, kept in two flat buffers: 16 bytes for each replacement and the
 * new bytes themselves. A place may be reserved, and filled once what follows it is known.
 */
export class Splices {
  readonly #input: Uint8Array;
  readonly #maxBytes: number;
  /** Start and end in the input, start and end in the patches. */
  #ranges = new Int32Array(256 * STRIDE);
  #count = 0;
  #patches = new Uint8Array(4096);
  #patchEnd = 0;
  /** By how many bytes the output is longer than the input, so far. */
  grown = 0;

  constructor(input: Uint8Array, maxBytes: number) {
    this.#input = input;
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#count;
  }

  /** Would the output be larger than it may be? */
  get isTooLarge(): boolean {
    return this.#input.length + this.grown > this.#maxBytes;
  }

  /** Stores new bytes, to be placed once or often. Gives what `place` takes. */
  store(bytes: ArrayLike<number>): number {
    const start = this.#patchEnd;
    if (start + bytes.length > this.#patches.length) {
      const larger = new Uint8Array((start + bytes.length) * 2);
      larger.set(this.#patches);
      this.#patches = larger;
    }
    this.#patches.set(bytes, start);
    this.#patchEnd += bytes.length;
    return start;
  }

  add(start: number, end: number, bytes: ArrayLike<number>): void {
    this.place(start, end, this.store(bytes), bytes.length);
  }

  place(start: number, end: number, stored: number, size: number): void {
    const index = this.reserve(start, end);
    const at = index * STRIDE + 2;
    this.#ranges[at] = stored;
    this.#ranges[at + 1] = stored + size;
    this.grown += size;
  }

  /** Replaces the range by nothing until it is filled. */
  reserve(start: number, end: number): number {
    let at = this.#count * STRIDE;
    if (at === this.#ranges.length) {
      const larger = new Int32Array(at * 2);
      larger.set(this.#ranges);
      this.#ranges = larger;
    }
    this.#ranges[at++] = start;
    this.#ranges[at++] = end;
    this.#ranges[at++] = 0;
    this.#ranges[at] = 0;
    this.grown -= end - start;
    return this.#count++;
  }

  /** Fills a reserved place; `start` widens it to the left. */
  fill(index: number, bytes: ArrayLike<number>, start: number | null = null): void {
    const at = index * STRIDE;
    if (start !== null) {
      this.grown -= (this.#ranges[at] as number) - start;
      this.#ranges[at] = start;
    }
    const stored = this.store(bytes);
    this.#ranges[at + 2] = stored;
    this.#ranges[at + 3] = stored + bytes.length;
    this.grown += bytes.length;
  }

  /** Reserves a length field, runs `inside` on what it measures, and fills in its new value. */
  sized(start: number, end: number, size: number, inside: () => void): number {
    const place = this.reserve(start, end);
    const before = this.grown;
    inside();
    const bytes: number[] = [];
    const length = size + this.grown - before;
    writeUnsigned(bytes, length);
    this.fill(place, bytes);
    return length;
  }

  /** How far what stands at a position moves by the replacements from `first` on. Those in front of it come first. */
  shift(first: number, position: number): number {
    let moved = 0;
    for (let at = first * STRIDE; at < this.#count * STRIDE; at += STRIDE) {
      const start = this.#ranges[at] as number;
      const end = this.#ranges[at + 1] as number;
      if (end > position) break;
      moved += (this.#ranges[at + 3] as number) - (this.#ranges[at + 2] as number) - (end - start);
    }
    return moved;
  }

  /** The file with everything replaced; the buffer is exactly as large as it needs to be. */
  apply(): Uint8Array {
    const input = this.#input;
    const output = new Uint8Array(input.length + this.grown);
    let from = 0;
    let to = 0;
    for (let at = 0; at < this.#count * STRIDE; at += STRIDE) {
      const start = this.#ranges[at] as number;
      to = copy(input, from, start, output, to);
      to = copy(this.#patches, this.#ranges[at + 2] as number, this.#ranges[at + 3] as number, output, to);
      from = this.#ranges[at + 1] as number;
    }
    copy(input, from, input.length, output, to);
    return output;
  }
}

/** A view and a call cost more than a few dozen bytes one by one. */
function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  if (end - start > 48) {
    target.set(source.subarray(start, end), at);
    return at + end - start;
  }
  let to = at;
  for (let i = start; i < end; i++) target[to++] = source[i] as number;
  return to;
}
