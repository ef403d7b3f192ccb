import type { Context } from './context.ts';
import { COMPARTMENT_DEFAULTS } from './defaults.ts';
import type { EnclavePolicy, LinkMeasurement } from './policy.ts';
import type { Manifest } from './schema.ts';
import type { Path } from './source.ts';

type CompartmentEntry = Manifest['compartments'][string];
type LinkEntry = NonNullable<Manifest['links']>[number];

/** Interfaces that the host itself serves, to enclaves alone. */
const ENCLAVE_PACKAGE = 'cofferdam:enclave';

export function resolveEnclave(context: Context, entry: CompartmentEntry, path: Path): EnclavePolicy | null {
  const { enclave } = entry;
  if (enclave === undefined) return null;
  const at = [...path, 'enclave'];
  if ((entry.abi ?? COMPARTMENT_DEFAULTS.abi) === 'adapter' && !context.isDoubtful([...path, 'abi'])) {
    const text = 'an adapter is code of the host, and no measurement could name all of it — use another abi';
    context.report('MANIFEST_CONFLICT', at, text, 'key');
  }
  if (enclave === true) return { debug: false, signer: null, version: null, signature: null };
  const { debug = false, signer = null, version = null, signature = null } = enclave;
  const given = [signer, version, signature].filter((part) => part !== null).length;
  if (given !== 0 && given !== 3 && !context.isDoubtful(at)) {
    context.report('MANIFEST_CONFLICT', at, 'signer, version and signature belong together — give all three or none');
  }
  return { debug, signer, version, signature };
}

/** Of two ends only one can name the other: each measurement would have to contain the other. */
export function resolveMeasurement(context: Context, entry: LinkEntry, path: Path): LinkMeasurement | null {
  const { measurement } = entry;
  if (entry.import.startsWith(`${ENCLAVE_PACKAGE}/`)) {
    const text =
      'the host itself serves this to enclaves — take the link out, and write `enclave: true` at the compartment';
    context.report('MANIFEST_CONFLICT', [...path, 'import'], text);
  }
  if (measurement === undefined) return null;
  const { from = null, to = null } = typeof measurement === 'string' ? { to: measurement } : measurement;
  const at = [...path, 'measurement'];
  const refuse = (text: string) => context.report('MANIFEST_CONFLICT', at, text, 'key');
  if ((from === null) === (to === null) && !context.isDoubtful(at)) {
    refuse(
      from === null
        ? 'names no measurement — write that of `to`, or { from: … }'
        : 'each end would have to contain the other — keep one of the two',
    );
  }
  if (to !== null && context.isDeclared('resources', entry.to)) {
    refuse('a resource has no measurement — take it out');
  }
  return { from, to };
}
