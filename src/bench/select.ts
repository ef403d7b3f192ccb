import { CofferdamError } from '../error.ts';
import type { Row } from './row.ts';

/** Which peers to measure: all, none, or those whose names begin with one of these. */
export type PeerChoice = 'all' | 'none' | readonly string[];

/** Rows whose id matches, without the peers that are not wanted. Throws BENCH_ROWS. */
export function selectRows(rows: readonly Row[], pattern: string, peers: PeerChoice): readonly Row[] {
  const chosen = patternOf(pattern);
  const found = rows.filter(({ id }) => chosen.test(id));
  if (found.length === 0) {
    const ids = rows.map(({ id }) => id).join(', ');
    throw new CofferdamError('BENCH_ROWS', `No row matches ${pattern} — there are: ${ids}.`);
  }
  const names = [...new Set(rows.flatMap(({ subjects }) => Object.keys(subjects)))].filter((name) => !isOurs(name));
  const unknown = Array.isArray(peers) ? peers.find((peer) => !names.some((name) => name.startsWith(peer))) : undefined;
  if (unknown !== undefined) {
    throw new CofferdamError('BENCH_ROWS', `There is no peer ${unknown} — there are: ${names.join(', ')}.`);
  }
  return found.map((row) => ({
    ...row,
    subjects: Object.fromEntries(
      Object.entries(row.subjects).filter(([name]) => isOurs(name) || isWanted(name, peers)),
    ),
  }));
}

/** One of our own, in whatever form. */
export function isOurs(subject: string): boolean {
  return subject.startsWith('cofferdam');
}

function isWanted(name: string, peers: PeerChoice): boolean {
  if (peers === 'all' || peers === 'none') return peers === 'all';
  return peers.some((peer) => name.startsWith(peer));
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new CofferdamError('BENCH_ROWS', `--rows is no regular expression: ${(cause as Error).message}.`, { cause });
  }
}
