import { CofferdamError } from '../../error.ts';

/** A position in the code section, and what stands between its instructions. Reads past `end` are noticed afterwards. */
export class CodeReader {
  readonly bytes: Uint8Array;
  at = 0;
  end = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A value type takes one byte, but for references to a heap type. */
  valType(at: number): number {
    const code = this.bytes[at] as number;
    return code === 0x63 || code === 0x64 ? this.afterLeb(at + 1) : at + 1;
  }

  /** Empty, a value type, or the index of a type. */
  blockType(at: number): number {
    const code = this.bytes[at] as number;
    return code === 0x63 || code === 0x64 ? this.afterLeb(at + 1) : this.afterLeb(at);
  }

  leb(): void {
    this.at = this.afterLeb(this.at);
  }

  afterLeb(start: number): number {
    let at = start;
    while ((this.bytes[at++] as number) > 0x7f);
    return at;
  }

  u32(): number {
    const start = this.at;
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80 && value < 2 ** 32) return value;
    }
    return this.refuse('WASM_MALFORMED', start, 'An integer has more than 32 bits');
  }

  cutOff(): never {
    return this.refuse('WASM_TRUNCATED', this.end, 'An instruction leads out of its function');
  }

  beyond(offset: number, what: string, index: number): never {
    return this.refuse('WASM_MALFORMED', offset, `There is no ${what} ${index}`);
  }

  unknown(offset: number, op: number, code: number | null): never {
    const name = `0x${op.toString(16).padStart(2, '0')}${code === null ? '' : ` ${code}`}`;
    return this.refuse('WASM_UNSUPPORTED', offset, `The instruction ${name} is not known`, `instruction ${name}`);
  }

  refuse(
    code: 'WASM_MALFORMED' | 'WASM_TRUNCATED' | 'WASM_UNSUPPORTED',
    offset: number,
    what: string,
    feature?: string,
  ): never {
    const section = 'code section';
    throw new CofferdamError(code, `${what} (at byte ${offset}, in the ${section}).`, {
      details: { offset, section, ...(feature === undefined ? {} : { feature }) },
    });
  }
}
