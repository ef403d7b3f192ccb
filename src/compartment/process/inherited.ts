import { readdirSync, readFileSync } from 'node:fs';

const O_CLOEXEC = 0o2000000;
/** Standard streams, and the places in which a child gets its own. */
const LAST_OWN = 4;

let found: readonly number[] | null = null;

/**
 * Descriptors that a child would inherit: those that this process was started with itself, for whatever opens a file later
 * keeps it from its children. Node closes such ones at its start, but only up to the first gap. Looked for once.
 */
export function inherited(): readonly number[] {
  found ??= readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => descriptor > LAST_OWN && isInheritable(descriptor));
  return found;
}

function isInheritable(descriptor: number): boolean {
  try {
    const [, flags = ''] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')) ?? [];
    return (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    return false; // it was only open to list the others
  }
}
