import { dirname, resolve } from 'node:path';
import { type CofferdamError, isCofferdamError } from '../../error.ts';
import { loadCode } from '../../host/code.ts';
import { createHostWith } from '../../host/create.ts';
import type { HostOptions } from '../../index.ts';
import type { Policy } from '../../policy/index.ts';
import type { Kind } from '../case.ts';

/** A compartment that cannot be of the kind that was asked for, and so stayed what its manifest says. */
export interface Stayed {
  readonly kind: Kind;
  readonly compartment: string;
  readonly why: string;
}

/** A manifest's tree without its journal, and which of its compartments are not of the kind that was asked for. */
export interface Changed {
  readonly manifest: object;
  readonly stayed: readonly Stayed[];
}

type Entries = Readonly<Record<string, object>>;

/** The manifest as it is; the attack keeps its journal in memory. */
export function asDeclared({ tree }: Policy): Changed {
  const { audit: _, ...manifest } = tree as Readonly<Record<string, unknown>>;
  return { manifest, stayed: [] };
}

/**
 * The manifest with all its compartments of one kind. Those that a host refuses to run so stay as they were declared: tried
 * one refusal after the other, since a host says of one compartment at a time what is wrong.
 */
export async function onKind(
  policy: Policy,
  kind: Kind,
  file: string,
  resources: HostOptions['resources'] = {},
): Promise<Changed> {
  const declared = asDeclared(policy).manifest as { readonly compartments: Entries };
  const stayed: Stayed[] = [];
  for (;;) {
    const compartments = Object.fromEntries(
      Object.entries(declared.compartments).map(([name, entry]) => [
        name,
        stayed.some(({ compartment }) => compartment === name) ? entry : { ...entry, ...changes(kind) },
      ]),
    );
    const manifest = { ...declared, compartments };
    try {
      const host = await createHostWith(manifest, { baseDir: dirname(resolve(file)), resources }, loadCode);
      await host.close();
      return { manifest, stayed };
    } catch (error) {
      if (!isCofferdamError(error)) throw error;
      const compartment = compartmentOf(error);
      if (compartment === null || stayed.some((each) => each.compartment === compartment)) throw error;
      stayed.push({ kind, compartment, why: error.message });
    }
  }
}

/** Of whom a host or a manifest says that it cannot be so. */
function compartmentOf({ details }: CofferdamError): string | null {
  if (typeof details.compartment === 'string') return details.compartment;
  return /^compartments\.([^.]+)\./.exec(String(details.path))?.[1] ?? null;
}

function changes(kind: Kind): object {
  return kind === 'enclave' ? { kind: 'inline', enclave: true } : { kind };
}
