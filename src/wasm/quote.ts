/** Names of a file can be 100,000 bytes, and errors nest. */
const MAX_CHARACTERS = 100;

/**
 * A name of an untrusted file as it may stand in a message: in quotes, short, and with everything escaped that is not
 * plain ASCII. A raw one could carry terminal control sequences, or letters that look like others.
 */
export function quote(name: string): string {
  const short = name.length <= MAX_CHARACTERS ? name : `${name.slice(0, MAX_CHARACTERS)}…`;
  return JSON.stringify(short).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The same for the two names of a core import. */
export function quotePair(module: string, name: string): string {
  return `${quote(module)} ${quote(name)}`;
}
