import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { CASES } from './all-cases.ts';
import { type Case, KINDS } from './case.ts';
import { Lab, type LabOptions, type MakeHost } from './lab.ts';
import { tryCase, type Verdict } from './verdict.ts';
import type { Tried } from './victim.ts';

/*
 * The process that cases are tried in: what they attack is the host, so it may hang or fall, and the suite goes on. It
 * gets a job and answers with a verdict, one at a time; or it is the victim of a case, and runs until it is killed.
 */

const jobShape = z.strictObject({
  number: z.int(),
  kind: z.enum(KINDS),
  enclave: z.boolean(),
  seed: z.int(),
  casesFile: z.string().nullable(),
  hostFile: z.string().nullable(),
  /** The folder of a victim. */
  victim: z.string().optional(),
});
export type Answer = { readonly verdict: Verdict } | { readonly error: string };

process.on('message', async (message) => {
  const { victim, ...tried } = jobShape.parse(message);
  if (victim === undefined) {
    process.send?.(await answer(tried));
    return;
  }
  const found = await findCase(tried);
  await found.victim?.(new Lab(await optionsOf(tried)), victim);
});
process.on('disconnect', () => process.exit(0));

async function answer(tried: Tried): Promise<Answer> {
  try {
    return { verdict: await tryCase(await findCase(tried), await optionsOf(tried)) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function findCase({ number, casesFile }: Tried): Promise<Case> {
  const cases = casesFile === null ? CASES : await defaultOf<readonly Case[]>(casesFile);
  const found = cases.find((each) => each.number === number);
  if (!found) throw new Error(`There is no case ${number}.`);
  return found;
}

async function optionsOf({ hostFile, ...tried }: Tried): Promise<LabOptions> {
  return { ...tried, hostFile, ...(hostFile === null ? {} : { makeHost: await defaultOf<MakeHost>(hostFile) }) };
}

async function defaultOf<T>(file: string): Promise<T> {
  const module: { default?: T } = await import(pathToFileURL(file).href);
  if (module.default === undefined) throw new Error(`${file} has no default export.`);
  return module.default;
}
