import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Code } from '../compartment/contract.ts';
import { makeProcessCode } from '../compartment/process/process.ts';
import { makeWorkerCode } from '../compartment/remote/worker.ts';
import { makeJcoCode } from '../convention/jco.ts';
import { assertWasi } from '../convention/wasi-minimal.ts';
import { CofferdamError, isCofferdamError } from '../error.ts';
import { type LoadEnv, type Loaded, loadSource, type RewriteJob, type Transpiled } from '../load/index.ts';
import type { CompartmentPolicy } from '../policy/policy.ts';
import { type GuestSource, makeGuestCode } from './guest-code.ts';
import { startOf } from './process-source.ts';
import { processes } from './processes.ts';
import { threads } from './threads.ts';

/** From a manifest's entry to code that can be instantiated: read, pinned, checked, planned, compiled. */
export async function loadCode(policy: CompartmentPolicy, env: LoadEnv): Promise<Code> {
  try {
    const rewrite = rewriteOf(policy);
    const loaded = await loadSource({ ...policy, rewrite }, env);
    if (loaded.transpiled && policy.snapshot) throw noSnapshot(policy);
    if (loaded.transpiled) return makeAsyncCode(policy, loaded, loaded.transpiled);
    if (loaded.plan) assertWasi(loaded.plan, policy.wasi);
    const source = sourceOf(policy, loaded, env.baseDir);
    // Of whatever kind: what is wrong with a guest is said before anything runs.
    const code = await makeGuestCode(source);
    return policy.kind === 'inline' ? code : makeRemoteCode(policy, source, loaded);
  } catch (error) {
    throw inCompartment(policy.name, error);
  }
}

function sourceOf(policy: CompartmentPolicy, loaded: Loaded, baseDir: string): GuestSource {
  const { limits, wasi, abi } = policy;
  const { world, sha256, modules, memories, plan, names } = loaded;
  const rewrite = rewriteOf(policy);
  const needs = rewrite && memories ? { ...rewrite, memories } : null;
  const common = { world, sha256, modules, needs, wasi, limits: { messageBytes: limits.messageBytes } };
  const { restoring } = loaded;
  const snapshot =
    policy.snapshot && restoring
      ? { modules: restoring.modules, names: restoring.names, call: policy.snapshot.call }
      : null;
  if (policy.snapshot && (snapshot === null || plan === null)) throw noSnapshot(policy);
  if (plan) return { ...common, speaks: { abi: 'canonical', plan, snapshot } };
  if (abi === 'adapter' && policy.adapter !== null) {
    const adapter = pathToFileURL(resolve(baseDir, policy.adapter)).href;
    return { ...common, speaks: { abi, adapter, names } };
  }
  const [info] = loaded.info;
  if (info) return { ...common, speaks: { abi: 'assemblyscript', info } };
  throw new CofferdamError('INTERNAL', `${policy.name} was loaded without a plan.`);
}

/** The checks that its limits need. */
function rewriteOf({ isInterruptible: interrupt, limits, snapshot }: CompartmentPolicy): RewriteJob {
  if (!interrupt && limits.fuel === null && snapshot === null) return null;
  return { interrupt, fuel: limits.fuel !== null, snapshot: snapshot !== null };
}

function makeAsyncCode({ name, kind, limits }: CompartmentPolicy, loaded: Loaded, transpiled: Transpiled): Code {
  const { deadlineMs, isDeadlineGiven, cpuMs, fuel } = limits;
  if ((isDeadlineGiven && deadlineMs !== null) || cpuMs !== null || fuel !== null) {
    throw new CofferdamError(
      'OPTION_UNENFORCEABLE',
      `${name} has async functions, so it cannot be stopped while it runs. Take deadline, cpu and fuel out of its limits, or build it without async.`,
      { details: { options: ['limits.deadline', 'limits.cpu', 'limits.fuel'] } },
    );
  }
  if (kind !== 'inline') throw unenforceable(name, kind, 'it has async functions');
  const { world, sha256, modules } = loaded;
  const named = transpiled.modules.flatMap(({ name, count }, i) => {
    const module = modules[i];
    return module ? [{ name, count, module }] : [];
  });
  return makeJcoCode({ world, sha256, source: transpiled.source, modules: named, limits });
}

/** Of a state, besides the memories: for each entry of a table, and for all else. */
const STATE_BYTES = { entry: 64, rest: 1_048_576 };

function makeRemoteCode(policy: CompartmentPolicy, source: GuestSource, loaded: Loaded): Code {
  const { name, kind, snapshot, limits: most } = policy;
  const maxStateBytes = snapshot && most.memoryBytes + most.tableEntries * STATE_BYTES.entry + STATE_BYTES.rest;
  const { world, sha256, limits } = source;
  try {
    if (kind === 'process') {
      if (source.speaks.abi === 'adapter') throw unenforceable(name, kind, 'its adapter is read from a file');
      const start = (state: Uint8Array | null) =>
        startOf(source, { modules: loaded.code(), restoring: loaded.restoring?.code() ?? [] }, state);
      return makeProcessCode({ world, sha256, limits, maxStateBytes, startOf: start, processes });
    }
    return makeWorkerCode({ world, sha256, limits, maxStateBytes, source, threads });
  } catch (error) {
    if (!isCofferdamError(error, 'ABI_UNSUPPORTED')) throw error;
    throw unenforceable(name, kind, 'it passes handles, streams or futures', error);
  }
}

function unenforceable(name: string, kind: string, why: string, cause?: unknown): CofferdamError {
  const message = `${name} cannot run in a ${kind} of its own, since ${why}. Set kind: inline.`;
  return new CofferdamError('OPTION_UNENFORCEABLE', message, { cause, details: { kind } });
}

function noSnapshot({ name, abi }: CompartmentPolicy): CofferdamError {
  return new CofferdamError(
    'SNAPSHOT_UNSUPPORTED',
    `${name} (abi: ${abi}) cannot start from a snapshot: only components and core modules can. Leave snapshot out.`,
    { details: { abi } },
  );
}

/** Names the compartment, which the rooms below do not know. */
function inCompartment(compartment: string, error: unknown): unknown {
  if (!(error instanceof CofferdamError)) return error;
  return new CofferdamError(error.code, `compartments.${compartment}: ${error.message}`, {
    cause: error,
    details: { ...error.details, compartment },
  });
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
