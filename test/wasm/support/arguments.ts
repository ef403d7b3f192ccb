import type { Argument, Disagreement } from './agreement.ts';

/** Where we and wasm-tools differ on purpose. */
export const ARGUMENTS: readonly Argument[] = [
  {
    ours: /^WASM_TRUNCATED: A component, (?:core module|component) section of/,
    theirs: /^valid$/,
    because:
      'wasm-tools reads a nested module or component section by section, and takes the end of the file for its end when a section ends there. The announced size is then a lie.',
  },
  {
    ours: /^WASM_MALFORMED: 0x20 is no (?:core sort|kind of import)/,
    theirs: /^valid$/,
    because:
      'wasm-tools knows 0x20 as the exact function of the custom-descriptors proposal, and takes it for a function here. Binary.md has no such sort.',
  },
  {
    ours: /^WASM_MALFORMED: 0x0[23] is no mutability/,
    theirs: /^valid$/,
    because: 'wasm-tools knows these flags from the shared-everything-threads proposal. No engine here does.',
  },
  {
    ours: /^COMPONENT_INVALID: .*core import .*: expected `\(table (?:i64 )?\d/,
    theirs: /^valid$/,
    because:
      'wasm-tools does not compare the address types of tables. Core WebAssembly does (Import Matching), so the engine would refuse at instantiation.',
  },
  {
    ours: /^COMPONENT_INVALID: .*expected (?:parameter|field|case) "([^"]*)", found "(?!\1")(?:[^"]*)"/,
    theirs: /^valid$/,
    because:
      'wasm-tools compares labels without regard to case. Explainer.md defines type equality as equality of syntax; case only counts as equal where names must be unique.',
  },
];

export function argumentFor({ ours, theirs }: Disagreement): Argument | null {
  return ARGUMENTS.find((argument) => argument.ours.test(ours) && argument.theirs.test(theirs)) ?? null;
}
