import type { Code } from '../../codes.ts';

/**
 * What generated modules and the broker share: one memory per broker. Cells are i32; the ring's records are 16 bytes.
 * Before the ring lies one record that matches no port, so that the first real one has a predecessor to compare with.
 */
export const KERNEL = {
  /** Address of the epoch: a decision made at another one is made again. */
  EPOCH: 32,
  /** Address of the address where the next record goes. */
  W: 36,
  /** Address of the first address after the ring. */
  END: 40,
  RECORD_BYTES: 16,
  /** Offsets in a record: port, messages, bytes of their requests, bytes of their replies; u32 each. */
  PORT: 0,
  COUNT: 4,
  REQUEST_BYTES: 8,
  REPLY_BYTES: 12,
  /** In a port: the record holds a reply whose request is in an earlier record. */
  REPLY_BIT: 0x8000_0000,
  /** In a state cell: the instance may call no import just now. */
  NO_LEAVE: 1,
  /** The port of the record before the ring. */
  NO_PORT: 0xffff_ffff,
  /** A record that has this many messages or bytes takes no more. */
  MAX_COUNT: 0x1000_0000,
  MAX_BYTES: 0x4000_0000,
} as const;

/** Why a crossing was refused: argument of `refuse`. */
export const REFUSAL = {
  /** The caller is inside no call, or may not leave (bit 0 of its cell). */
  OUTSIDE: 0,
  /** The callee is inside a call. */
  BUSY: 1,
  /** The callee returned although its cell has changed: something that it had called failed, and it went on. */
  SWALLOWED: 2,
} as const;

/** Added to the argument of `fault`: the callee broke the canonical ABI, not the caller. */
export const CALLEE_AT_FAULT = 0x100;

/** By the argument of `fault`. The codes are those of lift and lower. */
// biome-ignore format: a table
export const FAULTS = [
  'ABI_POINTER', 'ABI_ALIGNMENT', 'ABI_LENGTH', 'ABI_UTF8', 'ABI_CHAR', 'ABI_DISCRIMINANT', 'ABI_REALLOC', 'LIMIT_MESSAGE',
] as const satisfies readonly Code[];

export type Fault = (typeof FAULTS)[number];

/** What `fault` was called with: the error code, and which side is to blame. */
export function readFault(argument: number): { code: Fault; side: 'caller' | 'callee' } {
  const code = FAULTS[argument & 0xff];
  if (code === undefined) throw new RangeError(`There is no fault ${argument}`);
  return { code, side: (argument & CALLEE_AT_FAULT) !== 0 ? 'callee' : 'caller' };
}
