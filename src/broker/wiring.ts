import { isDeepStrictEqual } from 'node:util';
import { camelCase } from '../abi/names.ts';
import type { Code } from '../compartment/contract.ts';
import { carriesStreams } from '../compartment/source.ts';
import { CofferdamError } from '../error.ts';
import type { LabelSpace } from '../label/index.ts';
import type { CompartmentPolicy, GatePolicy, LinkPolicy, Policy } from '../policy/policy.ts';
import { formatFunc } from '../wasm/format.ts';
import { explainMismatch } from '../wasm/subtype.ts';
import type { WorldFunction } from '../wasm/types.ts';
import {
  type Compartment,
  type CompartmentEdges,
  type Edge,
  type Entry,
  HOST,
  type HostFunction,
  type Resource,
  type Target,
} from './edge.ts';
import { whyNotDirect, whyNotFused } from './shortcuts.ts';

/** What the embedding program offers under a resource's name: one function, or one per function of an interface. */
export type Offered = HostFunction | { readonly [func: string]: HostFunction };

/** What the host itself serves of a compartment's imports, at the label of whoever asks; null: what links do. */
export type Serve = (compartment: string, imported: WorldFunction) => HostFunction | null;

/** In the journal. No resource of a manifest can have this name. */
const PLATFORM = 'cofferdam:enclave';

/** The compartments of a policy and their edges, worked out but not in force until `commit`. */
export interface Wiring {
  readonly compartments: ReadonlyMap<string, Compartment>;
  /** Number for the next wiring's first edge: no number is used twice in the life of a host. */
  readonly nextEdgeId: number;
  /** Puts the edges in force; returns the compartments whose instances were made for other edges and must go. */
  commit(): readonly Compartment[];
}

/**
 * Turns links into numbered edges. A compartment of `previous` whose code and policy are the same goes on with its
 * instances. Every import must be served: throws LINK_MISSING naming all that are not, LINK_TYPE when types part,
 * LINK_EXPORT, LINK_POST, RESOURCE_MISSING, GATE_EXPORT, SUSPENSION_MISSING.
 */
export function wire(
  policy: Policy,
  codes: ReadonlyMap<string, Code>,
  offered: Readonly<Record<string, Offered>>,
  space: LabelSpace,
  previous: Wiring | null = null,
  serve: Serve = () => null,
): Wiring {
  const compartments = new Map<string, Compartment>();
  for (const [name, compartment] of policy.compartments) {
    const code = codes.get(name);
    if (!code) throw new CofferdamError('INTERNAL', `${name} was not loaded.`);
    const old = previous?.compartments.get(name);
    const isSame = old?.code === code && isDeepStrictEqual(old.policy, compartment);
    const base = space.label(compartment.base);
    compartments.set(name, isSame ? old : { name, policy: compartment, code, base, edges: NO_EDGES });
  }
  let nextEdgeId = previous?.nextEdgeId ?? 0;
  const add: Add = (edge) => ({ ...edge, id: nextEdgeId++, text: `${edge.from} -> ${edge.to}: ${edge.name}` });
  const drafts = new Map<Compartment, Draft>();
  for (const compartment of compartments.values()) {
    assertGates(compartment);
    const imports = importsOf({ policy, compartments, offered, space, serve }, compartment, add);
    drafts.set(compartment, {
      entries: entriesOf(policy, compartment, add),
      imports,
      suspending: new Set(),
      direct: new Set(),
      fused: new Set(imports.flatMap((edge, i) => (whyNotFused(policy, compartment, edge, i) === null ? [i] : []))),
    });
  }
  markSuspending(drafts);
  for (const [compartment, { imports, suspending, direct }] of drafts) {
    imports.forEach((edge, i) => {
      if (whyNotDirect(policy, compartment, edge, suspending.size > 0) === null) direct.add(i);
    });
  }
  assertSuspension(drafts);
  return { compartments, nextEdgeId, commit: () => commit(drafts) };
}

const NO_INDICES: ReadonlySet<number> = new Set();
const NO_EDGES = { imports: [], entries: [], suspending: NO_INDICES, fused: NO_INDICES, direct: NO_INDICES };

type Add = (edge: Omit<Edge, 'id' | 'text'>) => Edge;
type Draft = CompartmentEdges & { readonly suspending: Set<number>; readonly direct: Set<number> };

function commit(drafts: ReadonlyMap<Compartment, Draft>): readonly Compartment[] {
  const stale: Compartment[] = [];
  for (const [compartment, draft] of drafts) {
    // What an instance is made with cannot change in its life.
    const { suspending, fused } = compartment.edges;
    if (!isDeepStrictEqual([suspending, fused], [draft.suspending, draft.fused])) stale.push(compartment);
    compartment.edges = draft;
  }
  return stale;
}

