import { CODES, type Code } from '../codes.ts';
import { CofferdamError } from '../error.ts';
import { boundedText } from './bounded-text.ts';

/** What the parsing worker posts back for a job: the understanding as JSON text, or an error. */
export type Answer =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      /** JSON text. */
      readonly details: string;
    };

/** Characters of one answer. A plan has some 10 kB; but rewritten modules are in it, a third larger than they are. */
export const MAX_ANSWER_CHARACTERS = 384 * 1_048_576;
const MAX_MESSAGE_CHARACTERS = 4000;
const MAX_DETAILS_CHARACTERS = 4000;

/** The text of a good answer. Throws the error of a bad one, and LOAD_CRASHED for what is no answer at all. */
export function readAnswer(answer: unknown): string {
  const fields: Record<string, unknown> = typeof answer === 'object' && answer !== null ? { ...answer } : {};
  const { ok, text, code, message, details } = fields;
  if (ok === true && typeof text === 'string' && text.length <= MAX_ANSWER_CHARACTERS) return text;
  if (ok !== false || !isCode(code) || typeof message !== 'string' || typeof details !== 'string') {
    throw new CofferdamError('LOAD_CRASHED', 'The worker that parses modules gave no proper answer.');
  }
  throw new CofferdamError(code, boundedText(message, MAX_MESSAGE_CHARACTERS), { details: detailsOf(details) });
}

function isCode(code: unknown): code is Code {
  return typeof code === 'string' && Object.hasOwn(CODES, code);
}

function detailsOf(json: string): Record<string, unknown> {
  if (json.length > MAX_DETAILS_CHARACTERS) return {};
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    // The error itself is worth more than its details.
    return {};
  }
}
