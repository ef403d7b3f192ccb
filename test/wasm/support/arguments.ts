import type { Argument, Disagreement } from './agreement.ts';

/** Where we and wasm-tools differ on purpose. */
export const ARGUMENTS: readonly Argument[] = [
  {
    ours: /^WASM_TRUNCATED: A component, (?:core module|component) section of/,
    theirs: /^valid$/,
    because:
      'wasm-tools reads a nested module or component section by section, and takes the end of the file for its end when a section ends there. The announced size is then a lie.',
  },
];

export function argumentFor({ ours, theirs }: Disagreement): Argument | null {
  return ARGUMENTS.find((argument) => argument.ours.test(ours) && argument.theirs.test(theirs)) ?? null;
}
