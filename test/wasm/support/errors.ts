import { isCofferdamError } from '../../../src/error.ts';

/** The error that `body` throws, which must be one of ours. */
export function errorOf(body: () => unknown): {
  code: string;
  message: string;
  details: Readonly<Record<string, unknown>>;
} {
  try {
    body();
  } catch (error) {
    if (isCofferdamError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Its code, or `none`. */
export function codeOf(body: () => unknown): string {
  try {
    body();
    return 'none';
  } catch (error) {
    if (isCofferdamError(error)) return error.code;
    throw error;
  }
}
