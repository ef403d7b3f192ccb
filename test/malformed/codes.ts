import { CODES, CofferdamError, type ErrorCode } from '../../src/index.ts';

/** Throws an error of ours with a code that was told in another way than by throwing. */
export function isCode(code: string): never {
  if (!Object.hasOwn(CODES, code)) throw new Error(`${code} is no code`);
  throw new CofferdamError(code as ErrorCode, 'Told by the command line.');
}