interface Surroundings {
  readonly policy: Policy;
  readonly compartments: ReadonlyMap<string, Compartment>;
  readonly offered: Readonly<Record<string, Offered>>;
  readonly space: LabelSpace;
  readonly serve: Serve;
}

function entriesOf(policy: Policy, compartment: Compartment, add: Add): (Entry | null)[] {
  return compartment.code.world.exports.map(({ id: name, type }, index) => {
    const named = policy.entries?.filter(
      (entry) => entry.compartment === compartment.name && (entry.export === null || isNamed(name, entry.export)),
    );
    if (named?.length === 0) return null;
    const ceilings = named?.flatMap(({ upTo }) => upTo ?? []) ?? [];
    const upTo = named !== undefined && ceilings.length === named.length ? ceilings : null;
    const target: Target = { kind: 'export', compartment, index };
    const exportGate = gateOfExport(compartment, name);
    const edge = { from: HOST, to: compartment.name, name, type, target, linkGate: null, exportGate };
    return { call: add({ ...edge, isPost: false }), post: add({ ...edge, isPost: true }), upTo };
  });
}

function importsOf(around: Surroundings, compartment: Compartment, add: Add): Edge[] {
  const { imports } = compartment.code.world;
  const links = imports.map((imported) => linkFor(around.policy, compartment.name, imported));
  const served = imports.map((imported, index) => (links[index] ? null : around.serve(compartment.name, imported)));
  const missing = imports.filter((_, index) => !links[index] && !served[index]).map(({ id }) => id);
  if (missing.length > 0) {
    throw new CofferdamError(
      'LINK_MISSING',
      `${compartment.name} imports what nothing serves: ${missing.join(', ')}. ` +
        `Add a link for each, such as { from: ${compartment.name}, import: "${missing[0]}", to: … }.`,
      { details: { compartment: compartment.name, imports: missing } },
    );
  }
  return imports.flatMap((imported, index) => {
    const link = links[index];
    if (link) return [add(edgeOf(around, link, imported))];
    const func = served[index];
    return func ? [add(servedEdge(compartment.name, imported, func))] : [];
  });
}

function servedEdge(from: string, { id: name, type }: WorldFunction, func: HostFunction): Omit<Edge, 'id' | 'text'> {
  const target: Target = { kind: 'resource', resource: { name: PLATFORM, label: null }, func };
  return { from, to: PLATFORM, name, type, target, linkGate: null, exportGate: null, isPost: false };
}

/** `classify` names `desk:text/classify#classify`, and so does the whole id. */
export function isNamed(id: string, key: string): boolean {
  return id === key || id.endsWith(`#${key}`);
}

/** The most specific link: one that names the function before one that names its interface. */
function linkFor(policy: Policy, from: string, imported: WorldFunction): LinkPolicy | null {
  const own = policy.links.filter((link) => link.from === from);
  return (
    own.find((link) => link.import === imported.id) ??
    own.find((link) => imported.interface !== null && link.import === imported.interface) ??
    null
  );
}

function edgeOf(around: Surroundings, link: LinkPolicy, imported: WorldFunction): Omit<Edge, 'id' | 'text'> {
  if (link.post && imported.type.result !== null) {
    throw new CofferdamError(
      'LINK_POST',
      `The link of ${link.from} to ${link.to} is a post, but ${imported.id} has a result. Remove \`post\`, or link a function without one.`,
      { details: { from: link.from, to: link.to, import: imported.id } },
    );
  }
  if (carriesStreams(imported.type) && (link.post || link.gate !== null)) {
    throw streamBeyond(`the link of ${link.from} to ${link.to} (${imported.id})`, link.post ? 'a post' : 'a gate');
  }
  const common = { from: link.from, to: link.to, type: imported.type, linkGate: link.gate, isPost: link.post };
  if (link.toKind === 'resource') {
    return { ...common, name: imported.id, target: resourceTarget(around, link, imported), exportGate: null };
  }
  const compartment = around.compartments.get(link.to);
  if (!compartment) throw new CofferdamError('INTERNAL', `${link.to} was not loaded.`);
  const index = exportFor(compartment, link, imported);
  const served = compartment.code.world.exports[index];
  if (!served) throw new CofferdamError('INTERNAL', `${link.to} has no export ${index}.`);
  const mismatch = explainMismatch(served.type, imported.type);
  if (mismatch !== null) {
    throw new CofferdamError(
      'LINK_TYPE',
      `${link.from} imports ${imported.id} as ${formatFunc(imported.type)}, but ${link.to} exports ${formatFunc(served.type)}: ${mismatch}. Link functions of one type.`,
      { details: { from: link.from, to: link.to, import: imported.id, export: served.id } },
    );
  }
  const target: Target = { kind: 'export', compartment, index };
  return { ...common, name: served.id, target, exportGate: gateOfExport(compartment, served.id) };
}

