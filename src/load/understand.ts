import { CofferdamError } from '../error.ts';
import {
  type ImportName,
  inspectModule,
  layerOf,
  type Member,
  type ModuleInfo,
  type NamedRange,
  onlyMember,
  orderMembers,
  type Plan,
  planMembers,
  understandComponent as readComponent,
  type World,
} from '../wasm/index.ts';
import { applyEdits, type CountedModule, type InstanceLimits, limitEdits } from '../wasm/rewrite-limits.ts';
import type { Abi } from './reference.ts';
import { type RewriteJob, type RewrittenText, rewriteModules } from './rewrite.ts';
import { assertSecondOpinion } from './second-opinion.ts';
import { type TextEdit, toEdit } from './text-edit.ts';
import { type Transpiled, transpile } from './transpile.ts';
import { loadWasmTools } from './wasm-tools.ts';
import { worldOfWit } from './wit.ts';

/** Asks the parsing worker for what it takes to run these bytes. */
export interface Job {
  readonly task: 'understand';
  readonly bytes: Uint8Array;
  /** Where the core modules stand in `bytes`, when there are several. */
  readonly parts?: readonly NamedRange[] | null;
  /** The memory that is made for them. */
  readonly sharedMemory?: ImportName | null;
  readonly abi: Abi;
  readonly wit: { readonly text: string; readonly world: string | null } | null;
  readonly limits: InstanceLimits;
  readonly rewrite?: RewriteJob;
  /** Ask wasm-tools about components, too. Only a benchmark says no. */
  readonly secondOpinion: boolean;
}

/** What it answers: plain data that can be written as JSON. */
export interface Understanding {
  /** Null for a module that speaks a protocol of its own (AssemblyScript's, or its adapter's) and for what jco runs. */
  readonly plan: Plan | null;
  /** Null when there is a plan, which has it. */
  readonly world: World | null;
  /** Of a component with async functions. */
  readonly transpiled: Transpiled | null;
  /** Several core modules in the order in which they are made, for a compartment that has them; else null. */
  readonly set: readonly NamedRange[] | null;
  /** The outside of each core module: parallel to the plan's modules, or of the one module. */
  readonly info: readonly ModuleInfo[];
  /** What makes each core module keep the limits: parallel to the plan's modules, or for the one module. */
  readonly edits: readonly (readonly TextEdit[])[];
  /** Parallel to them: the modules with the edits and the checks that were asked for; null: none were. */
  readonly rewritten: readonly RewrittenText[] | null;
}

/** Everything about hostile bytes that needs parsing, in one go. Runs in the disposable worker. */
export async function understand(job: Job): Promise<Understanding> {
  for (const { start, end } of job.parts ?? [{ start: 0, end: job.bytes.length }]) {
    assertKind(job.bytes.subarray(start, end), job.abi);
  }
  return job.abi === 'component' ? await understandComponent(job) : await understandModule(job, job.abi);
}

async function understandComponent({ bytes, limits, rewrite = null, secondOpinion }: Job): Promise<Understanding> {
  // Loading wasm-tools takes longer than our decoding, so it starts first.
  const tools = secondOpinion ? loadWasmTools() : null;
  tools?.catch(() => null);
  const understood = readComponent(bytes);
  const { plan } = understood;
  if (understood.features.size > 0) {
    if (secondOpinion) await assertSecondOpinion(bytes, plan);
    const transpiled = await transpile(bytes, understood, limits);
    return { plan: null, world: plan.world, transpiled, set: null, info: [], edits: [], rewritten: null };
  }
  const info = plan.modules.map((range) => inspectModule(bytes, range));
  const edits = editsOf(plan, bytes, limits);
  const rewritten = rewriteModules(bytes, plan.modules, edits, rewrite);
  if (secondOpinion) await assertSecondOpinion(bytes, plan);
  return { plan, world: null, transpiled: null, set: null, info, edits, rewritten };
}

async function understandModule(
  { bytes, parts, sharedMemory, wit, limits, rewrite = null }: Job,
  abi: Exclude<Abi, 'component'>,
): Promise<Understanding> {
  if (wit === null) {
    throw new CofferdamError('LOAD_WIT_MISSING', `A module with abi: ${abi} carries no types — add wit: to it.`);
  }
  const members = parts ? orderMembers(bytes, parts, sharedMemory ?? null) : onlyMember(bytes);
  const world = await worldOfWit(wit.text, wit.world);
  const plan = abi === 'core' ? planMembers(members, world) : null;
  const edits = memberEdits(members, limits);
  const ranges = members.map(({ range }) => range);
  return {
    plan,
    world: plan === null ? world : null,
    transpiled: null,
    set: parts ? members.map(({ name, range }) => ({ name, ...range })) : null,
    info: members.map(({ info }) => info),
    edits,
    rewritten: rewriteModules(bytes, ranges, edits, rewrite),
  };
}

/** What makes modules that are one compartment keep its limits; and the whole of the one that is made. */
export function memberEdits(members: readonly Member[], limits: InstanceLimits): TextEdit[][] {
  const edits = textEdits(
    members.map(({ bytes }) => ({ bytes, count: 1 })),
    limits,
  );
  // The memory that is made stands nowhere in the file: all of it is what an edit puts into its empty range.
  return edits.map((own, i) => {
    const { range, bytes } = members[i] as Member;
    return range.start < range.end ? own : [{ start: 0, end: 0, bytes: hexOf(applyEdits(bytes, own.map(toEdit))) }];
  });
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
    edits.map(({ start, end, bytes }) => ({ start, end, bytes: hexOf(bytes) })),
  );
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

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
