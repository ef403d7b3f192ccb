import { createHash } from 'node:crypto';
import { CofferdamError } from '../error.ts';
import type { CompartmentPolicy, LinkPolicy, Policy } from '../policy/policy.ts';
import type { World } from '../wasm/types.ts';
import { canonical } from './canonical.ts';

/** Raised when anything about how a measurement is made changes: the same launch then measures differently. */
const FORMAT = 'cofferdam-measurement/1';

export interface MeasuredCode {
  /** Of the exact bytes; of several modules, of the list of their names and hashes. */
  readonly sha256: string;
  /** The types by which it is called and calls: for a core module they come from a WIT beside it. */
  readonly world: World;
}

/**
 * What a compartment is, as a SHA-256 in hex: its code, all of the manifest that decides what it may do (`sliceOf`), and
 * the version of the runtime.
 */
export function measure(policy: Policy, name: string, { sha256, world }: MeasuredCode, runtime: string): string {
  const text = canonical({ format: FORMAT, runtime, code: sha256, world, slice: sliceOf(policy, name) });
  return createHash('sha256').update(text).digest('hex');
}

/**
 * All of a manifest that decides what one compartment may do. It is the policy without what is named here, not a list of
 * what is in it: a word that the manifest gains later is measured without anybody having to think of it.
 */
export function sliceOf(policy: Policy, name: string): object {
  const compartment = policy.compartments.get(name);
  if (compartment === undefined) throw new CofferdamError('INTERNAL', `There is no compartment ${name} to measure.`);
  // Left out at the top: what other compartments are, where files lie, and `forbid`, which only `check` reads.
  const {
    tree: _tree,
    file: _file,
    baseDir: _baseDir,
    principals: _principals,
    forbid: _forbid,
    audit: _audit,
    attestation: _attestation,
    compartments: _compartments,
    tags,
    links,
    resources,
    entries,
    ...host
  } = policy;
  const own = ownOf(compartment);
  const linked = links.filter(({ from, to }) => from === name || to === name);
  const used = new Set([
    ...compartment.resources,
    ...linked.flatMap(({ to, toKind }) => (toKind === 'resource' ? [to] : [])),
  ]);
  const slice = {
    host,
    compartment: own,
    links: linked.map((link) => canonical(seenFrom(name, link))).sort(),
    entries:
      entries
        ?.filter((entry) => entry.compartment === name)
        .map(canonical)
        .sort() ?? null,
    resources: [...resources.values()].filter((resource) => used.has(resource.name)),
  };
  const words = wordsOf([own, linked, entries?.filter((entry) => entry.compartment === name), slice.resources, host]);
  return {
    ...slice,
    tags: [...tags.values()]
      .filter((tag) => words.has(tag.name))
      .map(canonical)
      .sort(),
  };
}

/** Where the code lies does not matter, since its bytes and types are measured; the signature is one of the measurement. */
function ownOf({
  wasm: _wasm,
  sha256: _pin,
  modules: _modules,
  wit: _wit,
  adapter: _adapter,
  ...own
}: CompartmentPolicy) {
  const { enclave } = own;
  if (enclave === null) return own;
  const { signature: _signature, ...signed } = enclave;
  return { ...own, enclave: signed };
}

/** A link that demands this compartment's own measurement cannot be in it: it names what it would have to contain. */
function seenFrom(name: string, { line: _line, ...link }: LinkPolicy): object {
  const { measurement, from, to } = link;
  if (measurement === null) return link;
  const demanded = { from: from === name ? null : measurement.from, to: to === name ? null : measurement.to };
  // As though nothing were demanded, or the demand could not be written down without changing what it names.
  return { ...link, measurement: demanded.from === null && demanded.to === null ? null : demanded };
}

/** Every text in a value; of `customer:acme` and `customer:{dir}` also the family. More than the tags, and never fewer. */
function wordsOf(value: unknown): ReadonlySet<string> {
  const words = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part === 'string') {
      words.add(part);
      const colon = part.indexOf(':');
      if (colon > 0) words.add(`${part.slice(0, colon)}:*`);
    } else if (part instanceof Map) part.forEach(visit);
    else if (typeof part === 'object' && part !== null) Object.values(part).forEach(visit);
  };
  visit(value);
  return words;
}
