import type { Code, Instance, InstanceHost } from '../../compartment/contract.ts';
import { loadCode } from '../../host/code.ts';
import { createHostWith } from '../../host/create.ts';
import type { Host } from '../../host/host.ts';
import type { LabelInput } from '../../label/index.ts';
import { fill } from '../../suite/policy/canary.ts';
import type { World } from '../../wasm/types.ts';
import type { Figures } from '../figures.ts';
import { type Measured, measureRow, messageOf, type Plan } from '../measure.ts';
import type { Subject } from '../row.ts';
import { measuredOf } from '../verdict.ts';
import { adviceFor } from './advice.ts';
import { type Application, type ApplicationEdge, FUSED, readApplication } from './edges.ts';

/** What one edge costs: as it is, without a boundary, and with the compartment in the caller's thread. */
export interface EdgeCost {
  readonly edge: ApplicationEdge;
  readonly measured: Measured | null;
  readonly reason: string | null;
  readonly inside: Measured | null;
  /** Only of a compartment in a thread or a process of its own. */
  readonly inline: Measured | null;
}

type Report = NonNullable<Figures['application']>;

/** Measures the edges of a manifest. Throws what loading it does. */
export async function measureApplication(file: string, plan: Plan, onEdge: (edge: string) => void): Promise<Report> {
  const application = await readApplication(file);
  await using host = await open(application, application.manifest);
  await using inline = await openInline(application);
  const costs: EdgeCost[] = [];
  for (const edge of application.edges) {
    onEdge(edge.edge);
    costs.push(await costOf(edge, application, host, inline, plan));
  }
  const both = costs.flatMap(({ edge, measured, inside }) =>
    measured && inside && edge.crossing !== FUSED ? [{ all: measured.p50, in: inside.p50 }] : [],
  );
  const all = both.reduce((sum, each) => sum + each.all, 0);
  const crossing = both.reduce((sum, each) => sum + Math.max(0, each.all - each.in), 0);
  return {
    manifest: file,
    crossingShare: all === 0 ? null : crossing / all,
    edges: costs.map(({ edge: { edge, crossing: how }, measured, reason, inside }) => ({
      edge,
      crossing: how,
      reason,
      measured: measured === null ? null : { ...measured, rounds: [...measured.rounds] },
      inside: inside?.p50 ?? null,
    })),
    advice: costs.flatMap(adviceFor),
  };
}

async function costOf(
  edge: ApplicationEdge,
  { policy, worlds, baseDir }: Application,
  host: Host,
  inline: Host | null,
  plan: Plan,
): Promise<EdgeCost> {
  const none = { edge, measured: null, inside: null, inline: null };
  const { to, args } = edge;
  if (to === null) return { ...none, reason: 'a function of the program, which is not called' };
  const label = vouched(policy.tags);
  const subjects = new Map<string, Subject>();
  try {
    await host.call(to.target, args, { label });
    subjects.set('edge', callSubject(host, to.target, args, label));
  } catch (error) {
    return { ...none, reason: messageOf(error) };
  }
  const compartment = policy.compartments.get(to.compartment);
  const world = worlds.get(to.compartment);
  if (compartment?.kind === 'inline' && world !== undefined) {
    const inside = insideSubject(await loadCode(compartment, { baseDir }), world, to.index, args);
    if (inside !== null) subjects.set('inside', inside);
  } else if (inline !== null) subjects.set('inline', callSubject(inline, to.target, args, label));
  const row = { id: edge.edge, what: '', unit: 'ns', sampling: 'batch', targets: [], subjects: {} } as const;
  const outcomes = await measureRow(row, subjects, plan);
  const failed = outcomes.get('edge');
  return {
    edge,
    measured: measuredOf(outcomes, 'edge') ?? null,
    reason: failed !== undefined && 'reason' in failed ? failed.reason : null,
    inside: measuredOf(outcomes, 'inside') ?? null,
    inline: measuredOf(outcomes, 'inline') ?? null,
  };
}

/** At once, where nothing has to be waited for. */
function callSubject(host: Host, target: string, args: readonly unknown[], label: LabelInput): Subject {
  let prepared: ReturnType<Host['prepare']> | null = null;
  try {
    prepared = host.prepare(target, { label });
    prepared.call(...args);
  } catch {
    prepared = null; // it may have to wait; what else is wrong, host.call has said or will say
  }
  const call = prepared?.call;
  return {
    run:
      call === undefined
        ? async (count) => {
            for (let i = 0; i < count; i++) await host.call(target, args, { label });
          }
        : (count) => {
            for (let i = 0; i < count; i++) call(...args);
          },
  };
}

/** The same export of an instance that nobody guards; null where it cannot be called so. */
function insideSubject(code: Code, world: World, index: number, args: readonly unknown[]): Subject | null {
  const host: InstanceHost = {
    call: (imported: number) => {
      const { result = null } = world.imports[imported]?.type ?? {};
      return result === null ? undefined : fill(result, { text: 'a small text', number: 7 });
    },
    suspending: new Set(),
    interrupt: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
    output: () => undefined,
    nowNs: () => 0n,
    random: () => undefined,
  };
  let instance: Instance;
  try {
    instance = code.instantiate(host);
    instance.call(index, args);
  } catch {
    return null;
  }
  return {
    run(count) {
      for (let i = 0; i < count; i++) instance.call(index, args);
    },
  };
}

/** Nothing secret, and vouched for by everybody, so that no floor is in the way. */
function vouched(tags: Application['policy']['tags']): LabelInput {
  const all = [...tags].filter(([name, { kind }]) => kind === 'integrity' && !name.endsWith(':*'));
  return { integrity: all.map(([name]) => name) };
}

async function open({ baseDir, resources }: Application, manifest: object): Promise<Host> {
  return await createHostWith(manifest, { baseDir, resources }, loadCode);
}

/** The same with every compartment in the caller's thread; null where all are there already, or one cannot be. */
async function openInline(application: Application): Promise<Host | null> {
  if ([...application.policy.compartments.values()].every(({ kind }) => kind === 'inline')) return null;
  const { compartments } = application.manifest as { readonly compartments: Record<string, object> };
  const moved = Object.entries(compartments).map(([name, entry]) => [name, { ...entry, kind: 'inline' }]);
  try {
    return await open(application, { ...application.manifest, compartments: Object.fromEntries(moved) });
  } catch {
    return null; // then there is nothing to compare with
  }
}
