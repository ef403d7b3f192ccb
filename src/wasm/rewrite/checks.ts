import { writeUnsigned } from '../leb128.ts';

/**
 * The instructions that are put into functions. They leave the stack as it was and are valid wherever an instruction is.
 */
export class Checks {
  /** Of the interrupt memory. */
  readonly #memory: number | null;
  /** Index of the fuel global. */
  readonly #fuel: number | null;
  /** if (i32.load run) < 0 then unreachable */
  readonly interrupt: readonly number[];

  constructor(memory: number | null, fuel: number | null) {
    this.#memory = memory;
    this.#fuel = fuel;
    this.interrupt = memory === null ? [] : [0x41, 0x00, 0x28, ...word(memory), 0x41, 0x00, 0x48, ...TRAP];
  }

  /**
   * Takes `cost` from the fuel, which is in the global, or (`isLocal`) in the local too; traps if it is negative then,
   * or, if asked for, if the thread is interrupted. The global holds the truth afterwards, however the code goes on.
   */
  charge(cost: number, local: number, isLocal: boolean, withInterrupt: boolean): number[] {
    const global = this.#fuel ?? 0;
    const bytes: number[] = isLocal ? [0x20] : [0x23];
    writeUnsigned(bytes, isLocal ? local : global);
    bytes.push(0x42);
    writePositive(bytes, cost);
    bytes.push(0x7d, 0x22); // i64.sub, local.tee
    writeUnsigned(bytes, local);
    bytes.push(0x24); // global.set
    writeUnsigned(bytes, global);
    bytes.push(0x20); // local.get
    writeUnsigned(bytes, local);
    // i64.or with i64.load32_s of the run word: negative if either is.
    if (withInterrupt && this.#memory !== null) bytes.push(0x41, 0x00, 0x34, ...word(this.#memory), 0x84);
    bytes.push(0x42, 0x00, 0x53, ...TRAP); // < 0
    return bytes;
  }

  /** Brings the local up to date. */
  reload(local: number): number[] {
    const bytes = [0x23];
    writeUnsigned(bytes, this.#fuel ?? 0);
    bytes.push(0x21);
    writeUnsigned(bytes, local);
    return bytes;
  }
}

/** if, unreachable, end */
const TRAP = [0x04, 0x40, 0x00, 0x0b];

/** The immediates of an access to the word at 0 of a memory, aligned to 4 bytes. */
function word(memory: number): number[] {
  const bytes = memory === 0 ? [0x02] : [0x42];
  if (memory > 0) writeUnsigned(bytes, memory);
  bytes.push(0x00);
  return bytes;
}

/** As a signed LEB128: a leading zero bit keeps it positive. */
function writePositive(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x40) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
}
