import { CofferdamError } from '../error.ts';
import { parseManifest } from '../policy/parse.ts';
import type { Policy } from '../policy/policy.ts';

/*
 * Changing a running host's manifest: the tree it was parsed from is edited and parsed anew, so that a loaded compartment
 * goes through every check that one in the file does.
 */

interface Manifest {
  readonly compartments?: Readonly<Record<string, object>>;
  readonly links?: readonly { readonly from?: unknown; readonly to?: unknown }[];
}

export function withCompartment(policy: Policy, name: string, compartment: object, links: readonly object[]): Policy {
  const { compartments = {}, links: present = [] } = policy.tree as Manifest;
  if (Object.hasOwn(compartments, name)) {
    throw new CofferdamError(
      'COMPARTMENT_EXISTS',
      `There is a compartment ${name} already. Use replace, or unload it.`,
    );
  }
  return edited(policy, { compartments: { ...compartments, [name]: compartment }, links: [...present, ...links] });
}

export function withChanges(policy: Policy, name: string, changes: object): Policy {
  const { compartments = {} } = policy.tree as Manifest;
  assertKnown(policy, name);
  return edited(policy, { compartments: { ...compartments, [name]: { ...compartments[name], ...changes } } });
}

export function withoutCompartment(policy: Policy, name: string): Policy {
  const { compartments = {}, links = [] } = policy.tree as Manifest;
  assertKnown(policy, name);
  const { [name]: _gone, ...others } = compartments;
  return edited(policy, { compartments: others, links: links.filter(({ from, to }) => from !== name && to !== name) });
}

function edited(policy: Policy, changes: object): Policy {
  return parseManifest({ ...(policy.tree as object), ...changes }, { baseDir: policy.baseDir });
}

function assertKnown(policy: Policy, name: string): void {
  if (policy.compartments.has(name)) return;
  throw new CofferdamError(
    'TARGET_UNKNOWN',
    `There is no compartment ${name}. There are: ${[...policy.compartments.keys()].join(', ')}.`,
    { details: { target: name } },
  );
}
