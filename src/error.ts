import type { Code } from './codes.ts';

/**
 * The only error class of the package. `code` is stable and documented in docs/errors.md; the message names the thing
 * that is wrong and, after a dash, the remedy. `details` holds machine-readable facts (never payloads).
 */
export class CofferdamError<C extends Code = Code> extends Error {
  readonly code: C;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: C,
    message: string,
    { cause, details = {} }: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CofferdamError';
    this.code = code;
    this.details = details;
  }
}

/** Is this one of ours, and (if asked) with this code? */
export function isCofferdamError<C extends Code = Code>(error: unknown, code?: C): error is CofferdamError<C> {
  return error instanceof CofferdamError && (code === undefined || error.code === code);
}
