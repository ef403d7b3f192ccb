import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutants.ts';

/** A mutant that no test can kill, and why: it does the same as what it was made from, for all that can reach it. */
export interface Equivalent {
  readonly file: string;
  readonly original: string;
  readonly mutant: string;
  readonly reason: string;
}

export const EQUIVALENT: readonly Equivalent[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'equivalent.json'), 'utf8'),
) as readonly Equivalent[];

export function isSame(entry: Equivalent, mutant: Mutant): boolean {
  return entry.file === mutant.file && entry.original === mutant.original && entry.mutant === mutant.mutant;
}

export function isEquivalent(mutant: Mutant): boolean {
  return EQUIVALENT.some((entry) => isSame(entry, mutant));
}
