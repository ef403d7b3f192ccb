import { createReadStream } from 'node:fs';
import { camelCase, isTaggedOption } from '../abi/names.ts';
import { CofferdamError } from '../error.ts';
import type { Field, ValType } from '../wasm/types.ts';
import { reason } from './files.ts';
import type { Io } from './io.ts';

/** Of the JSON text. A message is at most 256 MiB (see the manifest's `limits.message`), but not by way of JSON. */
export const MAX_ARGUMENT_BYTES = 64 * 1_048_576;

/** `--args`: JSON text, `@file`, or `@-` for stdin. Throws CLI_ARGS, CLI_FILE. */
export async function readArguments(text: string, io: Io): Promise<readonly unknown[]> {
  const json = text.startsWith('@') ? await readText(text.slice(1), io) : text;
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    const what = (cause as Error).message;
    throw new CofferdamError('CLI_ARGS', `--args is not JSON (${what}). Write --args '["text", 1]'.`, { cause });
  }
  if (Array.isArray(parsed)) return parsed;
  throw new CofferdamError(
    'CLI_ARGS',
    '--args is not an array: write all arguments in order, such as \'["text", 1]\'.',
  );
}

/** Of a file, or of what a pipe brings: neither says beforehand how long it is. */
async function readText(path: string, io: Io): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of path === '-' ? io.stdin : createReadStream(path)) {
      size += chunk.length;
      if (size > MAX_ARGUMENT_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new CofferdamError('CLI_FILE', `${path} cannot be read (${reason(cause)}) — check the path.`, { cause });
  }
  if (size <= MAX_ARGUMENT_BYTES) return Buffer.concat(chunks).toString('utf8');
  throw new CofferdamError('CLI_ARGS', `The arguments in ${path} are longer than ${MAX_ARGUMENT_BYTES} bytes.`);
}

/** JSON values as what a function with these parameters takes. Throws CLI_ARGS, naming the place. */
export function fromJson(args: readonly unknown[], params: readonly Field[]): unknown[] {
  return args.map((value, i) => {
    const param = params[i];
    return param ? convert(value, param.type, param.name) : value;
  });
}

/**
 * Only what JSON has no form for is turned into something else. Whether the rest fits the type is checked where every
 * argument is (ARGUMENT_TYPE). Goes as deep as the type does, not as the value.
 */
function convert(value: unknown, type: ValType, at: string): unknown {
  switch (type.kind) {
    case 'u64':
    case 's64':
      return toBigInt(value, at);
    case 'f32':
    case 'f64':
      return typeof value === 'string' && FLOATS.has(value) ? Number(value) : value;
    case 'list':
      return convertList(value, type.element, at);
    case 'tuple':
      return Array.isArray(value) ? value.map((item, i) => convertPart(item, type.elements[i], `${at}[${i}]`)) : value;
    case 'record':
      return convertFields(value, type.fields, at);
    case 'flags':
      return convertFields(
        value,
        type.names.map((name): Field => ({ name, type: { kind: 'bool' } })),
        at,
      );
    case 'option':
      if (isTaggedOption(type)) return convertCase(value, new Map([['some', type.some]]), at);
      return value === null ? undefined : convert(value, type.some, at);
    case 'result':
      return convertCase(
        value,
        new Map([
          ['ok', type.ok],
          ['err', type.err],
        ]),
        at,
      );
    case 'variant':
      return convertCase(value, new Map(type.cases.map(({ name, type: payload }) => [name, payload])), at);
    case 'own':
    case 'borrow':
      throw new CofferdamError('CLI_ARGS', `${at}: a resource has no form in JSON. Call this export from a program.`);
    default:
      return value;
  }
}

const FLOATS: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

function toBigInt(value: unknown, at: string): unknown {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  if (typeof value !== 'number') return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw new CofferdamError(
    'CLI_ARGS',
    `${at}: ${value} is not exact in JSON. Write it as text, such as "${2n ** 53n}".`,
  );
}

function convertList(value: unknown, element: ValType, at: string): unknown {
  if (Array.isArray(value)) return value.map((item, i) => convert(item, element, `${at}[${i}]`));
  if (!isPlainObject(value) || !Object.hasOwn(value, '$bytes')) return value;
  const text = value.$bytes;
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : null;
  if (element.kind === 'u8' && bytes && bytes.toString('base64') === text) return new Uint8Array(bytes);
  const remedy = element.kind === 'u8' ? 'Write it in base64 with its padding.' : 'Only a list of u8 is written so.';
  throw new CofferdamError('CLI_ARGS', `${at}: $bytes cannot be read. ${remedy}`);
}

function convertFields(value: unknown, fields: readonly Field[], at: string): unknown {
  if (!isPlainObject(value)) return value;
  const types = new Map(fields.map(({ name, type }) => [camelCase(name), type]));
  const unknown = Object.keys(value).find((key) => !types.has(key));
  if (unknown !== undefined) {
    const known = [...types.keys()].join(', ');
    throw new CofferdamError('CLI_ARGS', `${at}: there is no field ${JSON.stringify(unknown)}. There are: ${known}.`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, convertPart(item, types.get(key), `${at}.${key}`)]),
  );
}

function convertCase(value: unknown, payloads: ReadonlyMap<string, ValType | null>, at: string): unknown {
  if (!isPlainObject(value) || typeof value.tag !== 'string' || !Object.hasOwn(value, 'val')) return value;
  return { tag: value.tag, val: convertPart(value.val, payloads.get(value.tag) ?? undefined, `${at}.val`) };
}

function convertPart(value: unknown, type: ValType | undefined, at: string): unknown {
  return type ? convert(value, type, at) : value;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
