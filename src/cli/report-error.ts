import { inspect } from 'node:util';
import { CODES, type Code } from '../codes.ts';
import { CofferdamError } from '../error.ts';
import type { Io } from './io.ts';
import { jsonText } from './json.ts';
import { safeLines } from './output.ts';

/** Mistakes of the person at the keyboard, told apart from denials and failures by the exit code. */
const USAGE: ReadonlySet<Code> = new Set<Code>(['CLI_USAGE', 'CLI_ARGS', 'BENCH_ROWS']);

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export function exitCodeOf(error: unknown): number {
  return error instanceof CofferdamError && USAGE.has(error.code) ? EXIT.usage : EXIT.failed;
}

/** On stderr: `error CODE: message`, or with `json` one document `{ error: { code, message, details } }`. */
export async function reportError(
  io: Io,
  thrown: unknown,
  { json, verbose }: { json: boolean; verbose: boolean },
): Promise<void> {
  const error = asCofferdamError(thrown);
  if (json) {
    const { code, message, details } = error;
    await io.stderr.write(jsonText({ error: { code, message, details } }));
    return;
  }
  const lines = messagesOf(error).map(
    ({ code, message }) => `${io.stderr.style(['bold', 'red'], `error ${code}:`)} ${safeLines(message)}\n`,
  );
  if (error.code === 'GUEST_ERROR') lines.push(`payload: ${jsonText(error.details.payload)}`);
  else if (error.code === 'INTERNAL' && !verbose) lines.push('--verbose shows its cause.\n');
  if (verbose) lines.push(`${safeLines(inspect(thrown, { depth: 4 }))}\n`);
  await io.stderr.write(lines.join(''));
}

/** A manifest may have many problems, each with its own code and place. */
function messagesOf(error: CofferdamError): { readonly code: string; readonly message: string }[] {
  const { problems } = error.details;
  if (!error.code.startsWith('MANIFEST_') || !Array.isArray(problems) || problems.length < 2) return [error];
  return problems.flatMap((problem: unknown) => {
    if (typeof problem !== 'object' || problem === null || !('code' in problem) || !('message' in problem)) return [];
    return [{ code: String(problem.code), message: String(problem.message) }];
  });
}

function asCofferdamError(thrown: unknown): CofferdamError {
  if (thrown instanceof CofferdamError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CofferdamError('INTERNAL', `${CODES.INTERNAL} ${message}`, { cause: thrown });
}
