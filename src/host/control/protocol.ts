import * as z from 'zod';
import { CODES, type Code } from '../../codes.ts';
import { CofferdamError } from '../../error.ts';
import { CONTROL_LIMITS } from './limits.ts';

/*
 * One JSON document per line, in both directions. A request has an answer, in order; `watch` is the last of its connection,
 * and is followed by a line for each transition.
 */

const compartment = z.string().min(1).max(64);
const count = z.int().min(0);
const label = z.strictObject({ secrecy: z.array(z.string()), integrity: z.array(z.string()) });
const state = z.enum(['declared', 'loaded', 'running', 'suspended', 'poisoned', 'stopped']);

const requestSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('status') }),
  z.strictObject({ do: z.literal('watch') }),
  z.strictObject({ do: z.literal('suspend'), compartment }),
  z.strictObject({ do: z.literal('resume'), compartment }),
  z.strictObject({
    do: z.literal('stop'),
    compartment,
    graceMs: z.int().min(0).max(CONTROL_LIMITS.graceMs).optional(),
  }),
  z.strictObject({
    do: z.literal('replace'),
    compartment,
    wasm: z.string().startsWith('/').max(4_096).optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
]);

export type ControlRequest = z.output<typeof requestSchema>;

export const statusSchema = z.strictObject({
  pid: count,
  version: z.string(),
  manifest: z.string().nullable(),
  journal: z.string().nullable(),
  run: count,
  startedMs: count,
  compartments: z.array(
    z.strictObject({
      name: compartment,
      state,
      sha256: z.string(),
      failing: z.array(z.strictObject({ label, waitMs: count.nullable() })),
      instances: z.array(
        z.strictObject({
          id: z.string(),
          label,
          state: z.enum(['running', 'suspended']),
          memoryBytes: count.nullable(),
        }),
      ),
    }),
  ),
});

/** What `cofferdam ps` shows of one host. */
export type HostStatus = z.output<typeof statusSchema>;

const watchedSchema = z.strictObject({
  compartment,
  instance: z.string().nullable(),
  label: label.nullable(),
  from: state,
  to: state,
  why: z.string(),
  at: z.number(),
  lost: count,
});

const answerSchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), result: z.unknown() }),
  z.strictObject({ ok: z.literal(false), error: z.strictObject({ code: z.string(), message: z.string() }) }),
]);

/** Throws CONTROL_REQUEST. */
export function parseRequest(line: string): ControlRequest {
  const parsed = requestSchema.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw malformed(`${at}${issue?.message ?? 'it means nothing'}`);
}

/** What the answer holds. Throws what the host answers as an error, and CONTROL_REQUEST for what is no answer. */
export function parseAnswer(line: string): unknown {
  const parsed = answerSchema.safeParse(parseJson(line));
  if (!parsed.success) throw malformed('the other side does not speak this protocol');
  if (parsed.data.ok) return parsed.data.result;
  const { code, message } = parsed.data.error;
  throw new CofferdamError(Object.hasOwn(CODES, code) ? (code as Code) : 'CONTROL_REQUEST', message);
}

/** Throws CONTROL_REQUEST. */
export function parseTransition(line: string): z.output<typeof watchedSchema> {
  const parsed = watchedSchema.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  throw malformed('a transition has another shape, so the host runs another version');
}

export function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw malformed('it is not JSON');
  }
}

export function malformed(why: string): CofferdamError {
  return new CofferdamError(
    'CONTROL_REQUEST',
    `A message on the control socket cannot be read: ${why}. Use \`cofferdam\`.`,
  );
}
