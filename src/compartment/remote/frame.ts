import { MESSAGE_START } from '../../abi/message.ts';
import { CODES, type Code } from '../../codes.ts';
import { CofferdamError } from '../../error.ts';

/*
 * What the two sides say to each other. The first word of a frame is its kind, the second a number whose meaning depends on
 * it. Then come the fuel that is left, an i64 that only the side that has the turn can change, and a time in milliseconds, a
 * float64: to the child how long it may run now, to the parent how long it ran. From MESSAGE_START on there is a message: values
 * (abi/message.ts), bytes or JSON text, whose length is the frame's.
 */
export const HEADER = { KIND: 0, NUMBER: 4, FUEL: 8, TIME: 16 } as const;

/** From the parent: the first five begin something, and the others answer what the child asked. */
export const ASK = {
  /** Make its code ready, of which nothing runs yet; the message is the transport's own. Answered by DONE. */
  START: 1,
  /** Make the state that instances start from; nobody has one yet. Answered by DONE with its bytes. */
  CAPTURE: 2,
  /** Make an instance, instead of the last one. Answered as BEAT. */
  MAKE: 3,
  /** Call export `number` with the arguments in the message. Answered by DONE with the result. */
  CALL: 4,
  /** Does it live, and how large is its memory? Answered by DONE with a float64. */
  BEAT: 5,
  /** The result of an import; nothing after OUTPUT; a u64 after NOW; bytes after RANDOM. */
  ANSWER: 6,
  /** What the child asked for failed. It hears no more than that: why, is none of its business. */
  REFUSE: 7,
  /** As ANSWER; and from now on, at epoch `number`, that import may be called directly. There may be mail: see direct.ts. */
  LINKED: 8,
  /** There is mail for you. Answered by DONE. */
  MAIL: 9,
} as const;

/** From the child: the first three end what the parent began, and the others are answered by ANSWER or REFUSE. */
export const TELL = {
  DONE: 16,
  /** What was begun failed: JSON of a `Failure`. The instance is of no use any more. */
  FAILED: 17,
  /** The guest was stopped at the end of its time. The instance is of no use any more. */
  STOPPED: 18,
  /** The guest calls import `number` with the arguments in the message. */
  IMPORT: 19,
  /** The guest printed the bytes in the message to stdout (`number` 1) or stderr (2). */
  OUTPUT: 20,
  /** What time is it? */
  NOW: 21,
  /** Wants `number` random bytes. */
  RANDOM: 22,
  /** A direct call of import `number` is over, with a result of as many bytes as the u32 in the message says. */
  RETURNED: 23,
  /** It failed: JSON of a `Failure`, or nothing where the callee's thread is gone. Never answered by ANSWER. */
  UNDONE: 24,
  /** It was stopped at the end of its time. Never answered by ANSWER. */
  OVERRUN: 25,
} as const;

/** Random bytes of one frame. */
export const MAX_RANDOM_BYTES = 65_536;

/** Longest JSON of a failure. */
const MAX_FAILURE_BYTES = 16_384;
const MAX_TEXT = 2_000;

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A frame holds a message of this many bytes: padding is never more than what it pads, and its pointer. */
export function frameBytesFor(maxMessageBytes: number): number {
  return MESSAGE_START + MAX_FAILURE_BYTES + 2 * maxMessageBytes;
}

/** The child's side: an error as text. Values that JSON has no word for are written as strings. */
export function encodeFailure(error: unknown): Uint8Array {
  const { code, message, details } =
    error instanceof CofferdamError ? error : { code: 'INTERNAL', message: String(error), details: {} };
  const write = (details: unknown) => {
    const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
    return Buffer.from(JSON.stringify({ code, message: message.slice(0, MAX_TEXT), details }, plain));
  };
  const bytes = write(details);
  return bytes.length <= MAX_FAILURE_BYTES ? bytes : write({});
}

/**
 * The parent's side: a failure that the child reports, as an error of ours. Null when it is none that a guest's runtime can
 * have: others (of the caller, of the broker) mean something to the parent that a child has no say in.
 */
export function decodeFailure(bytes: Uint8Array): CofferdamError | null {
  if (bytes.length > MAX_FAILURE_BYTES) return null;
  let failure: Partial<Failure> | null;
  try {
    failure = JSON.parse(Buffer.from(bytes).toString()) as Partial<Failure> | null;
  } catch {
    return null;
  }
  if (typeof failure !== 'object' || failure === null) return null;
  const { code, message, details } = failure;
  if (typeof code !== 'string' || typeof message !== 'string' || !isGuestFault(code)) return null;
  const isPlain = typeof details === 'object' && details !== null && !Array.isArray(details);
  return new CofferdamError(code, message.slice(0, MAX_TEXT), isPlain ? { details: { ...details } } : {});
}

const GUEST_FAULTS: ReadonlySet<string> = new Set([
  'GUEST_TRAP',
  'GUEST_EXIT',
  'WASM_SIGNATURE',
  'LIMIT_MESSAGE',
  'LIMIT_HANDLES',
  'INSTANCE_REENTERED',
  'SUSPENSION_SYNC',
  'PLAN_INVALID',
  'WASI_NOT_GRANTED',
  'ADAPTER_INVALID',
  'ADAPTER_FAILED',
  'SNAPSHOT_IMPURE',
  'SNAPSHOT_CALL',
  'INTERNAL',
] satisfies Code[]);

function isGuestFault(code: string): code is Code {
  return Object.hasOwn(CODES, code) && (GUEST_FAULTS.has(code) || code.startsWith('ABI_'));
}
