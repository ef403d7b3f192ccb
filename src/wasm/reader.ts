import type { Code } from '../codes.ts';
import { CofferdamError } from '../error.ts';
import { WASM_LIMITS } from './limits.ts';

/** What is left of one file's allowance of vector items; shared by all readers of the file. */
export interface Allowance {
  items: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads untrusted bytes between two offsets, and never past them. Every failure is a CofferdamError with
 * `details: { offset, section }`; no count is believed before the bytes for it have been seen to exist.
 * Encodings: WebAssembly core specification, "Binary Format", "Values".
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** What is being read, for errors: `component, type section`. */
  readonly section: string;
  readonly allowance: Allowance;
  offset: number;

  constructor(bytes: Uint8Array, start: number, end: number, section: string, allowance: Allowance) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
    this.section = section;
    this.allowance = allowance;
  }

  /** A reader over a whole file. */
  static over(bytes: Uint8Array, section: string): Reader {
    if (bytes.length > WASM_LIMITS.maxBytes) {
      throw new CofferdamError(
        'WASM_LIMIT',
        `The file has ${bytes.length} bytes, more than the ${WASM_LIMITS.maxBytes} that are read.`,
        { details: { offset: 0, section } },
      );
    }
    return new Reader(bytes, 0, bytes.length, section, { items: WASM_LIMITS.maxItems });
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  fail(code: Code, what: string, { offset = this.offset, details = {} } = {}): never {
    throw new CofferdamError(code, `${what} (at byte ${offset}, in ${this.section}).`, {
      details: { offset, section: this.section, ...details },
    });
  }

  /** The next `size` bytes as a reader of their own; this one goes on after them. */
  part(size: number, section: string): Reader {
    if (size > this.remaining) {
      this.fail('WASM_TRUNCATED', `A ${section} of ${size} bytes is announced where ${this.remaining} are left`);
    }
    const part = new Reader(this.bytes, this.offset, this.offset + size, section, this.allowance);
    this.offset += size;
    return part;
  }

  /** Everything that was announced has been read. */
  assertDone(): void {
    if (!this.done) this.fail('WASM_MALFORMED', `${this.remaining} bytes are left over`);
  }

  skip(size: number): void {
    if (size > this.remaining)
      this.fail('WASM_TRUNCATED', `${size} bytes are announced where ${this.remaining} are left`);
    this.offset += size;
  }

  peek(): number {
    return this.offset < this.end ? (this.bytes[this.offset] ?? 0) : this.truncated();
  }

  byte(): number {
    if (this.offset >= this.end) this.truncated();
    return this.bytes[this.offset++] ?? 0;
  }

  expect(value: number, what: string): void {
    const offset = this.offset;
    const found = this.byte();
    if (found !== value)
      this.fail('WASM_MALFORMED', `${what} must be 0x${hex(value)}, not 0x${hex(found)}`, { offset });
  }

  unknown(byte: number, what: string): never {
    return this.fail('WASM_MALFORMED', `0x${hex(byte)} is no ${what}`, { offset: this.offset - 1 });
  }

  /** An unsigned LEB128 of at most 32 bits. Longer encodings than 5 bytes, and bits beyond the 32nd, are errors. */
  u32(): number {
    const start = this.offset;
    let value = 0;
    for (let place = 1; place <= 2 ** 28; place *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * place;
      if (byte < 0x80 && value < 2 ** 32) return value;
      if (byte < 0x80) break;
    }
    return this.fail('WASM_MALFORMED', 'An integer has more than 32 bits', { offset: start });
  }

  u64(): bigint {
    return this.leb(64, false);
  }

  s32(): number {
    return Number(this.leb(32, true));
  }

  s33(): number {
    return Number(this.leb(33, true));
  }

  s64(): bigint {
    return this.leb(64, true);
  }

  name(): string {
    const offset = this.offset;
    const size = this.u32();
    if (size > WASM_LIMITS.maxNameBytes) this.fail('WASM_LIMIT', `A name has ${size} bytes`, { offset });
    if (size > this.remaining) this.fail('WASM_TRUNCATED', `A name of ${size} bytes is cut off`, { offset });
    const bytes = this.bytes.subarray(this.offset, this.offset + size);
    this.offset += size;
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw new CofferdamError('WASM_MALFORMED', `A name is not UTF-8 (at byte ${offset}, in ${this.section}).`, {
        cause,
        details: { offset, section: this.section },
      });
    }
  }

  /** A vector. Each item takes at least one byte, so a count beyond the bytes that are left is a lie. */
  vector<T>(max: number, what: string, item: (index: number) => T, weight = 1): T[] {
    const count = this.count(max, what, weight);
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(item(index));
    return items;
  }

  /** The count of a vector, checked and taken from the file's allowance, of which each item uses `weight`. */
  count(max: number, what: string, weight = 1): number {
    const offset = this.offset;
    const count = this.u32();
    if (count > max) this.fail('WASM_LIMIT', `${count} ${what}, more than ${max}`, { offset });
    if (count > this.remaining) {
      this.fail('WASM_TRUNCATED', `${count} ${what} are announced where ${this.remaining} bytes are left`, { offset });
    }
    this.allowance.items -= count * weight;
    if (this.allowance.items < 0) {
      this.fail('WASM_LIMIT', `The file has more than ${WASM_LIMITS.maxItems} items`, { offset });
    }
    return count;
  }

  /** `0x00` or `0x01 T`. */
  optional<T>(what: string, item: () => T): T | null {
    const flag = this.byte();
    if (flag === 0) return null;
    if (flag === 1) return item();
    return this.unknown(flag, what);
  }

  /**
   * LEB128 with a bound on its bits: the last byte's unused bits must be zero, or copies of the sign.
   */
  private leb(bits: number, signed: boolean): bigint {
    const start = this.offset;
    let value = 0n;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(shift);
      const room = bits - shift;
      if (room <= 7) {
        if ((byte & 0x80) !== 0)
          this.fail('WASM_MALFORMED', `An integer of ${bits} bits is too long`, { offset: start });
        if (!isLastByte(byte, room, signed)) {
          this.fail('WASM_MALFORMED', `An integer has more than ${bits} bits`, { offset: start });
        }
      }
      if ((byte & 0x80) === 0) return signed ? BigInt.asIntN(Math.min(shift + 7, bits), value) : value;
    }
  }

  private truncated(): never {
    return this.fail('WASM_TRUNCATED', 'The bytes end too early');
  }
}

/** Are the bits of a final byte that have no room in the value zero (unsigned), or copies of its sign bit? */
function isLastByte(byte: number, room: number, signed: boolean): boolean {
  if (room === 7) return true;
  if (!signed) return byte >> room === 0;
  const rest = byte >> (room - 1);
  return rest === 0 || rest === (1 << (8 - room)) - 1;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
