import { CODES, type Code } from '../codes.ts';
import { CofferdamError } from '../error.ts';

type Fault = Extract<Code, `ABI_${string}`>;

/** The guest broke the canonical ABI: a trap. */
export function fault(code: Fault, what: string): CofferdamError<Fault> {
  return new CofferdamError(code, `The guest broke the canonical ABI: ${what}`);
}

export const tooLarge = (maxBytes: number): CofferdamError<'LIMIT_MESSAGE'> =>
  new CofferdamError('LIMIT_MESSAGE', `${CODES.LIMIT_MESSAGE} - the limit is ${maxBytes} bytes`);
