import type { Lab } from './lab.ts';

/** By what is attacked. */
export const GROUPS = [
  'Flow',
  'Gates and grants',
  'Memory and Wasm',
  'Resources',
  'System services',
  'Enclave',
  'Audit',
  /** Attempts on a manifest of the user's. */
  'Policy',
] as const;
export type Group = (typeof GROUPS)[number];

/** Of compartments. `enclave`: inline, and measured and sealed besides. */
export const KINDS = ['inline', 'worker', 'process', 'enclave'] as const;
export type Kind = (typeof KINDS)[number];

/**
 * An attack, and its allowed twin: the same shape, permitted by the policy. A host passes when the attack gets nothing
 * that it may not know and the twin succeeds: one that denies everything fails.
 */
export interface Case {
  readonly number: number;
  /** Of the file, too: `direct-leak`. */
  readonly name: string;
  readonly group: Group;
  /** What the attacker does. */
  readonly title: string;
  /** The kinds of compartment for which it makes sense, if not all; with the reason. */
  readonly only?: { readonly kinds: readonly Kind[]; readonly why: string };
  /** Throws when something came through, or the host no longer serves others. */
  readonly attack: (lab: Lab) => Promise<void>;
  /** Throws when it was not allowed. */
  readonly twin: (lab: Lab) => Promise<void>;
  /** What a process does that `lab.victim` starts, so that the case can kill it; `folder` is that of the lab's arena. */
  readonly victim?: (lab: Lab, folder: string) => Promise<void>;
}

export function defineCase(definition: Case): Case {
  return definition;
}

/** How a report calls what was tried: `worker`, `enclave`, `enclave worker`. */
export function describeKind(kind: Kind, enclave: boolean): string {
  return enclave && kind !== 'enclave' ? `enclave ${kind}` : kind;
}
