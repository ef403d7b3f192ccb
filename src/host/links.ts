import { ENCLAVE_FUNCTIONS } from '../attest/index.ts';
import type { Compartment, Edge } from '../broker/edge.ts';
import { whyNotDirect, whyNotFused } from '../broker/shortcuts.ts';
import { type Offered, type Serve, wire } from '../broker/wiring.ts';
import type { Code } from '../compartment/contract.ts';
import { makeEnclaveCode } from '../compartment/enclave.ts';
import { LabelSpace } from '../label/index.ts';
import type { LoadEnv } from '../load/index.ts';
import type { Policy } from '../policy/policy.ts';
import { loadCode } from './code.ts';

/** How the calls of one import get to who serves them. */
export interface LinkReport {
  readonly from: string;
  /** As the importing guest names it: `desk:out/notify#notify`. */
  readonly import: string;
  /** A compartment or a resource. */
  readonly to: string;
  /** As the serving guest names it; null for a resource. */
  readonly export: string | null;
  readonly crossing: 'generated Wasm' | 'from thread to thread' | 'lift and lower' | 'through jco';
  /** Why it goes through the JavaScript of the main thread; null if it does not. */
  readonly reason: string | null;
}

/**
 * All links of a policy, as a host would make them. Guests are compiled and linked, and none is run; functions of the
 * program may be missing. Throws what createHost throws for the rest.
 */
export async function linksOf(policy: Policy, env: Pick<LoadEnv, 'cacheDir'> = {}): Promise<LinkReport[]> {
  const codes = new Map<string, Code>();
  for (const [name, compartment] of policy.compartments) {
    const code = await loadCode(compartment, { ...env, baseDir: policy.baseDir });
    const { enclave } = compartment;
    codes.set(name, enclave ? makeEnclaveCode(code, { isOpaque: !enclave.debug }) : code);
  }
  const offered = Object.fromEntries([...policy.resources.keys()].map((name): [string, Offered] => [name, NOTHING]));
  const serve: Serve = (name, { id }) =>
    policy.compartments.get(name)?.enclave && Object.hasOwn(ENCLAVE_FUNCTIONS, id) ? NOTHING : null;
  const wiring = wire(policy, codes, offered, new LabelSpace(policy.tags.values()), null, serve);
  wiring.commit();
  return [...wiring.compartments.values()].flatMap((from) =>
    from.edges.imports.map((edge, index): LinkReport => {
      return {
        from: from.name,
        import: from.code.world.imports[index]?.id ?? edge.name,
        to: edge.to,
        export: edge.target.kind === 'export' ? edge.name : null,
        crossing: crossingOf(from, edge, index),
        reason: reasonOf(policy, from, edge, index),
      };
    }),
  );
}

function reasonOf(policy: Policy, from: Compartment, edge: Edge, index: number): string | null {
  const { fused, direct, suspending } = from.edges;
  if (fused.has(index) || direct.has(index)) return null;
  const areThreads = [from, edge.target.kind === 'export' ? edge.target.compartment : null].every(
    (end) => end?.policy.kind === 'worker',
  );
  return areThreads ? whyNotDirect(policy, from, edge, suspending.size > 0) : whyNotFused(policy, from, edge, index);
}

function crossingOf(from: Compartment, { target }: Edge, index: number): LinkReport['crossing'] {
  if (from.edges.fused.has(index)) return 'generated Wasm';
  if (from.edges.direct.has(index)) return 'from thread to thread';
  const isAsync = from.code.isAsync === true || (target.kind === 'export' && target.compartment.code.isAsync === true);
  return isAsync ? 'through jco' : 'lift and lower';
}

const NOTHING = () => undefined;
