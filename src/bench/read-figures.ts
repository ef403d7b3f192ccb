import { open } from 'node:fs/promises';
import * as z from 'zod';
import { CofferdamError } from '../error.ts';
import { type Figures, figuresSchema } from './figures.ts';

/** A run of all rows has 100 kB. */
const MAX_BYTES = 16 * 1_048_576;

/** Reads what `--json` wrote. Throws BENCH_FILE. */
export async function readFigures(path: string): Promise<Figures> {
  let text: string;
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes`);
    text = await file.readFile('utf8');
  } catch (cause) {
    throw unusable(path, (cause as Error).message, cause);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unusable(path, (cause as Error).message, cause);
  }
  const parsed = figuresSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unusable(
    path,
    `${issue?.path.join('.') ?? ''}: ${issue?.message ?? z.prettifyError(parsed.error)}`,
    parsed.error,
  );
}

function unusable(path: string, why: string, cause: unknown): CofferdamError {
  return new CofferdamError(
    'BENCH_FILE',
    `${path} holds no figures to compare with (${why}) — name a file that --json wrote.`,
    {
      cause,
    },
  );
}
