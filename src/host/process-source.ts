import { serialize } from 'node:v8';
import type { GuestSource } from './guest-code.ts';

/** Compiled modules do not go to another process; their bytes do. */
export interface ProcessSource {
  readonly source: Omit<GuestSource, 'modules'>;
  readonly code: readonly Uint8Array[];
  /** Of the modules for instances that start from a state. */
  readonly restoring: readonly Uint8Array[];
  readonly state: Uint8Array | null;
}

/** The bytes of the modules in a source. */
export interface SourceCode {
  readonly modules: readonly Uint8Array[];
  readonly restoring: readonly Uint8Array[];
}

/** What a process is told its guest is made of. With a state, only what starts from it is needed. */
export function startOf(
  { modules: _, ...source }: GuestSource,
  code: SourceCode,
  state: Uint8Array | null,
): Uint8Array {
  const { speaks } = source;
  const told: ProcessSource = {
    source: speaks.abi === 'canonical' && speaks.snapshot ? { ...source, speaks: withoutModules(speaks) } : source,
    code: state === null ? code.modules : [],
    restoring: code.restoring,
    state,
  };
  return serialize(told);
}

function withoutModules(speaks: GuestSource['speaks'] & { abi: 'canonical' }): GuestSource['speaks'] {
  return { ...speaks, snapshot: speaks.snapshot ? { ...speaks.snapshot, modules: [] } : null };
}

/** The source as it was, its modules compiled. */
export function sourceFrom({ source, code, restoring, state }: ProcessSource): GuestSource {
  const compile = (bytes: Uint8Array) => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const { speaks } = source;
  if (speaks.abi !== 'canonical' || !speaks.snapshot) return { ...source, modules: code.map(compile) };
  const modules = restoring.map(compile);
  const snapshot = { ...speaks.snapshot, modules };
  // Nothing is made of the others when there is a state already.
  return { ...source, modules: state === null ? code.map(compile) : modules, speaks: { ...speaks, snapshot } };
}
