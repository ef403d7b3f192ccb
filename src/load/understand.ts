import { CofferdamError } from '../error.ts';
import {
  inspectModule,
  layerOf,
  type ModuleInfo,
  type Plan,
  planComponent,
  planCore,
  type World,
} from '../wasm/index.ts';
import { type CountedModule, type InstanceLimits, limitEdits } from '../wasm/rewrite-limits.ts';
import type { Abi } from './reference.ts';
import { assertSecondOpinion } from './second-opinion.ts';
import { loadWasmTools } from './wasm-tools.ts';
import { worldOfWit } from './wit.ts';

/** Asks the parsing worker for what it takes to run these bytes. */
export interface Job {
  readonly task: 'understand';
  readonly bytes: Uint8Array;
  readonly abi: Abi;
  readonly wit: { readonly text: string; readonly world: string | null } | null;
  readonly limits: InstanceLimits;
  /** Ask wasm-tools about components, too. Only a benchmark says no. */
  readonly secondOpinion: boolean;
}

/** What it answers: plain data that can be written as JSON. */
export interface Understanding {
  /** Null for a module that speaks a protocol of its own: AssemblyScript's, or its adapter's. */
  readonly plan: Plan | null;
  /** Null when there is a plan, which has it. */
  readonly world: World | null;
  /** The outside of each core module: parallel to the plan's modules, or of the one module. */
  readonly info: readonly ModuleInfo[];
  /** What makes each core module keep the limits: parallel to the plan's modules, or for the one module. */
  readonly edits: readonly (readonly TextEdit[])[];
}

/** An edit of a core module's bytes; `bytes` in hex. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly bytes: string;
}

/** Everything about hostile bytes that needs parsing, in one go. Runs in the disposable worker. */
export async function understand(job: Job): Promise<Understanding> {
  assertKind(job.bytes, job.abi);
  return job.abi === 'component' ? await understandComponent(job) : await understandModule(job, job.abi);
}

async function understandComponent({ bytes, limits, secondOpinion }: Job): Promise<Understanding> {
  // Loading wasm-tools takes longer than our decoding, so it starts first.
  const tools = secondOpinion ? loadWasmTools() : null;
  tools?.catch(() => null);
  const plan = planComponent(bytes);
  const info = plan.modules.map((range) => inspectModule(bytes, range));
  const edits = editsOf(plan, bytes, limits);
  if (secondOpinion) await assertSecondOpinion(bytes, plan);
  return { plan, world: null, info, edits };
}

async function understandModule({ bytes, wit, limits }: Job, abi: Exclude<Abi, 'component'>): Promise<Understanding> {
  if (wit === null) {
    throw new CofferdamError('LOAD_WIT_MISSING', `A module with abi: ${abi} carries no types — add wit: to it.`);
  }
  const info = [inspectModule(bytes)];
  const world = await worldOfWit(wit.text, wit.world);
  const plan = abi === 'core' ? planCore(bytes, world) : null;
  return { plan, world: plan === null ? world : null, info, edits: textEdits([{ bytes, count: 1 }], limits) };
}

function editsOf(plan: Plan, bytes: Uint8Array, limits: InstanceLimits): TextEdit[][] {
  const counts = plan.modules.map(() => 0);
  for (const { module } of plan.instantiations) counts[module] = (counts[module] ?? 0) + 1;
  return textEdits(
    plan.modules.map(({ start, end }, i) => ({ bytes: bytes.subarray(start, end), count: counts[i] ?? 0 })),
    limits,
  );
}

function textEdits(modules: readonly CountedModule[], limits: InstanceLimits): TextEdit[][] {
  return limitEdits(modules, limits).map((edits) =>
    edits.map(({ start, end, bytes }) => ({ start, end, bytes: Buffer.from(bytes).toString('hex') })),
  );
}

function assertKind(bytes: Uint8Array, abi: Abi): void {
  const kind = layerOf(bytes);
  if (kind === (abi === 'component' ? 'component' : 'module')) return;
  const remedy = {
    component: 'The bytes are a component — write abi: component.',
    module: 'The bytes are a core module — write abi: core (or assemblyscript, or adapter) and add wit:.',
    none: 'The bytes are no WebAssembly — name another file (text format must be assembled first).',
  }[kind ?? 'none'];
  throw new CofferdamError('LOAD_KIND', remedy, { details: { abi, kind } });
}