/** `export` on the link may name an interface or a function; without it, the import's own name is looked for. */
function exportFor(compartment: Compartment, link: LinkPolicy, imported: WorldFunction): number {
  const { exports } = compartment.code.world;
  const wanted = link.export === null ? [imported.id] : [`${link.export}#${imported.name}`, link.export];
  const index = exports.findIndex(({ id }) => wanted.includes(id));
  if (index >= 0) return index;
  const ids = exports.map(({ id }) => id).join(', ');
  throw new CofferdamError(
    'LINK_EXPORT',
    `${compartment.name} does not export ${wanted.at(-1)}, which ${link.from} is to get as ${imported.id}. Its exports: ${ids}. Name one with \`export\`.`,
    { details: { from: link.from, to: compartment.name, import: imported.id } },
  );
}

function resourceTarget({ policy, offered, space }: Surroundings, link: LinkPolicy, imported: WorldFunction): Target {
  const resource = policy.resources.get(link.to);
  const offer = Object.hasOwn(offered, link.to) ? offered[link.to] : undefined;
  const method = camelCase(imported.name);
  const func = typeof offer === 'function' ? offer : offer && Object.hasOwn(offer, method) ? offer[method] : undefined;
  if (resource?.kind !== 'function' || typeof func !== 'function') {
    throw new CofferdamError(
      'RESOURCE_MISSING',
      `${link.from} is linked to the resource ${link.to}, and the program offers no function for ${imported.id}. Pass createHost(manifest, { resources: { ${link.to}: … } }).`,
      { details: { from: link.from, resource: link.to, import: imported.id } },
    );
  }
  return { kind: 'resource', resource: { name: link.to, label: space.label(resource.label) } satisfies Resource, func };
}

function gateOfExport({ policy }: { policy: CompartmentPolicy }, id: string): GatePolicy | null {
  for (const [key, gate] of policy.gates) if (isNamed(id, key)) return gate;
  return null;
}

/** A gate on an export that does not exist would look like a release and be none. */
function assertGates({ name, policy, code }: Compartment): void {
  for (const key of policy.gates.keys()) {
    const matches = code.world.exports.filter(({ id }) => isNamed(id, key));
    const [match] = matches;
    if (match && carriesStreams(match.type)) throw streamBeyond(`the export ${match.id} of ${name}`, 'a gate');
    if (matches.length === 1) continue;
    const what = matches.length === 0 ? 'no export' : 'more than one export';
    throw new CofferdamError(
      'GATE_EXPORT',
      `The gate ${key} of ${name} names ${what}. Its exports: ${code.world.exports.map(({ id }) => id).join(', ')}.`,
      { details: { compartment: name, gate: key } },
    );
  }
}

/**
 * A gate reserves from its budget what a message may release at most, and each use is on disk before it: a stream has no
 * most. And to read it goes back to its writer, which a post rules out.
 */
export function streamBeyond(what: string, kind: 'a gate' | 'a post'): CofferdamError<'LINK_STREAM'> {
  return new CofferdamError(
    'LINK_STREAM',
    `In the type of ${what} there is a stream or future, and it is ${kind}. Use a function that passes lists, or link it without ${kind}.`,
    { details: { what, kind } },
  );
}

/** A guest waits where it calls a host function, or a compartment that may wait: to a fixpoint, since links can form cycles. */
function markSuspending(drafts: ReadonlyMap<Compartment, Draft>): void {
  const isWaiting = (compartment: Compartment) =>
    compartment.code.isAsync === true || (drafts.get(compartment)?.suspending.size ?? 0) > 0;
  for (let progress = true; progress; ) {
    progress = false;
    for (const { imports, suspending } of drafts.values()) {
      for (const [index, { target, isPost }] of imports.entries()) {
        const waits = target.kind === 'resource' || isWaiting(target.compartment);
        if (isPost || !waits || suspending.has(index)) continue;
        suspending.add(index);
        progress = true;
      }
    }
  }
}

/** What cannot be served is refused before anything runs, and not when a guest first calls it. */
function assertSuspension(drafts: ReadonlyMap<Compartment, Draft>): void {
  if (typeof WebAssembly.Suspending === 'function' && typeof WebAssembly.promising === 'function') return;
  for (const [{ name, code }, { suspending }] of drafts) {
    const [index] = suspending;
    if (index === undefined) continue;
    const id = code.world.imports[index]?.id;
    throw new CofferdamError(
      'SUSPENSION_MISSING',
      `${name} has to wait where it calls ${id}, and this engine cannot suspend Wasm. Run on Node 25 or later, or link it with post: true.`,
      { details: { compartment: name, import: id } },
    );
  }
}
