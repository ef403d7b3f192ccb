import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { CASES } from './all-cases.ts';
import { type Case, KINDS } from './case.ts';
import type { MakeHost } from './lab.ts';
import { tryCase, type Verdict } from './verdict.ts';

/*
 * The process that cases are tried in: what they attack is the host, so it may hang or fall, and the suite goes on. It
 * gets a job and answers with a verdict, one at a time.
 */

const jobShape = z.strictObject({
  number: z.int(),
  kind: z.enum(KINDS),
  enclave: z.boolean(),
  seed: z.int(),
  /** A module with more cases, and one that makes another host; or null. */
  casesFile: z.string().nullable(),
  hostFile: z.string().nullable(),
});
export type Job = z.infer<typeof jobShape>;
export type Answer = { readonly verdict: Verdict } | { readonly error: string };

process.on('message', async (message) => {
  process.send?.(await answer(message));
});
process.on('disconnect', () => process.exit(0));

async function answer(message: unknown): Promise<Answer> {
  try {
    const { number, kind, enclave, seed, casesFile, hostFile } = jobShape.parse(message);
    const cases = casesFile === null ? CASES : await defaultOf<readonly Case[]>(casesFile);
    const found = cases.find((each) => each.number === number);
    if (!found) throw new Error(`There is no case ${number}.`);
    const makeHost = hostFile === null ? {} : { makeHost: await defaultOf<MakeHost>(hostFile) };
    return { verdict: await tryCase(found, { kind, enclave, seed, ...makeHost }) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function defaultOf<T>(file: string): Promise<T> {
  const module: { default?: T } = await import(pathToFileURL(file).href);
  if (module.default === undefined) throw new Error(`${file} has no default export.`);
  return module.default;
}
