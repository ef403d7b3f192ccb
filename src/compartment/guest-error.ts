import { CofferdamError } from '../error.ts';

/** Longest text of a guest or of the engine that goes into an error's details. */
const MAX_DETAIL_CHARS = 200;

/**
 * What came out of a guest, as an error of ours: a trap, an exhausted stack or an exception of the guest is GUEST_TRAP,
 * a value of the wrong core type WASM_SIGNATURE. Anything else did not come from the guest and is given back unchanged.
 */
export function toGuestError(error: unknown): unknown {
  if (error instanceof CofferdamError) return error;
  if (error instanceof WebAssembly.Exception) return guestTrap('it threw an exception that nobody caught');
  if (error instanceof WebAssembly.RuntimeError) return guestTrap(error.message, error);
  if (isStackExhausted(error)) return guestTrap('it used up the stack', error);
  if (isSuspendError(error)) {
    const message = 'The guest called an import that must wait from where it cannot wait - call it so that it can';
    return new CofferdamError('SUSPENSION_SYNC', message, { cause: error });
  }
  if (error instanceof TypeError) {
    const message = 'A value does not fit the core type of a function - the interface does not describe this guest';
    return new CofferdamError('WASM_SIGNATURE', message, { cause: error });
  }
  return error;
}

/** V8's own words, for a guest's recursion and for ours on top of it. */
export function isStackExhausted(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
}

/** JSPI: a suspending import was reached with a frame of JavaScript between it and `callSuspending`. */
function isSuspendError(error: unknown): boolean {
  return error instanceof Error && error.name === 'SuspendError';
}

/** `details` are facts that a guest told: as secret as its instance. */
export function guestTrap(
  reason: string,
  cause?: unknown,
  details: Record<string, unknown> = {},
): CofferdamError<'GUEST_TRAP'> {
  return new CofferdamError('GUEST_TRAP', 'The guest trapped - see details.reason for where', {
    cause,
    details: { reason: shorten(reason), ...details },
  });
}

/** Reading an argument ran code of the caller's, and that threw: an accessor or a proxy. */
export function unreadable(cause: unknown): CofferdamError<'ARGUMENT_TYPE'> {
  return new CofferdamError('ARGUMENT_TYPE', 'An argument threw when it was read - pass plain values', { cause });
}

/** Text of a guest that is fit to print: short, and without control characters. */
export function shorten(text: string): string {
  // Control characters could move a terminal's cursor and forge a line of a log.
  const printable = text.slice(0, MAX_DETAIL_CHARS).replace(/\p{C}/gu, '?');
  return text.length > MAX_DETAIL_CHARS ? `${printable}…` : printable;
}
