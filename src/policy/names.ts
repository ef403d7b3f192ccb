/** Names of principals, compartments and resources: lower-case ASCII words joined by single hyphens. One spelling each. */
export const NAME_PATTERN = '^[a-z][a-z0-9]*(-[a-z0-9]+)*$';
const NAME = new RegExp(NAME_PATTERN);
const MAX_NAME_LENGTH = 64;

/** Words that already mean something where names are printed (`host` in a path) or that are hooks of JavaScript objects. */
const RESERVED: ReadonlySet<string> = new Set(['host', 'constructor', 'prototype']);

export function isName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && NAME.test(text) && !RESERVED.has(text);
}

/** Why `isName` is false, for a message. */
export function nameAdvice(text: string): string {
  if (RESERVED.has(text)) return 'the name is reserved — choose another';
  return `a name is lower-case words joined by single hyphens, such as 'line-count', at most ${MAX_NAME_LENGTH} characters`;
}

/**
 * An import or export as WIT writes it: `desk:text/classify@1.0.0`, `desk:text/classify#classify`, `redact`,
 * `[method]connection.send`. Loose on purpose: whether it exists is known when the code is loaded.
 */
export const WIT_NAME_PATTERN = '^[A-Za-z0-9\\[][A-Za-z0-9:/@.#+_$\\[\\]-]{0,255}$';

/** The closest of the known words, or null: for "did you mean". At most a third of the letters may differ. */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.floor(Math.min(word.length, 32) / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.slice(0, 64), candidate.slice(0, 64));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Optimal string alignment: insert, delete, replace, or swap two neighbours. */
function editDistance(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const next = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      let least = Math.min((last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + same);
      const isSwap = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (isSwap) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      next.push(least);
    }
    [before, last] = [last, next];
  }
  return last[other.length] ?? 0;
}
