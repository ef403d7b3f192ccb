import type { Code } from '../../src/compartment/contract.ts';
import { type InlineOptions, makeInlineCode } from '../../src/compartment/inline.ts';
import { makeProcessCode } from '../../src/compartment/process/process.ts';
import { makeWorkerCode } from '../../src/compartment/remote/worker.ts';
import type { GuestSource } from '../../src/host/guest-code.ts';
import { startOf } from '../../src/host/process-source.ts';
import { processes } from '../../src/host/processes.ts';
import { threads } from '../../src/host/threads.ts';

export type Kind = 'inline' | 'worker' | 'process';

let current: Kind = 'inline';

/** Of which kind is what `makeCode` makes from now on: the same tests run on all kinds (see remote/contract.test.ts). */
export function useKind(kind: Kind): void {
  current = kind;
}

/** Handles stay in their thread. */
export const canPassHandles = (): boolean => current === 'inline';

/** Code of the kind that is being tested. */
export async function makeCode(options: InlineOptions): Promise<Code> {
  if (current === 'inline') return makeInlineCode(options);
  const source = await sourceOf(options);
  if (current === 'process') {
    const { bytes, plan } = options;
    const modules = plan.modules.map(({ start, end }) => bytes.slice(start, end));
    const start = () => startOf(source, { modules, restoring: [] }, null);
    return makeProcessCode({ ...source, maxStateBytes: null, startOf: start, processes });
  }
  return makeWorkerCode({ ...source, maxStateBytes: null, source, threads });
}

/** As plain data. Functions do not go to a thread: whoever grants a WASI of its own gets the small one. */
async function sourceOf({ plan, bytes, sha256, limits, wasi }: InlineOptions): Promise<GuestSource> {
  const modules = await Promise.all(plan.modules.map(({ start, end }) => WebAssembly.compile(bytes.slice(start, end))));
  const speaks = { abi: 'canonical', plan } as const;
  return { world: plan.world, sha256, limits, wasi: wasi === undefined ? 'none' : 'minimal', modules, speaks };
}
