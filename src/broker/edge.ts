import type { Code } from '../compartment/contract.ts';
import { type Ceiling, formatLabel, type Label } from '../label/index.ts';
import type { CompartmentPolicy, GatePolicy } from '../policy/policy.ts';
import type { FuncType } from '../wasm/types.ts';

/** Trusted host code, as a caller. No compartment can have this name. */
export const HOST = 'host';

/** One function that one party may try to call at another: the unit of decision and of record. Numbered. */
export interface Edge {
  readonly id: number;
  /** The calling compartment, or HOST for an entry. */
  readonly from: string;
  /** The compartment or resource that serves it. */
  readonly to: string;
  /** The function as its server names it, e.g. `desk:text/classify#classify`. */
  readonly name: string;
  /** As the operator knows it: `summarise -> notify: desk:out/notify#send`. Made once, since each record has it. */
  readonly text: string;
  readonly type: FuncType;
  readonly target: Target;
  readonly linkGate: GatePolicy | null;
  readonly exportGate: GatePolicy | null;
  /** One way: the caller learns nothing. */
  readonly isPost: boolean;
}

export type Target =
  | { readonly kind: 'export'; readonly compartment: Compartment; readonly index: number }
  | { readonly kind: 'resource'; readonly resource: Resource; readonly func: HostFunction };

/** A compartment as the broker runs it: its code and its labels, and the edges that the present wiring gives it. */
export interface Compartment {
  readonly name: string;
  readonly policy: CompartmentPolicy;
  readonly code: Code;
  readonly base: Label;
  /** Replaced as a whole when links change while the host runs. */
  edges: CompartmentEdges;
}

export interface CompartmentEdges {
  /** Parallel to `code.world.imports`. */
  readonly imports: readonly Edge[];
  /** Parallel to `code.world.exports`: what trusted host code may use; null where `entries` does not name it. */
  readonly entries: readonly (Entry | null)[];
  /** Imports behind which somebody waits for a host function: the guest is suspended there (JSPI). */
  readonly suspending: ReadonlySet<number>;
  /** Imports whose crossing is generated Wasm: see fuse.ts. */
  readonly fused: ReadonlySet<number>;
  /** Imports that one thread may call in another without this one in between: see direct.ts. */
  readonly direct: ReadonlySet<number>;
}

/** An enclave that is no debug build: the host's surface shows neither what it writes, nor why it fails, nor its size. */
export function isOpaque({ policy: { enclave } }: Compartment): boolean {
  return enclave !== null && !enclave.debug;
}

/** Can a call of it be suspended? */
export function mayWait({ code, edges }: Compartment): boolean {
  return code.isAsync === true || edges.suspending.size > 0;
}

/** An export that host code may call, and post to: two edges, since the rules differ. */
export interface Entry {
  readonly call: Edge;
  readonly post: Edge;
  /** The manifest's ceilings for what may be sent here, any of them; null: up to the clearance. */
  readonly upTo: readonly Ceiling[] | null;
}

/** A function that the embedding program offers under a label, or the host itself to each label apart. */
export interface Resource {
  readonly name: string;
  /** Null: that of whoever asks, so that nothing gets from one label to another by it. */
  readonly label: Label | null;
}

/** In the journal: what each label has apart is a thing of its own for each: a trace does not lead from one to the other. */
export function resourceName({ to, target }: Edge, label: Label): string {
  return target.kind === 'resource' && target.resource.label === null ? `${to}@${formatLabel(label)}` : to;
}

/** May return a promise. The last argument tells it on whose behalf it runs. */
export type HostFunction = (...args: unknown[]) => unknown;

/** What a host function is told beside the guest's arguments. */
export interface HostCallContext {
  readonly resource: string;
  readonly compartment: string;
  /** The label of the arguments. */
  readonly label: Label;
  readonly signal: AbortSignal | null;
}
